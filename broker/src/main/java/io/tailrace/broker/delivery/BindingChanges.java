package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.queue.QueueDelta;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Brings the bindings that a delivery log has to what the metadata says. */
final class BindingChanges {
  private static final int CHANGES_IN_RECORD = 500;

  private BindingChanges() {}

  /** Writes changes of many queues, in records of bounded size. */
  static void write(DeliveryWriter writer, Map<UUID, List<QueueDelta>> changes) {
    Map<UUID, List<QueueDelta>> part = new LinkedHashMap<>();
    int count = 0;
    for (Map.Entry<UUID, List<QueueDelta>> each : changes.entrySet()) {
      part.put(each.getKey(), each.getValue());
      count += each.getValue().size();
      if (count >= CHANGES_IN_RECORD) {
        writer.write(part);
        part = new LinkedHashMap<>();
        count = 0;
      }
    }
    if (!part.isEmpty()) {
      writer.write(part);
    }
  }

  /**
   * What brings the bindings that the log has to what the metadata says.
   *
   * @param queue null when the log does not know it
   */
  static List<QueueDelta> of(Partition partition, HostedQueue queue, QueueImage image) {
    List<QueueDelta> changes = new ArrayList<>();
    if (queue == null) {
      changes.add(new QueueDelta.Created(image.name()));
    }
    for (QueueBinding binding : image.bindings()) {
      if (!binding.exchangeId().equals(partition.id().topicId())) {
        continue;
      }
      boolean bound = queue != null && queue.isBound(binding.key());
      if (binding.active() && !bound) {
        boolean added = partition.id().partition() >= binding.partitions();
        changes.add(new QueueDelta.Bound(binding.key(), added ? 0 : partition.highWatermark()));
      } else if (!binding.active() && bound) {
        changes.add(new QueueDelta.Unbound(binding.key(), partition.highWatermark()));
      }
    }
    changes.add(new QueueDelta.Synced(image.version()));
    return changes;
  }
}
