package io.tailrace.broker.network;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes of requests, over all connections: of those that are being worked on, and of
 * those of which only a part has come. The two have limits of their own, so that requests which
 * never end do not take the room of others. Thread-safe.
 */
public final class RequestMemory {
  private final AtomicLong used = new AtomicLong();
  private final AtomicLong unfinished = new AtomicLong();
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

  /** Counts bytes of requests that are not whole yet; fewer when negative. */
  void addUnfinished(int bytes) {
    unfinished.addAndGet(bytes);
  }

  /** Whether a produce request must be refused for now. */
  public boolean isExhausted() {
    return used.get() > limitBytes;
  }

  /** Whether no more of large requests may be read for now. */
  boolean isUnfinishedExhausted() {
    return unfinished.get() > limitBytes / 2;
  }

  long usedBytes() {
    return used.get();
  }

  long unfinishedBytes() {
    return unfinished.get();
  }
}
