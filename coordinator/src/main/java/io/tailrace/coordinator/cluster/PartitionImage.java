package io.tailrace.coordinator.cluster;

import java.util.List;

/**
 * Who holds and who leads a partition.
 *
 * @param leader the leader's broker id; {@link #NO_LEADER} when no live broker leads now
 * @param leaderEpoch grows with every change of leader
 * @param replicas broker ids, the preferred leader first
 * @param inSync the in-sync set
 * @param eligibleLeaderReplicas replicas outside the in-sync set that hold everything committed;
 *     see {@link MetadataValue.Partition}
 * @param version of the partition's node; grows with every change of it
 * @param logEndAskedUnder nobody leads, and this process is asked to {@linkplain
 *     ClusterStore#reportLogEnd report} where its log ends, as the broker under the registration
 *     with this epoch; {@link #NOT_ASKED} when it is not
 */
public record PartitionImage(
    int id,
    int leader,
    int leaderEpoch,
    List<Integer> replicas,
    List<InSyncReplica> inSync,
    List<InSyncReplica> eligibleLeaderReplicas,
    int version,
    int logEndAskedUnder) {
  /** No broker has this id. */
  public static final int NO_LEADER = -1;

  /** No registration has this epoch. */
  public static final int NOT_ASKED = -1;

  public PartitionImage {
    replicas = List.copyOf(replicas);
    inSync = List.copyOf(inSync);
    eligibleLeaderReplicas = List.copyOf(eligibleLeaderReplicas);
  }

  /** A partition whose log end this process is not asked for. */
  public PartitionImage(
      int id,
      int leader,
      int leaderEpoch,
      List<Integer> replicas,
      List<InSyncReplica> inSync,
      List<InSyncReplica> eligibleLeaderReplicas,
      int version) {
    this(id, leader, leaderEpoch, replicas, inSync, eligibleLeaderReplicas, version, NOT_ASKED);
  }

  public boolean hasLeader() {
    return leader != NO_LEADER;
  }

  /** The broker ids of the in-sync set, in its order. */
  public List<Integer> inSyncReplicas() {
    return inSync.stream().map(InSyncReplica::brokerId).toList();
  }

  /** The same partition without a leader. */
  public PartitionImage leaderless() {
    return new PartitionImage(
        id, NO_LEADER, leaderEpoch, replicas, inSync, eligibleLeaderReplicas, version);
  }
}
