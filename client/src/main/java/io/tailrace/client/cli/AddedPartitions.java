package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.Consumer;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Gives a consumer the partitions that its topic gets while it is read, from their first record on:
 * all of that is newer than the start. Asks for their offsets about once a second, so that the
 * client knows a partition before it is assigned; what fails is asked again. Confined to the thread
 * of the command.
 */
final class AddedPartitions {
  private static final long INTERVAL_NANOS = 1_000_000_000;

  private final Admin admin;
  private final String topic;
  private CompletableFuture<Map<TopicPartition, PartitionOffset>> asked;
  private long askedNanos;

  AddedPartitions(Admin admin, String topic) {
    this.admin = admin;
    this.topic = topic;
  }

  /** To be called between polls. */
  void assignTo(Consumer<?, ?> consumer) {
    long now = System.nanoTime();
    if (asked == null || (asked.isDone() && now - askedNanos >= INTERVAL_NANOS)) {
      asked = admin.listOffsets(topic, Position.earliest());
      askedNanos = now;
      return;
    }
    if (!asked.isDone() || asked.isCompletedExceptionally()) {
      return;
    }
    Set<TopicPartition> assigned = consumer.assignment();
    List<TopicPartition> added = new ArrayList<>();
    for (TopicPartition partition : asked.join().keySet()) {
      if (!assigned.contains(partition)) {
        added.add(partition);
      }
    }
    if (!added.isEmpty()) {
      List<TopicPartition> all = new ArrayList<>(assigned);
      all.addAll(added);
      consumer.assign(all);
      added.forEach(partition -> consumer.seek(partition, Position.earliest()));
    }
  }
}
