package io.tailrace.coordinator.cluster;

import java.util.Map;
import java.util.UUID;

/**
 * The cluster's metadata as one broker knows it: immutable, replaced as a whole. The source of
 * truth is the metadata store; an image may lag behind it, but every decision is a conditional
 * write, so that a stale image only costs a retry.
 *
 * @param version grows with every image of one process
 * @param controllerId the controller's broker id; -1 when none is known
 * @param topics by name, in no particular order
 * @param queues by name, in no particular order
 * @param deletions by topic id, the deletions that not every broker has confirmed
 * @param brokerConfigs what was set for brokers: {@code "default"} or a broker id, to settings
 */
public record ClusterImage(
    long version,
    String clusterId,
    int controllerId,
    Map<Integer, BrokerImage> brokers,
    Map<String, TopicImage> topics,
    Map<String, QueueImage> queues,
    Map<UUID, MetadataValue.Deletion> deletions,
    Map<String, Map<String, String>> brokerConfigs) {

  /** Knows nothing. */
  public static final ClusterImage EMPTY =
      new ClusterImage(0, "", -1, Map.of(), Map.of(), Map.of(), Map.of(), Map.of());

  /** An image of a cluster without queues. */
  public ClusterImage(
      long version,
      String clusterId,
      int controllerId,
      Map<Integer, BrokerImage> brokers,
      Map<String, TopicImage> topics,
      Map<UUID, MetadataValue.Deletion> deletions,
      Map<String, Map<String, String>> brokerConfigs) {
    this(version, clusterId, controllerId, brokers, topics, Map.of(), deletions, brokerConfigs);
  }

  /** The topic with this id, or null. */
  public TopicImage topic(UUID id) {
    for (TopicImage topic : topics.values()) {
      if (topic.id().equals(id)) {
        return topic;
      }
    }
    return null;
  }
}
