package io.tailrace.broker.partition;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The fetches that wait until one partition has records for them. Each is forgotten before it is
 * told, so that it may register again from within. Confined to the partition's scheduler.
 */
final class ReadWaiters {
  private final Set<ReadWaiter> waiters = new LinkedHashSet<>();

  ReadWaiter add(long offset, ReadListener listener) {
    ReadWaiter waiter = new ReadWaiter(offset, listener);
    waiters.add(waiter);
    return waiter;
  }

  /** Forgets a waiter, if it has not been told yet. */
  void cancel(ReadWaiter waiter) {
    waiters.remove(waiter);
  }

  /**
   * Tells those whose offset can be read now.
   *
   * @param end of what can be read, exclusive
   */
  void wake(long end) {
    if (waiters.isEmpty()) {
      return;
    }
    List<ReadWaiter> ready = null;
    for (Iterator<ReadWaiter> each = waiters.iterator(); each.hasNext(); ) {
      ReadWaiter waiter = each.next();
      if (waiter.offset() < end) {
        if (ready == null) {
          ready = new ArrayList<>();
        }
        ready.add(waiter);
        each.remove();
      }
    }
    if (ready != null) {
      for (ReadWaiter waiter : ready) {
        waiter.listener().onReadable();
      }
    }
  }

  /** Tells all of them that the high watermark has moved; they go on waiting. */
  void tellHighWatermark() {
    for (ReadWaiter waiter : waiters) {
      waiter.listener().onHighWatermark();
    }
  }

  /** Tells all: what they read next is an error. */
  void wakeAll() {
    List<ReadWaiter> all = List.copyOf(waiters);
    waiters.clear();
    for (ReadWaiter waiter : all) {
      waiter.listener().onReadable();
    }
  }
}
