package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.ClusterState.Node;
import java.util.UUID;

/**
 * A topic's node together with its partitions' nodes, however unfinished. Confined to the owner of
 * its {@link ClusterState}.
 */
record TopicState(String name, Node<MetadataValue.Topic> node, PartitionTable table) {

  UUID id() {
    return node.value().id();
  }

  MetadataValue.Topic value() {
    return node.value();
  }

  int version() {
    return node.version();
  }

  /** Null when the node does not exist, or was not read yet. */
  Node<MetadataValue.Partition> partition(int id) {
    return table.get(id);
  }

  MetadataKey key() {
    return new MetadataKey.Topic(name);
  }

  MetadataKey partitionsKey() {
    return new MetadataKey.Partitions(name, id());
  }

  MetadataKey partitionKey(int id) {
    return new MetadataKey.Partition(name, id(), id);
  }

  /** Whether every partition of the assignment has its node. */
  boolean complete() {
    int count = node.value().assignment().size();
    if (table.size() < count) {
      return false;
    }
    for (int id = 0; id < count; id++) {
      if (table.get(id) == null) {
        return false;
      }
    }
    return true;
  }

  /** Whether there is nothing left to make or to remove. */
  boolean settled() {
    return node.value().visible() && table.size() <= node.value().assignment().size();
  }
}
