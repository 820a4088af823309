package io.tailrace.client.metadata;

import io.tailrace.protocol.message.Uuid;
import java.util.List;

/**
 * The client's view of one topic.
 *
 * @param partitions each at the index of its id
 */
public record TopicView(String name, Uuid id, String type, List<PartitionView> partitions) {

  /** The partition with this id, or null. */
  public PartitionView partition(int id) {
    return id < partitions.size() ? partitions.get(id) : null;
  }
}
