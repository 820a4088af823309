package io.tailrace.client;

import java.util.Collection;

/**
 * Told when a member of a group gets or loses partitions. Called within {@link Consumer#poll} or
 * {@link Consumer#close}, on their thread; may use the consumer.
 */
public interface RebalanceListener {

  /** Does nothing. */
  RebalanceListener NONE =
      new RebalanceListener() {
        @Override
        public void onAssigned(Collection<TopicPartition> partitions) {}

        @Override
        public void onRevoked(Collection<TopicPartition> partitions) {}
      };

  /** These partitions are read from now on, from the committed offsets unless sought here. */
  void onAssigned(Collection<TopicPartition> partitions);

  /**
   * These partitions go to another member once this returns; until then they are this consumer's,
   * and commits for them count.
   */
  void onRevoked(Collection<TopicPartition> partitions);

  /**
   * These partitions were this consumer's and may be another member's already: commits for them are
   * refused.
   */
  default void onLost(Collection<TopicPartition> partitions) {}
}
