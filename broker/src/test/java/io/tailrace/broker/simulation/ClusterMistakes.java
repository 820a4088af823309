package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.partition.FollowerListener;
import io.tailrace.broker.partition.InSyncStore;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.InMemoryMetadata;
import io.tailrace.coordinator.cluster.InSyncChange;
import io.tailrace.coordinator.cluster.MetadataEntry;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.record.RecordBatch;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * The doubles that make a {@link ClusterBug}; without one everything is as it is in a broker. Each
 * differs from the real code by its mistake only.
 *
 * @param bug null = none
 */
record ClusterMistakes(ClusterBug bug) {
  private static final int WRITTEN_LATER_MS = 400;

  ProducePath producePath() {
    if (bug == ClusterBug.EARLY_ACKNOWLEDGEMENT) {
      return (partition, part, listener) -> part.produce(partition, ProducePath.LEADER, listener);
    }
    if (bug == ClusterBug.LOST_DEDUPE) {
      return (partition, part, listener) ->
          anonymous(part).produce(partition, ProducePath.ALL, listener);
    }
    return ProducePath.of(null);
  }

  /** The same batches, of no producer. */
  private static ProducePath.Part anonymous(ProducePath.Part part) {
    ByteBuf copy = part.records().copy(part.index(), part.length());
    for (int at = 0; at < part.length(); ) {
      int size = RecordBatch.sizeInBytes(copy, at);
      copy.setLong(at + RecordBatch.PRODUCER_ID_OFFSET, RecordBatch.NO_PRODUCER_ID);
      copy.setShort(at + RecordBatch.PRODUCER_EPOCH_OFFSET, RecordBatch.NO_PRODUCER_EPOCH);
      copy.setInt(at + RecordBatch.BASE_SEQUENCE_OFFSET, RecordBatch.NO_SEQUENCE);
      int guarded = RecordBatch.ATTRIBUTES_OFFSET;
      copy.setInt(
          at + RecordBatch.CRC_OFFSET, RecordBatch.crc32c(copy, at + guarded, size - guarded));
      at += size;
    }
    return new ProducePath.Part(copy, 0, part.length(), part.leaderEpoch(), part.timeoutMs());
  }

  FetchMistakes fetches(Supplier<ClusterImage> image) {
    return new FetchMistakes(bug, image);
  }

  LogStore logStore(LogStore real) {
    return bug == ClusterBug.HIGH_WATERMARK_AT_LOG_END || bug == ClusterBug.PRODUCER_STATE_NOT_CUT
        ? new MistakenLogStore(real, bug)
        : real;
  }

  boolean emptyDiskCountsWhole() {
    return bug == ClusterBug.EMPTY_DISK_COUNTED_WHOLE;
  }

  FollowerListener followerListener(FollowerListener real) {
    if (bug != ClusterBug.TRUNCATION_BY_HIGH_WATERMARK) {
      return real;
    }
    return new FollowerListener() {
      @Override
      public void onRole(Partition partition) {
        if (partition.followedLeader() != PartitionImage.NO_LEADER) {
          partition.whenReady(
              () -> {
                if (partition.isOpen()
                    && partition.highWatermark() < partition.log().logEndOffset()) {
                  partition.replicated().truncateTo(partition.highWatermark());
                }
              });
        }
        real.onRole(partition);
      }

      @Override
      public void onSynced(Partition partition) {
        real.onSynced(partition);
      }
    };
  }

  // ---- in-sync sets ----

  InSyncStore inSyncStore(
      ClusterStore real, int brokerId, SimulatedThread thread, InMemoryMetadata metadata) {
    if (bug == ClusterBug.PENDING_IN_SYNC_SET_COUNTED) {
      return change -> {
        var unused = real.proposeInSync(change);
        return CompletableFuture.completedFuture(true);
      };
    }
    if (bug == ClusterBug.STALE_IN_SYNC_WRITE) {
      return change -> {
        thread.schedule(() -> writeStale(change, real, brokerId, metadata), WRITTEN_LATER_MS);
        return CompletableFuture.completedFuture(false);
      };
    }
    return real::proposeInSync;
  }

  /** As if the set were still what it was when it was proposed. */
  private static void writeStale(
      InSyncChange change, ClusterStore real, int brokerId, InMemoryMetadata metadata) {
    MetadataEntry entry = ClusterTruth.partition(metadata, change.partition());
    if (entry != null
        && entry.value() instanceof MetadataValue.Partition now
        && now.leader() == brokerId) {
      var unused =
          real.proposeInSync(
              new InSyncChange(
                  change.topic(),
                  change.topicId(),
                  change.partition(),
                  now.leaderEpoch(),
                  entry.version(),
                  change.members(),
                  change.eligible()));
    }
  }

  // ---- images ----

  ClusterStore.Listener imageListener(ClusterStore.Listener real) {
    if (bug != ClusterBug.SAME_LEADER_EPOCH_IGNORED) {
      return real;
    }
    Map<Integer, PartitionImage> known = new HashMap<>();
    return image -> real.onImage(withOldEpochs(image, known));
  }

  private static ClusterImage withOldEpochs(
      ClusterImage image, Map<Integer, PartitionImage> known) {
    Map<String, TopicImage> topics = new HashMap<>(image.topics());
    topics.replaceAll(
        (name, topic) ->
            new TopicImage(
                name,
                topic.id(),
                topic.type(),
                topic.partitions().stream().map(each -> withOldEpoch(each, known)).toList(),
                topic.configs()));
    return new ClusterImage(
        image.version(),
        image.clusterId(),
        image.controllerId(),
        image.brokers(),
        topics,
        image.queues(),
        image.deletions(),
        image.brokerConfigs());
  }

  private static PartitionImage withOldEpoch(
      PartitionImage now, Map<Integer, PartitionImage> known) {
    PartitionImage before = known.get(now.id());
    if (before == null || !now.hasLeader() || before.leader() != now.leader()) {
      if (now.hasLeader()) {
        known.put(now.id(), now);
      }
      return now;
    }
    return new PartitionImage(
        now.id(),
        now.leader(),
        before.leaderEpoch(),
        now.replicas(),
        now.inSync(),
        now.eligibleLeaderReplicas(),
        now.version());
  }
}
