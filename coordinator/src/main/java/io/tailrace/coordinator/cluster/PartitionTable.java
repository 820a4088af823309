package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.ClusterState.Node;
import java.util.ArrayList;
import java.util.List;

/**
 * The partition nodes of one topic, by partition id; may have holes while they are being read or
 * removed. Confined to the owner of its {@link ClusterState}.
 */
final class PartitionTable {
  private final List<Node<MetadataValue.Partition>> nodes = new ArrayList<>();
  private int size;

  /**
   * @param node null when it does not exist
   */
  void set(int id, Node<MetadataValue.Partition> node) {
    while (nodes.size() <= id) {
      nodes.add(null);
    }
    Node<MetadataValue.Partition> before = nodes.set(id, node);
    size += (node == null ? 0 : 1) - (before == null ? 0 : 1);
  }

  /** Null when it does not exist. */
  Node<MetadataValue.Partition> get(int id) {
    return id < nodes.size() ? nodes.get(id) : null;
  }

  /** How many exist. */
  int size() {
    return size;
  }

  /** No id at or above this one exists. */
  int end() {
    return nodes.size();
  }
}
