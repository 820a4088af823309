package io.tailrace.coordinator.cluster;

import java.util.List;
import java.util.UUID;

/**
 * A partition's in-sync set as its leader wants it in the metadata. It is written only while the
 * partition is as the leader saw it, the leader leads under its newest registration, and every
 * member has the registration that is named.
 *
 * @param leaderEpoch the epoch in which the proposer leads
 * @param partitionVersion the {@link PartitionImage#version} that the change replaces
 * @param members the whole set, the leader included
 * @param eligible the eligible leader replicas outside that set; see {@link
 *     MetadataValue.Partition}
 */
public record InSyncChange(
    String topic,
    UUID topicId,
    int partition,
    int leaderEpoch,
    int partitionVersion,
    List<InSyncReplica> members,
    List<InSyncReplica> eligible) {

  public InSyncChange {
    members = List.copyOf(members);
    eligible = List.copyOf(eligible);
  }
}
