package io.tailrace.broker.service;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the bytes of responses, over all connections: of records that were read and are not
 * answered yet, and of answers that the clients have not taken yet. Thread-safe.
 */
public final class ResponseMemory {
  private final AtomicLong used = new AtomicLong();
  private final long limitBytes;

  public ResponseMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Counts bytes in, if there is room for them. */
  public boolean tryReserve(int bytes) {
    if (used.addAndGet(bytes) > limitBytes) {
      used.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Counts bytes whether or not there is room; fewer when negative. */
  public void add(long bytes) {
    used.addAndGet(bytes);
  }

  /** Whether so little room is left that who does not take answers must go sooner. */
  public boolean isScarce() {
    return used.get() > limitBytes / 2;
  }

  public long usedBytes() {
    return used.get();
  }
}
