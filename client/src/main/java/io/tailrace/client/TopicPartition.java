package io.tailrace.client;

import java.util.Objects;

/**
 * Names one partition of a topic.
 *
 * @param topic the topic's name
 * @param partition from 0
 */
public record TopicPartition(String topic, int partition) implements Comparable<TopicPartition> {

  /** Checks its parts. */
  public TopicPartition {
    Objects.requireNonNull(topic, "topic");
    if (partition < 0) {
      throw new IllegalArgumentException("partition " + partition + " is negative");
    }
  }

  /** Orders by topic, then by partition. */
  @Override
  public int compareTo(TopicPartition other) {
    int byTopic = topic.compareTo(other.topic);
    return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
  }

  /** As people write it: {@code orders-4}. */
  @Override
  public String toString() {
    return topic + "-" + partition;
  }
}
