package io.tailrace.broker.group;

import io.tailrace.client.TopicPartition;
import io.tailrace.coordinator.group.GroupState;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;

/**
 * What a group has committed, of the topics that there are: for each partition the next offset to
 * be read. Immutable.
 */
record GroupOffsets(String group, Map<TopicPartition, Long> offsets) {

  /**
   * @param names of topics by their ids; empty = there is none
   */
  static GroupOffsets of(GroupState state, Function<UUID, String> names) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    state
        .offsets()
        .forEach(
            (partition, committed) -> {
              String topic = names.apply(partition.topicId());
              if (!topic.isEmpty()) {
                offsets.put(new TopicPartition(topic, partition.partition()), committed.offset());
              }
            });
    return new GroupOffsets(state.id(), offsets);
  }
}
