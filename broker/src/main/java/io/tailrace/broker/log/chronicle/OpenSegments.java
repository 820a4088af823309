package io.tailrace.broker.log.chronicle;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds how many segments are open in a store: each takes up to two descriptors, two mappings and
 * 0.1 MB. When there are too many, the owners of those that were used longest ago are asked to
 * close them. Thread-safe.
 */
final class OpenSegments {
  /** A share of those that are open; fewer would have each opening look for one to close. */
  private static final int CLOSED_TOGETHER = 16;

  private final int limit;
  private final AtomicLong uses = new AtomicLong();
  private final IdentityHashMap<Segment, Candidate> open = new IdentityHashMap<>();

  /** An open segment, and how its owner is asked to close it. */
  private record Candidate(Segment segment, Runnable askToClose) {}

  OpenSegments(int limit) {
    this.limit = limit;
  }

  /** The count of openings so far; a segment's last use is told in it. */
  long uses() {
    return uses.get();
  }

  /** Segments that are open now. */
  synchronized int count() {
    return open.size();
  }

  /**
   * Takes in a segment that was opened.
   *
   * @param askToClose hands the wish over to the segment's owner, who may decline
   */
  void opened(Segment segment, Runnable askToClose) {
    long use = uses.incrementAndGet();
    segment.setLastUse(use);
    List<Candidate> idle;
    synchronized (this) {
      open.put(segment, new Candidate(segment, askToClose));
      if (open.size() <= limit) {
        return;
      }
      idle = leastRecentlyUsed(Math.max(1, limit / CLOSED_TOGETHER));
    }
    idle.forEach(candidate -> candidate.askToClose().run());
  }

  private List<Candidate> leastRecentlyUsed(int wanted) {
    // The use of a segment is read without a lock: a rough order will do.
    record Aged(Candidate candidate, long lastUse) {}
    List<Aged> all = new ArrayList<>(open.size());
    open.values().forEach(each -> all.add(new Aged(each, each.segment().lastUse())));
    all.sort(Comparator.comparingLong(Aged::lastUse));
    return all.stream().limit(wanted).map(Aged::candidate).toList();
  }

  /** Forgets a segment that was closed. */
  synchronized void closed(Segment segment) {
    open.remove(segment);
  }
}
