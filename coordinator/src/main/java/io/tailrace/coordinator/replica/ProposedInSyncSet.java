package io.tailrace.coordinator.replica;

import io.tailrace.coordinator.cluster.InSyncReplica;
import java.util.List;

/**
 * A new in-sync set that a leader asks the metadata store for: a conditional write on the
 * partition's version.
 *
 * @param eligible the eligible leader replicas that shall be recorded beside it
 * @param version that the partition's entry must have for the write to succeed
 */
public record ProposedInSyncSet(
    int leaderEpoch, long version, List<InSyncReplica> inSync, List<InSyncReplica> eligible) {

  public ProposedInSyncSet {
    inSync = List.copyOf(inSync);
    eligible = List.copyOf(eligible);
  }
}
