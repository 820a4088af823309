package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory that a producer's batches live in: a bound on the bytes in use, and buffers of the
 * usual size kept for the next batch. They are direct, so that sockets take batches from where they
 * were built. Who finds no room waits in line. Thread-safe.
 */
final class BufferPool {
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Condition> waiters = new ArrayDeque<>();
  private final ArrayDeque<ByteBuf> free = new ArrayDeque<>();
  private final ByteBufAllocator allocator;
  private final int usualBytes;
  private long availableBytes;
  private volatile int waiting;
  private boolean closed;

  /**
   * Makes a pool that holds nothing yet.
   *
   * @param capacityBytes of all buffers together, in use or kept
   * @param usualBytes the size of buffer that is kept
   */
  BufferPool(ByteBufAllocator allocator, long capacityBytes, int usualBytes) {
    this.allocator = allocator;
    this.availableBytes = capacityBytes;
    this.usualBytes = usualBytes;
  }

  /** Whether a thread waits for room. */
  boolean exhausted() {
    return waiting > 0;
  }

  /**
   * A buffer of at least this size, or null when there is no room or others wait for it.
   *
   * @throws TailraceException {@code BUFFER_FULL}, the JVM has no such memory left
   */
  ByteBuf tryTake(int size) {
    lock.lock();
    try {
      return waiters.isEmpty() && availableBytes >= roomFor(size) ? take(size) : null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A buffer of at least this size; waits for room.
   *
   * @param onWaiting told when it has to wait, after {@link #exhausted} says so
   * @return null when there was none in time, or the pool is closed
   * @throws TailraceException {@code BUFFER_FULL}, the JVM has no such memory left
   */
  ByteBuf take(int size, long timeoutNanos, Runnable onWaiting) throws InterruptedException {
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

  private ByteBuf take(int size) {
    ByteBuf kept = size > usualBytes ? null : free.pollLast();
    int bytes = roomFor(size);
    ByteBuf taken = kept == null ? allocate(bytes) : kept;
    availableBytes -= bytes;
    return taken;
  }

  private ByteBuf allocate(int bytes) {
    while ((long) free.size() * usualBytes > availableBytes - bytes) {
      free.pollLast().release(); // else those kept and those in use are more than the capacity
    }
    try {
      return allocator.directBuffer(bytes, bytes);
    } catch (OutOfMemoryError e) {
      throw new TailraceException(
          ErrorCode.BUFFER_FULL,
          "the JVM has no direct memory left for a batch of "
              + bytes
              + " bytes; lower bufferMemory, or raise -XX:MaxDirectMemorySize",
          e);
    }
  }

  private int roomFor(int size) {
    return Math.max(size, usualBytes);
  }

  /** Gives a buffer back that was taken. */
  void release(ByteBuf buffer) {
    release(List.of(buffer));
  }

  /**
   * Gives buffers back: the first waiting thread is woken once for all of them. One that is still
   * used elsewhere, as by a socket that has not sent it, is not filled again.
   */
  void release(List<ByteBuf> buffers) {
    lock.lock();
    try {
      for (int i = 0; i < buffers.size(); i++) {
        ByteBuf buffer = buffers.get(i);
        availableBytes += buffer.capacity();
        if (!closed && buffer.capacity() == usualBytes && buffer.refCnt() == 1) {
          free.addLast(buffer);
        } else {
          buffer.release();
        }
      }
      wakeFirst();
    } finally {
      lock.unlock();
    }
  }

  /** Ends all waits, and frees the kept buffers. */
  void close() {
    lock.lock();
    try {
      closed = true;
      free.forEach(ByteBuf::release);
      free.clear();
      waiters.forEach(Condition::signal);
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that are free. */
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
