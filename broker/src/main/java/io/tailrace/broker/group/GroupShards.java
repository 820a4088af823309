package io.tailrace.broker.group;

import io.tailrace.broker.partition.FurtherStates;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.group.TopicDirectory;
import io.tailrace.protocol.port.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The shards of this broker: one for each partition of {@code __consumer_offsets} that has a
 * replica here. Thread-safe.
 */
public final class GroupShards implements FurtherStates {
  private final Map<Partition, GroupShard> shards = new ConcurrentHashMap<>();
  private final GroupContext context;
  private volatile ImageTopics topics = ImageTopics.NONE;

  /**
   * @param offsetsRetentionMs how long offsets that nobody uses are kept; called from any thread
   */
  public GroupShards(Clock clock, LongSupplier offsetsRetentionMs) {
    this.context =
        new GroupContext() {
          @Override
          public Clock clock() {
            return clock;
          }

          @Override
          public TopicDirectory topics() {
            return topics;
          }

          @Override
          public long offsetsRetentionMs() {
            return offsetsRetentionMs.getAsLong();
          }
        };
  }

  @Override
  public List<DerivedState> of(Partition partition) {
    if (!partition.topic().equals(OffsetsTopic.NAME)) {
      return List.of();
    }
    GroupShard shard = new GroupShard(partition, context);
    shards.put(partition, shard);
    return List.of(shard);
  }

  /** The shard of a partition of that topic. */
  GroupShard shard(Partition partition) {
    return shards.get(partition);
  }

  /** The name of the topic with this id; empty when this broker does not know it. */
  String topicName(UUID id) {
    TopicDirectory.Entry topic = topics.byId(id);
    return topic == null ? "" : topic.name();
  }

  /**
   * Takes over a new image of the cluster, of which the partitions have been told. A partition that
   * this broker leads is opened, so that members that are dead are noticed though none asks.
   */
  public void onImage(ClusterImage image) {
    if (!topics.isOf(image)) {
      topics = new ImageTopics(image);
      shards.values().forEach(shard -> onShard(shard, shard::onTopics));
    }
    for (GroupShard shard : shards.values()) {
      onShard(shard, shard::openWhereLeading);
    }
  }

  private static void onShard(GroupShard shard, Runnable task) {
    shard.partition().scheduler().execute(task);
  }
}
