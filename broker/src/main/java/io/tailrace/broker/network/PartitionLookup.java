package io.tailrace.broker.network;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.Uuid;
import java.util.UUID;

/** Finds the partition that a request names, or says why there is none here. Thread-safe. */
final class PartitionLookup {
  private final PartitionRegistry registry;

  PartitionLookup(PartitionRegistry registry) {
    this.registry = registry;
  }

  /** Either a partition or an error. */
  record Found(Partition partition, PartitionError error) {}

  Found find(String topic, Uuid topicId, int partition) {
    TopicImage image = registry.topic(topic);
    if (image == null) {
      return missing(ErrorCode.UNKNOWN_TOPIC, "topic '" + printable(topic) + "' does not exist");
    }
    UUID id = image.id();
    boolean given = topicId.getMostSignificant() != 0 || topicId.getLeastSignificant() != 0;
    if (given
        && (topicId.getMostSignificant() != id.getMostSignificantBits()
            || topicId.getLeastSignificant() != id.getLeastSignificantBits())) {
      return missing(
          ErrorCode.TOPIC_ID_MISMATCH, "topic '" + topic + "' was deleted and made again");
    }
    if (partition < 0 || partition >= image.partitions().size()) {
      return missing(
          ErrorCode.UNKNOWN_PARTITION,
          "topic '"
              + topic
              + "' has partitions 0 to "
              + (image.partitions().size() - 1)
              + ", not "
              + Integer.toUnsignedString(partition));
    }
    Partition found = registry.partition(topic, partition);
    if (found == null) {
      return missing(
          ErrorCode.NOT_LEADER, "this broker holds no replica of " + topic + "-" + partition);
    }
    return new Found(found, null);
  }

  /** A stranger's text, short and on one line. */
  static String printable(String text) {
    String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  private static Found missing(ErrorCode code, String message) {
    return new Found(null, new PartitionError(code, message));
  }
}
