package io.tailrace.client.consumer;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the fetcher leaves events for the thread that polls. Thread-safe; one thread takes. Not
 * bounded by itself: the fetcher stops asking for more while too much is waiting.
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

  /** Makes the {@link #await} that is going on, or else the next one, return at once. */
  void wakeup() {
    lock.lock();
    try {
      woken = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the {@link #await} that is going on, without a wakeup: there is something to look at. */
  void nudge() {
    lock.lock();
    try {
      nudged = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes all events that are there. The deque is the caller's until the next call. */
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
