package io.tailrace.broker.network;

import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes of requests that are being worked on, over all connections. Thread-safe. */
final class RequestMemory {
  private final AtomicLong used = new AtomicLong();
  private final long limitBytes;

  RequestMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  void add(int bytes) {
    used.addAndGet(bytes);
  }

  void subtract(int bytes) {
    used.addAndGet(-bytes);
  }

  /** Whether a produce request must be refused for now. */
  boolean isExhausted() {
    return used.get() > limitBytes;
  }

  long usedBytes() {
    return used.get();
  }
}
