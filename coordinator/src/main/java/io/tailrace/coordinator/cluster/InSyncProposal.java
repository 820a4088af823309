package io.tailrace.coordinator.cluster;

import java.util.List;
import java.util.UUID;

/**
 * What a partition's leader wants its in-sync set to be. It is written only while the partition
 * still is as the leader saw it, the leader leads under its newest registration, and every member
 * is there under the registration that is named.
 *
 * @param leaderEpoch the epoch in which the proposer leads
 * @param partitionVersion the {@link PartitionImage#version} that the proposal changes
 * @param members the whole set, the leader included
 */
public record InSyncProposal(
    String topic,
    UUID topicId,
    int partition,
    int leaderEpoch,
    int partitionVersion,
    List<Member> members) {

  public InSyncProposal {
    members = List.copyOf(members);
  }

  /** A broker under one registration; a later registration of it is not meant. */
  public record Member(int brokerId, int brokerEpoch) {}
}
