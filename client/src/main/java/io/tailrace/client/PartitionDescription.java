package io.tailrace.client;

import java.util.List;
import java.util.OptionalInt;

/**
 * A partition as the cluster's metadata has it.
 *
 * @param id from 0
 * @param leader the id of the broker that leads it; empty when none does now
 * @param leaderEpoch grows with each change of leader
 * @param replicas ids of the brokers that hold a copy, the preferred leader first
 * @param inSyncReplicas those of them that have all that is acknowledged
 * @param eligibleLeaderReplicas those outside the in-sync set that have all that is acknowledged,
 *     and may lead when no member of the set can
 */
public record PartitionDescription(
    int id,
    OptionalInt leader,
    int leaderEpoch,
    List<Integer> replicas,
    List<Integer> inSyncReplicas,
    List<Integer> eligibleLeaderReplicas) {}
