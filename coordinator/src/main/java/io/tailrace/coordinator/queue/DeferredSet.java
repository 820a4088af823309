package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The messages that their publishers have put off and that were never delivered, until they are.
 * Costs some 32 bytes for each. Not thread-safe.
 *
 * <p>Which of them are due is an index, no state: it follows from the time. At most so many due
 * ones as anybody could be offered at once are in a set of their own, in the order of their
 * offsets.
 */
final class DeferredSet {
  private static final int MAX_RIPE = 20_000;

  private final DueTimes times = new DueTimes();

  /** All that are not ripe; also such as are gone, which are passed over. */
  private final DueHeap waiting = new DueHeap();

  private final TreeSet<Long> ripe = new TreeSet<>();

  /** All that were put off below this offset are, or were, in this set. */
  private long to;

  long size() {
    return times.size();
  }

  /** Below it no message is put off any more: it was, or never will be. */
  long to() {
    return to;
  }

  boolean contains(long offset) {
    return times.get(offset) != DueTimes.NONE;
  }

  void apply(QueueDelta.Deferred delta) {
    to = Math.max(to, delta.deferredTo());
    for (int i = 0; i < delta.offsets().length; i++) {
      times.add(delta.offsets()[i], delta.dueMs()[i]);
      waiting.add(delta.dueMs()[i], delta.offsets()[i]);
    }
  }

  /** Takes one out that is delivered or dropped. Returns whether it was there. */
  boolean remove(long offset) {
    if (!times.remove(offset)) {
      return false;
    }
    if (!ripe.remove(offset) && waiting.count() > 2 * times.size() + MAX_RIPE) {
      rebuild();
    }
    return true;
  }

  void removeBelow(long offset) {
    if (times.removeBelow(offset) > 0) {
      rebuild();
    }
  }

  /** Forgets all at or above the offset: other messages get these offsets. */
  void removeFrom(long offset) {
    to = Math.min(to, offset);
    for (long at = times.ceiling(offset); at >= 0; at = times.ceiling(offset)) {
      times.remove(at);
    }
    rebuild();
  }

  /**
   * Drops all.
   *
   * @param upTo below it no message is put off any more
   */
  void clear(long upTo) {
    to = Math.max(to, upTo);
    times.clear();
    ripe.clear();
    waiting.clear();
  }

  /** Works the index out anew. */
  void rebuild() {
    ripe.clear();
    waiting.clear();
    times.forEach((offset, dueMs) -> waiting.add(dueMs, offset));
  }

  private void passOver() {
    while (waiting.count() > 0 && times.get(waiting.topOffset()) != waiting.topDueMs()) {
      waiting.removeTop();
    }
  }

  /** Finds those whose time has come, as many as anybody can be offered. */
  void ripen(long nowMs) {
    passOver();
    while (waiting.count() > 0 && waiting.topDueMs() <= nowMs && ripe.size() < MAX_RIPE) {
      ripe.add(waiting.topOffset());
      waiting.removeTop();
      passOver();
    }
  }

  /** Those that are due, as far as {@link #ripen} has found them. */
  NavigableSet<Long> ripe() {
    return ripe;
  }

  /**
   * When the next one is due, milliseconds since 1970; -1 when none is, or so many are that the
   * next one makes no difference.
   */
  long nextDueMs() {
    passOver();
    return waiting.count() == 0 || ripe.size() >= MAX_RIPE ? -1 : waiting.topDueMs();
  }

  /** How many are due. */
  long countDue(long nowMs) {
    if (waiting.count() + ripe.size() != times.size()) {
      rebuild();
      ripen(nowMs);
    }
    return (long) ripe.size() + waiting.countDue(nowMs);
  }

  /** The smallest offset at or above the given one; -1 when there is none. */
  long ceiling(long offset) {
    return times.ceiling(offset);
  }

  long countBelow(long offset) {
    return times.countBelow(offset);
  }

  /** The deltas that make this set out of an empty one, with so many messages in each at most. */
  List<QueueDelta> snapshot(long cursor, int chunk) {
    List<QueueDelta> deltas = new ArrayList<>();
    long[] offsets = new long[chunk];
    long[] dueMs = new long[chunk];
    int[] count = {0};
    times.forEach(
        (offset, due) -> {
          offsets[count[0]] = offset;
          dueMs[count[0]++] = due;
          if (count[0] == chunk) {
            deltas.add(new QueueDelta.Deferred(cursor, to, offsets.clone(), dueMs.clone()));
            count[0] = 0;
          }
        });
    if (count[0] > 0 || (to > 0 && deltas.isEmpty())) {
      deltas.add(
          new QueueDelta.Deferred(
              cursor, to, Arrays.copyOf(offsets, count[0]), Arrays.copyOf(dueMs, count[0])));
    }
    return deltas;
  }
}
