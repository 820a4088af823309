package io.tailrace.client.metadata;

import java.util.List;

/**
 * The client's view of one partition.
 *
 * @param leader the leading broker's id; {@link #NO_LEADER} when none leads now
 * @param leaderEpoch never falls as long as the topic's id stays
 */
public record PartitionView(
    int id, int leader, int leaderEpoch, List<Integer> replicas, List<Integer> inSyncReplicas) {
  /** No broker leads the partition now. */
  public static final int NO_LEADER = -1;

  /** Whether a broker leads it. */
  public boolean hasLeader() {
    return leader != NO_LEADER;
  }
}
