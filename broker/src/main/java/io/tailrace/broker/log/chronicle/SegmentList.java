package io.tailrace.broker.log.chronicle;

import java.util.ArrayList;
import java.util.List;

/**
 * A log's segments in the order of their offsets; none is empty, and only the last may take more
 * batches. Confined to the log's owner.
 */
final class SegmentList {
  private final List<Segment> segments;
  private long sizeInBytes;

  SegmentList(List<Segment> segments) {
    this.segments = new ArrayList<>(segments);
    segments.forEach(segment -> sizeInBytes += segment.state().sizeInBytes);
  }

  int count() {
    return segments.size();
  }

  Segment get(int index) {
    return segments.get(index);
  }

  List<Segment> all() {
    return List.copyOf(segments);
  }

  /** The last segment if it takes more batches, else null. */
  Segment active() {
    if (segments.isEmpty()) {
      return null;
    }
    Segment last = segments.get(segments.size() - 1);
    return last.isSealed() ? null : last;
  }

  /** Bytes of all batches. */
  long sizeInBytes() {
    return sizeInBytes;
  }

  /** Takes in that a segment has grown, or shrunk. */
  void grow(long bytes) {
    sizeInBytes += bytes;
  }

  void add(Segment segment) {
    segments.add(segment);
    sizeInBytes += segment.state().sizeInBytes;
  }

  /** Which segment is the first to reach beyond the offset; the count when none does. */
  int indexOf(long offset) {
    int last = segments.size() - 1;
    if (last >= 0 && segments.get(last).state().baseOffset <= offset) {
      return segments.get(last).state().endOffset > offset ? last : last + 1;
    }
    int low = 0;
    int high = segments.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (segments.get(middle).state().endOffset > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /**
   * Puts one segment in the place of some that follow each other.
   *
   * @return false when they are not all there; nothing has changed then
   */
  boolean replace(List<Segment> replaced, Segment by) {
    int first = segments.indexOf(replaced.get(0));
    if (!isAt(first, replaced)) {
      return false;
    }
    List<Segment> place = segments.subList(first, first + replaced.size());
    place.forEach(segment -> sizeInBytes -= segment.state().sizeInBytes);
    place.clear();
    segments.add(first, by);
    sizeInBytes += by.state().sizeInBytes;
    return true;
  }

  /** Whether the segments are in the list, one behind the other. */
  boolean has(List<Segment> some) {
    return isAt(segments.indexOf(some.get(0)), some);
  }

  private boolean isAt(int first, List<Segment> some) {
    return first >= 0
        && first + some.size() <= segments.size()
        && segments.subList(first, first + some.size()).equals(some);
  }

  Segment removeFirst() {
    Segment removed = segments.remove(0);
    sizeInBytes -= removed.state().sizeInBytes;
    return removed;
  }

  /** Takes out a segment and all behind it. */
  List<Segment> removeFrom(int index) {
    List<Segment> tail = segments.subList(index, segments.size());
    List<Segment> removed = new ArrayList<>(tail);
    tail.clear();
    removed.forEach(segment -> sizeInBytes -= segment.state().sizeInBytes);
    return removed;
  }

  /** The largest timestamp; -1 when there is none. */
  long maxTimestampMs() {
    long max = -1;
    for (Segment segment : segments) {
      max = Math.max(max, segment.state().maxTimestampMs);
    }
    return max;
  }
}
