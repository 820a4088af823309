package io.tailrace.coordinator.replica;

import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import java.util.List;

/**
 * All that the cluster's metadata says of one partition. Immutable.
 *
 * @param leader the leader's broker id; {@link PartitionImage#NO_LEADER} when it has none
 * @param version of the partition's entry in the metadata store; grows with every write
 * @param replicas broker ids
 * @param minInSyncReplicas the topic's setting
 */
public record PartitionMetadata(
    int leader,
    int leaderEpoch,
    long version,
    List<Integer> replicas,
    List<InSyncReplica> inSync,
    int minInSyncReplicas) {

  public PartitionMetadata {
    replicas = List.copyOf(replicas);
    inSync = List.copyOf(inSync);
  }

  /** Takes it from an image. */
  public static PartitionMetadata of(PartitionImage image, int minInSyncReplicas) {
    return new PartitionMetadata(
        image.leader(),
        image.leaderEpoch(),
        image.version(),
        image.replicas(),
        image.inSync(),
        minInSyncReplicas);
  }

  /** The same without a leader. */
  public PartitionMetadata leaderless() {
    return new PartitionMetadata(
        PartitionImage.NO_LEADER, leaderEpoch, version, replicas, inSync, minInSyncReplicas);
  }

  /**
   * Members that must be in sync before records are accepted: never more than there are replicas.
   */
  int effectiveMinInSync() {
    return Math.min(minInSyncReplicas, replicas.size());
  }

  InSyncReplica member(int brokerId) {
    for (InSyncReplica member : inSync) {
      if (member.brokerId() == brokerId) {
        return member;
      }
    }
    return null;
  }

  PartitionMetadata withInSync(List<InSyncReplica> confirmed, long newVersion) {
    return new PartitionMetadata(
        leader, leaderEpoch, newVersion, replicas, confirmed, minInSyncReplicas);
  }
}
