package io.tailrace.broker.log.chronicle;

import java.nio.file.Path;

/**
 * The name of a segment's directory: the base offset in 20 digits, and behind a hyphen how often
 * compaction has written its content anew, unless it never has.
 *
 * <p>Order: by base offset, the newer one first. A segment that compaction has written replaces
 * those of smaller generations between its base offset and its end; both are there while it takes
 * their place.
 *
 * @param generation 0 = as it was appended
 */
record SegmentName(long baseOffset, int generation) implements Comparable<SegmentName> {
  private static final int BASE_OFFSET_DIGITS = 20;
  private static final int MAX_GENERATION_DIGITS = 9;

  /** Takes a directory's name apart; null when it is not a segment's. */
  static SegmentName parse(String name) {
    int hyphen = name.indexOf('-');
    String base = hyphen < 0 ? name : name.substring(0, hyphen);
    String generation = hyphen < 0 ? "0" : name.substring(hyphen + 1);
    if (base.length() != BASE_OFFSET_DIGITS
        || generation.isEmpty()
        || generation.length() > MAX_GENERATION_DIGITS
        || !isNumber(base)
        || !isNumber(generation)) {
      return null;
    }
    try {
      return new SegmentName(Long.parseLong(base), Integer.parseInt(generation));
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static boolean isNumber(String text) {
    return text.chars().allMatch(each -> each >= '0' && each <= '9');
  }

  /** The name that a segment's directory has. */
  static SegmentName of(Path directory) {
    return parse(directory.getFileName().toString());
  }

  /**
   * Whether this is the name of a segment whose content a newer one has.
   *
   * @param newer the segment before this one, by the order of names
   * @param newerEnd where its content ends
   */
  boolean isReplacedBy(SegmentName newer, long newerEnd) {
    return generation < newer.generation && baseOffset < newerEnd;
  }

  @Override
  public int compareTo(SegmentName other) {
    int order = Long.compare(baseOffset, other.baseOffset);
    return order != 0 ? order : Integer.compare(other.generation, generation);
  }

  @Override
  public String toString() {
    return generation == 0
        ? LogFiles.segmentName(baseOffset)
        : LogFiles.segmentName(baseOffset) + "-" + generation;
  }
}
