package io.tailrace.broker.service;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import java.util.UUID;

/** Finds the partition that a request names, or says why there is none here. Thread-safe. */
public final class PartitionLookup {
  private final PartitionRegistry registry;

  public PartitionLookup(PartitionRegistry registry) {
    this.registry = registry;
  }

  /** Either a partition and its topic, or an error. */
  record Found(Partition partition, TopicImage topic, PartitionError error) {}

  /**
   * @param topicId null = not checked
   */
  Found find(String topic, UUID topicId, int partition) {
    TopicImage image = registry.topic(topic);
    if (image == null) {
      return missing(ErrorCode.UNKNOWN_TOPIC, "topic '" + printable(topic) + "' does not exist");
    }
    if (topicId != null && !topicId.equals(image.id())) {
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
    return new Found(found, image, null);
  }

  /** A text that came from a client, shortened and on one line. */
  public static String printable(String text) {
    String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }

  private static Found missing(ErrorCode code, String message) {
    return new Found(null, null, new PartitionError(code, message));
  }
}
