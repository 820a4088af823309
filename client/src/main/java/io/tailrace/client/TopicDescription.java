package io.tailrace.client;

import java.util.List;
import java.util.UUID;

/**
 * A topic as the cluster's metadata has it.
 *
 * @param name the topic's name
 * @param id tells it from an earlier or later topic of the same name
 * @param type {@code log} for a plain topic
 * @param partitions in the order of their ids
 */
public record TopicDescription(
    String name, UUID id, String type, List<PartitionDescription> partitions) {

  /** Copies of each partition. */
  public int replicationFactor() {
    return partitions.isEmpty() ? 0 : partitions.get(0).replicas().size();
  }
}
