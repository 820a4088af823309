package io.tailrace.coordinator.queue;

import java.util.ArrayDeque;

/** Offsets that only grow, as intervals: added at the end and taken from the front. */
final class OffsetIntervals {

  private static final class Interval {
    private long from;
    private long to;

    Interval(long from, long to) {
      this.from = from;
      this.to = to;
    }
  }

  private final ArrayDeque<Interval> intervals = new ArrayDeque<>();
  private long count;

  /** How many offsets. */
  long count() {
    return count;
  }

  int intervals() {
    return intervals.size();
  }

  void clear() {
    intervals.clear();
    count = 0;
  }

  /** Adds offsets that lie behind all others. */
  void add(long from, long to) {
    if (from >= to) {
      return;
    }
    count += to - from;
    Interval last = intervals.peekLast();
    if (last != null && last.to == from) {
      last.to = to;
    } else {
      intervals.add(new Interval(from, to));
    }
  }

  /** Removes all below the offset; returns how many. */
  long removeBelow(long offset) {
    long before = count;
    while (!intervals.isEmpty()) {
      Interval first = intervals.peek();
      if (first.to <= offset) {
        count -= first.to - first.from;
        intervals.poll();
      } else {
        if (first.from < offset) {
          count -= offset - first.from;
          first.from = offset;
        }
        break;
      }
    }
    return before - count;
  }

  /** How many lie below the offset. */
  long countBelow(long offset) {
    long below = 0;
    for (Interval each : intervals) {
      if (each.from >= offset) {
        break;
      }
      below += Math.min(each.to, offset) - each.from;
    }
    return below;
  }

  /** The smallest offset; -1 when there is none. */
  long first() {
    return intervals.isEmpty() ? -1 : intervals.peek().from;
  }

  /** The smallest offset that is at or above the given one; -1 when there is none. */
  long ceiling(long offset) {
    for (Interval each : intervals) {
      if (offset < each.to) {
        return Math.max(offset, each.from);
      }
    }
    return -1;
  }

  /** Copies the first offsets. Returns how many. */
  int copyTo(long[] out, int at, int max) {
    int copied = 0;
    for (Interval each : intervals) {
      for (long offset = each.from; offset < each.to; offset++) {
        if (copied == max) {
          return copied;
        }
        out[at + copied++] = offset;
      }
    }
    return copied;
  }
}
