package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogSummary;

/**
 * The logs of one topic's partitions on this broker, added up. Immutable.
 *
 * @param partitions how many there are
 * @param unknown how many of them have not been looked at since the broker started; they are in no
 *     other number
 * @param open how many requests have opened since then
 * @param sizeInBytes of all batches
 * @param startOffsets all log start offsets together
 * @param endOffsets all log end offsets together, so that their growth is that of the topic
 */
public record TopicLogs(
    String topic,
    int partitions,
    int unknown,
    int open,
    long sizeInBytes,
    long segments,
    long startOffsets,
    long endOffsets) {

  static TopicLogs of(String topic, Iterable<Partition> partitions) {
    TopicLogs sum = none(topic);
    for (Partition partition : partitions) {
      LogSummary log = partition.summary();
      boolean known = log != null;
      LogSummary held = known ? log : LogSummary.EMPTY;
      sum =
          sum.plus(
              new TopicLogs(
                  topic,
                  1,
                  known ? 0 : 1,
                  known && log.open() ? 1 : 0,
                  held.sizeInBytes(),
                  held.segmentCount(),
                  held.logStartOffset(),
                  held.logEndOffset()));
    }
    return sum;
  }

  /** A topic without partitions. */
  public static TopicLogs none(String topic) {
    return new TopicLogs(topic, 0, 0, 0, 0, 0, 0, 0);
  }

  /** Both together, under this one's name. */
  public TopicLogs plus(TopicLogs other) {
    return new TopicLogs(
        topic,
        partitions + other.partitions,
        unknown + other.unknown,
        open + other.open,
        sizeInBytes + other.sizeInBytes,
        segments + other.segments,
        startOffsets + other.startOffsets,
        endOffsets + other.endOffsets);
  }
}
