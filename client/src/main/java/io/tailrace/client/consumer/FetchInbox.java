package io.tailrace.client.consumer;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The queue of events from the fetcher to the polling thread. Thread-safe, with one consumer. Not
 * bounded by itself: the fetcher sends no further fetches while too many bytes are waiting.
 */
final class FetchInbox {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private ArrayDeque<FetchEvent> events = new ArrayDeque<>();
  private ArrayDeque<FetchEvent> spare = new ArrayDeque<>();
  private boolean waiting;
  private boolean woken;
  private boolean nudged;
  private boolean closed;

  /** Adds an event; once the inbox is closed, releases its records instead. */
  void add(FetchEvent event) {
    lock.lock();
    try {
      if (closed) {
        event.release();
        return;
      }
      events.addLast(event);
      if (waiting) {
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Releases all events, and those that are added later. */
  void close() {
    lock.lock();
    try {
      closed = true;
      events.forEach(FetchEvent::release);
      events.clear();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the current {@link #await}, or else the next one, at once. */
  void wakeup() {
    lock.lock();
    try {
      woken = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends the current {@link #await}, so that the polling thread checks metadata and its hook; not a
   * wakeup of the user.
   */
  void nudge() {
    lock.lock();
    try {
      nudged = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes all queued events. The caller may use the deque until its next call. */
  ArrayDeque<FetchEvent> takeAll() {
    lock.lock();
    try {
      ArrayDeque<FetchEvent> taken = events;
      if (taken.isEmpty()) {
        return taken;
      }
      events = spare;
      spare = taken;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until there is an event.
   *
   * @return whether it returns because of {@link #wakeup}, which is thereby used up
   */
  boolean await(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      waiting = true;
      while (events.isEmpty() && !woken && !nudged && left > 0) {
        left = changed.awaitNanos(left);
      }
      return takeWakeup();
    } finally {
      waiting = false;
      nudged = false;
      lock.unlock();
    }
  }

  private boolean takeWakeup() {
    boolean was = woken;
    woken = false;
    return was;
  }
}
