package io.tailrace.broker.group;

import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicRules;
import java.util.Map;

/** The internal topic in which the state of groups and their offsets is kept. */
final class OffsetsTopic {
  static final String NAME = TopicRules.CONSUMER_OFFSETS;
  static final int PARTITIONS = 16;

  /**
   * The log is the state: the last record of each key of it. Small segments, since it is read as a
   * whole.
   */
  static final Map<String, String> CONFIGS =
      Map.of(
          "cleanup.policy",
          "compact",
          "segment.bytes",
          Integer.toString(16 << 20),
          "max.message.bytes",
          Integer.toString(8 << 20));

  private OffsetsTopic() {}

  /** The partition whose leader coordinates the group. The same on every broker, for ever. */
  static int partitionOf(String group, TopicImage topic) {
    return Math.floorMod(group.hashCode(), topic.partitions().size());
  }
}
