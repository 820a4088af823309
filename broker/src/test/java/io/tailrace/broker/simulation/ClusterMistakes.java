package io.tailrace.broker.simulation;

import io.tailrace.broker.partition.FollowerListener;
import io.tailrace.broker.partition.InSyncStore;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.cluster.PartitionImage;
import java.util.concurrent.CompletableFuture;

/**
 * The doubles that make a {@link ClusterBug}; without one everything is as it is in a broker. Each
 * differs from the real code by its mistake only.
 *
 * @param bug null = none
 */
record ClusterMistakes(ClusterBug bug) {

  ProducePath producePath() {
    if (bug == ClusterBug.EARLY_ACKNOWLEDGEMENT) {
      return (partition, part, listener) -> part.produce(partition, ProducePath.LEADER, listener);
    }
    return ProducePath.of(null);
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

  InSyncStore inSyncStore(InSyncStore real) {
    if (bug != ClusterBug.PENDING_IN_SYNC_SET_COUNTED) {
      return real;
    }
    return change -> {
      var unused = real.propose(change);
      return CompletableFuture.completedFuture(true);
    };
  }
}
