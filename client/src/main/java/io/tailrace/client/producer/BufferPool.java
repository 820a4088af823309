package io.tailrace.client.producer;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that a producer's batches live in: a bound on the bytes in use, and arrays of the
 * usual size kept for the next batch. Who finds no room waits in line. Thread-safe.
 */
final class BufferPool {
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Condition> waiters = new ArrayDeque<>();
  private final ArrayDeque<byte[]> free = new ArrayDeque<>();
  private final int usualBytes;
  private long availableBytes;
  private volatile int waiting;
  private boolean closed;

  /**
   * Makes a pool that holds nothing yet.
   *
   * @param capacityBytes of all arrays together, in use or kept
   * @param usualBytes the size of array that is kept
   */
  BufferPool(long capacityBytes, int usualBytes) {
    this.availableBytes = capacityBytes;
    this.usualBytes = usualBytes;
  }

  /** Whether somebody waits for room. */
  boolean exhausted() {
    return waiting > 0;
  }

  /** An array of at least this size, or null when there is no room or others wait for it. */
  byte[] tryTake(int size) {
    lock.lock();
    try {
      return waiters.isEmpty() && availableBytes >= roomFor(size) ? take(size) : null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * An array of at least this size; waits for room.
   *
   * @param onWaiting told when it has to wait, after {@link #exhausted} says so
   * @return null when there was none in time, or the pool is closed
   */
  byte[] take(int size, long timeoutNanos, Runnable onWaiting) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (waiters.isEmpty() && availableBytes >= roomFor(size)) {
        return take(size);
      }
      Condition turn = lock.newCondition();
      waiters.addLast(turn);
      waiting = waiters.size();
      onWaiting.run();
      try {
        long left = timeoutNanos;
        while (!closed && (waiters.peekFirst() != turn || availableBytes < roomFor(size))) {
          if (left <= 0) {
            return null;
          }
          left = turn.awaitNanos(left);
        }
        return closed ? null : take(size);
      } finally {
        waiters.remove(turn);
        waiting = waiters.size();
        wakeFirst();
      }
    } finally {
      lock.unlock();
    }
  }

  private byte[] take(int size) {
    availableBytes -= roomFor(size);
    if (size > usualBytes) {
      return new byte[size];
    }
    byte[] kept = free.pollLast();
    return kept == null ? new byte[usualBytes] : kept;
  }

  private long roomFor(int size) {
    return Math.max(size, usualBytes);
  }

  /** Gives an array back that was taken. */
  void release(byte[] buffer) {
    release(List.of(buffer));
  }

  /** Gives arrays back that were taken: who waits is woken once for all of them. */
  void release(List<byte[]> buffers) {
    lock.lock();
    try {
      for (int i = 0; i < buffers.size(); i++) {
        byte[] buffer = buffers.get(i);
        availableBytes += buffer.length;
        if (buffer.length == usualBytes) {
          free.addLast(buffer);
        }
      }
      wakeFirst();
    } finally {
      lock.unlock();
    }
  }

  /** Lets nobody wait any more. */
  void close() {
    lock.lock();
    try {
      closed = true;
      waiters.forEach(Condition::signal);
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that nobody uses. */
  long availableBytes() {
    lock.lock();
    try {
      return availableBytes;
    } finally {
      lock.unlock();
    }
  }

  private void wakeFirst() {
    Condition first = waiters.peekFirst();
    if (first != null) {
      first.signal();
    }
  }
}
