package io.tailrace.client.cli;

import io.tailrace.client.Position;
import io.tailrace.client.TopicPartition;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Says on standard error what is odd about a stretch to be read: its start lies beyond the end of
 * the partitions or in the future, or its first records were deleted.
 */
final class RangeNotes {
  private static final long FIRST_EPOCH_S = 1_000_000_000; // 2001
  private static final long MS_IN_S = 1000;

  private final Session session;
  private final String fromText;
  private final boolean waits;

  /**
   * Prepares notes.
   *
   * @param fromText the start as it was typed
   * @param waits whether the command waits until there are records at the start
   */
  RangeNotes(Session session, String fromText, boolean waits) {
    this.session = session;
    this.fromText = fromText;
    this.waits = waits;
  }

  /**
   * Prints the notes on the range.
   *
   * @param ends the ends of the partitions, exclusive; may be empty unless {@code from} is an
   *     offset
   */
  void tell(Position from, Map<TopicPartition, Long> ends) {
    if (from instanceof Position.At at && at.time().isAfter(session.clock().instant())) {
      note("--from " + fromText + " is in the future (" + at.time() + ")");
    } else if (from instanceof Position.Offset start) {
      tellOffset(start.offset(), ends);
    }
  }

  private void tellOffset(long start, Map<TopicPartition, Long> ends) {
    long highest = ends.values().stream().mapToLong(Long::longValue).max().orElse(start);
    String where =
        ends.entrySet().stream()
            .filter(end -> end.getValue() < start)
            .map(end -> Integer.toString(end.getKey().partition()))
            .collect(Collectors.joining(", "));
    if (highest < start) {
      note(
          "--from "
              + fromText
              + " is an offset beyond the end, which is "
              + highest
              + (ends.size() == 1 ? "" : " in the longest partition")
              + (start >= FIRST_EPOCH_S
                  ? "; for seconds since 1970 write @" + start * MS_IN_S + ", in milliseconds"
                  : "")
              + (waits ? "; waiting for it" : ""));
    } else if (!where.isEmpty()) {
      note(
          "--from "
              + fromText
              + " is an offset beyond the end of partition "
              + where
              + (waits ? "; waiting for it there" : ""));
    }
  }

  /**
   * Prints a note when the range begins at an offset whose records are deleted in a partition.
   *
   * @param starts the first offsets of the partitions that can be read; may be empty unless {@code
   *     from} is an offset
   */
  void tellLaterStarts(Position from, Map<TopicPartition, Long> starts) {
    if (!(from instanceof Position.Offset start)) {
      return;
    }
    String where =
        starts.entrySet().stream()
            .filter(first -> first.getValue() > start.offset() && start.offset() > 0)
            .map(first -> first.getKey().partition() + " at " + first.getValue())
            .collect(Collectors.joining(", "));
    if (!where.isEmpty()) {
      note("records from " + fromText + " on were deleted; beginning in partition " + where);
    }
  }

  private void note(String text) {
    session.terminal().err().println("tailrace: " + text);
  }
}
