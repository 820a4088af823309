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
 * @param eligible replicas outside the in-sync set that hold everything committed; nothing more is
 *     committed while there are any
 * @param minInSyncReplicas the topic's setting
 */
public record PartitionMetadata(
    int leader,
    int leaderEpoch,
    long version,
    List<Integer> replicas,
    List<InSyncReplica> inSync,
    List<InSyncReplica> eligible,
    int minInSyncReplicas) {

  public PartitionMetadata {
    replicas = List.copyOf(replicas);
    inSync = List.copyOf(inSync);
    eligible = List.copyOf(eligible);
  }

  /** Metadata without eligible replicas outside the in-sync set. */
  public PartitionMetadata(
      int leader,
      int leaderEpoch,
      long version,
      List<Integer> replicas,
      List<InSyncReplica> inSync,
      int minInSyncReplicas) {
    this(leader, leaderEpoch, version, replicas, inSync, List.of(), minInSyncReplicas);
  }

  /** Takes it from an image. */
  public static PartitionMetadata of(PartitionImage image, int minInSyncReplicas) {
    return new PartitionMetadata(
        image.leader(),
        image.leaderEpoch(),
        image.version(),
        image.replicas(),
        image.inSync(),
        image.eligibleLeaderReplicas(),
        minInSyncReplicas);
  }

  /** The same without a leader. */
  public PartitionMetadata leaderless() {
    return new PartitionMetadata(
        PartitionImage.NO_LEADER,
        leaderEpoch,
        version,
        replicas,
        inSync,
        eligible,
        minInSyncReplicas);
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

  /** After the proposal has become true, under the version that it got. */
  PartitionMetadata with(ProposedInSyncSet confirmed, long newVersion) {
    return new PartitionMetadata(
        leader,
        leaderEpoch,
        newVersion,
        replicas,
        confirmed.inSync(),
        confirmed.eligible(),
        minInSyncReplicas);
  }
}
