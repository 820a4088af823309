package io.tailrace.coordinator.group;

import java.util.UUID;

/** A partition of a topic by the topic's id: one that is made again under its name is another. */
public record TopicIdPartition(UUID topicId, int partition)
    implements Comparable<TopicIdPartition> {
  @Override
  public int compareTo(TopicIdPartition other) {
    int byTopic = topicId.compareTo(other.topicId);
    return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
  }
}
