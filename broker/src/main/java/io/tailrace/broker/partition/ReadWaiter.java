package io.tailrace.broker.partition;

/** A registered {@link ReadListener}. Immutable. */
public final class ReadWaiter {
  private final long offset;
  private final ReadListener listener;

  ReadWaiter(long offset, ReadListener listener) {
    this.offset = offset;
    this.listener = listener;
  }

  /** What must be readable before the listener is told. */
  long offset() {
    return offset;
  }

  ReadListener listener() {
    return listener;
  }
}
