package io.tailrace.coordinator.cluster;

import java.util.List;

/**
 * Who holds and who leads a partition.
 *
 * @param leader the leader's broker id; {@link #NO_LEADER} when it has none now
 * @param leaderEpoch grows with every change of leader
 * @param replicas broker ids, the preferred leader first
 * @param inSyncReplicas broker ids
 * @param version of the partition's node; grows with every change of it
 */
public record PartitionImage(
    int id,
    int leader,
    int leaderEpoch,
    List<Integer> replicas,
    List<Integer> inSyncReplicas,
    int version) {
  /** No broker has this id. */
  public static final int NO_LEADER = -1;

  public PartitionImage {
    replicas = List.copyOf(replicas);
    inSyncReplicas = List.copyOf(inSyncReplicas);
  }

  public boolean hasLeader() {
    return leader != NO_LEADER;
  }
}
