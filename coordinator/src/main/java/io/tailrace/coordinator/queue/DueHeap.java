package io.tailrace.coordinator.queue;

import java.util.Arrays;

/** Offsets by the time at which each is due, the earliest at the top: a heap in plain arrays. */
final class DueHeap {
  private static final int FIRST_CAPACITY = 16;

  private long[] dueMs = new long[FIRST_CAPACITY];
  private long[] offsets = new long[FIRST_CAPACITY];
  private int count;

  int count() {
    return count;
  }

  void clear() {
    dueMs = new long[FIRST_CAPACITY];
    offsets = new long[FIRST_CAPACITY];
    count = 0;
  }

  /** The earliest time; there must be one. */
  long topDueMs() {
    return dueMs[0];
  }

  /** The offset that is due at {@link #topDueMs}. */
  long topOffset() {
    return offsets[0];
  }

  /** How many are due by then. */
  int countDue(long nowMs) {
    int due = 0;
    for (int i = 0; i < count; i++) {
      if (dueMs[i] <= nowMs) {
        due++;
      }
    }
    return due;
  }

  void add(long due, long offset) {
    if (count == offsets.length) {
      dueMs = Arrays.copyOf(dueMs, count * 2);
      offsets = Arrays.copyOf(offsets, count * 2);
    }
    int at = count++;
    while (at > 0) {
      int parent = (at - 1) >>> 1;
      if (dueMs[parent] <= due) {
        break;
      }
      dueMs[at] = dueMs[parent];
      offsets[at] = offsets[parent];
      at = parent;
    }
    dueMs[at] = due;
    offsets[at] = offset;
  }

  /** Takes the top off; there must be one. */
  void removeTop() {
    count--;
    long due = dueMs[count];
    long offset = offsets[count];
    int at = 0;
    for (int child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && dueMs[child + 1] < dueMs[child]) {
        child++;
      }
      if (due <= dueMs[child]) {
        break;
      }
      dueMs[at] = dueMs[child];
      offsets[at] = offsets[child];
      at = child;
    }
    dueMs[at] = due;
    offsets[at] = offset;
  }
}
