package io.tailrace.broker.network;

import io.tailrace.broker.group.GroupDescription;
import io.tailrace.broker.group.GroupSummary;
import io.tailrace.coordinator.group.CommittedOffset;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.GroupMember;
import io.tailrace.coordinator.group.HeartbeatQuery;
import io.tailrace.coordinator.group.MemberInfo;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.coordinator.group.TopicIdPartition;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.CommittedPartition;
import io.tailrace.protocol.message.DescribeGroupResponse;
import io.tailrace.protocol.message.GroupHeartbeatRequest;
import io.tailrace.protocol.message.GroupListing;
import io.tailrace.protocol.message.GroupMemberDescription;
import io.tailrace.protocol.message.GroupMemberInfo;
import io.tailrace.protocol.message.GroupPartitions;
import io.tailrace.protocol.message.PartitionCommit;
import io.tailrace.protocol.message.PartitionCommitResult;
import io.tailrace.protocol.message.TopicCommit;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.topic.Ids;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Function;

/** Requests and answers about groups as messages carry them. Stateless. */
final class GroupMessages {
  /** Timeouts outside of this are brought within it. */
  private static final int MIN_TIMEOUT_MS = 500;

  private static final int MAX_TIMEOUT_MS = 24 * 3_600_000;

  private GroupMessages() {}

  static HeartbeatQuery toQuery(GroupHeartbeatRequest body) {
    return new HeartbeatQuery(
        body.getGroupId(),
        body.getMemberId(),
        body.getSequence(),
        body.getMemberEpoch(),
        body.getLeave(),
        body.hasInfo() ? toInfo(body.getInfo()) : null,
        toPartitions(body.getOwnedList()));
  }

  private static MemberInfo toInfo(GroupMemberInfo info) {
    return new MemberInfo(
        new TreeSet<>(info.getTopicsList()),
        info.getPattern(),
        info.getAssignor(),
        info.getInstanceId(),
        info.getClientId(),
        timeout(info.getSessionTimeoutMs()),
        timeout(info.getRebalanceTimeoutMs()));
  }

  private static int timeout(int ms) {
    return Math.max(MIN_TIMEOUT_MS, Math.min(MAX_TIMEOUT_MS, ms));
  }

  static Set<TopicIdPartition> toPartitions(List<GroupPartitions> topics) {
    Set<TopicIdPartition> all = new TreeSet<>();
    for (GroupPartitions topic : topics) {
      UUID id = toId(topic.getTopicId());
      topic.getPartitionsList().forEach(each -> all.add(new TopicIdPartition(id, each)));
    }
    return all;
  }

  private static UUID toId(Uuid id) {
    return new UUID(id.getMostSignificant(), id.getLeastSignificant());
  }

  /**
   * Partitions by topic.
   *
   * @param names finds a topic's name
   */
  static List<GroupPartitions> toMessages(
      Collection<TopicIdPartition> partitions, Function<UUID, String> names) {
    TreeMap<UUID, GroupPartitions.Builder> byTopic = new TreeMap<>();
    for (TopicIdPartition partition : partitions) {
      byTopic
          .computeIfAbsent(
              partition.topicId(),
              id ->
                  GroupPartitions.newBuilder()
                      .setTopicId(Ids.toMessage(id))
                      .setTopic(names.apply(id)))
          .addPartitions(partition.partition());
    }
    return byTopic.values().stream().map(GroupPartitions.Builder::build).toList();
  }

  static List<OffsetCommits.Part> toParts(CommitOffsetsRequest body) {
    List<OffsetCommits.Part> parts = new ArrayList<>();
    for (TopicCommit topic : body.getTopicsList()) {
      UUID id = toId(topic.getTopicId());
      for (PartitionCommit partition : topic.getPartitionsList()) {
        parts.add(
            new OffsetCommits.Part(
                new TopicIdPartition(id, partition.getPartition()),
                partition.getOffset(),
                partition.getLeaderEpochPlusOne() - 1,
                partition.getMetadata()));
      }
    }
    return parts;
  }

  static PartitionCommitResult toMessage(GroupError error) {
    return error == null
        ? PartitionCommitResult.getDefaultInstance()
        : PartitionCommitResult.newBuilder()
            .setErrorCode(error.code().number())
            .setErrorMessage(error.message())
            .build();
  }

  /**
   * Committed offsets; the topic is named as it is called now, or was when it was committed.
   *
   * @param names finds a topic's name; empty = it is not known
   */
  static List<CommittedPartition> toMessages(
      NavigableMap<TopicIdPartition, CommittedOffset> offsets, Function<UUID, String> names) {
    List<CommittedPartition> all = new ArrayList<>();
    offsets.forEach(
        (partition, offset) -> {
          String name = names.apply(partition.topicId());
          all.add(
              CommittedPartition.newBuilder()
                  .setTopicId(Ids.toMessage(partition.topicId()))
                  .setTopic(name.isEmpty() ? offset.topic() : name)
                  .setPartition(partition.partition())
                  .setOffset(offset.offset())
                  .setLeaderEpochPlusOne(offset.leaderEpoch() + 1)
                  .setMetadata(offset.metadata())
                  .setCommittedAtMs(offset.committedAtMs())
                  .build());
        });
    return all;
  }

  static GroupListing toMessage(GroupSummary group) {
    return GroupListing.newBuilder()
        .setGroupId(group.group())
        .setState(group.state())
        .setMembers(group.members())
        .setAssignor(group.assignor())
        .build();
  }

  static DescribeGroupResponse toMessage(GroupDescription group, Function<UUID, String> names) {
    DescribeGroupResponse.Builder response =
        DescribeGroupResponse.newBuilder()
            .setState(group.state())
            .setGroupEpoch(group.epoch())
            .setAssignor(group.assignor());
    for (GroupMember member : group.members()) {
      response.addMembers(
          GroupMemberDescription.newBuilder()
              .setMemberId(member.id())
              .setInfo(toMessage(member.info()))
              .setMemberEpoch(member.epoch())
              .addAllAssigned(toMessages(member.assigned().keySet(), names))
              .addAllRevoking(toMessages(member.revoking().keySet(), names)));
    }
    return response.build();
  }

  private static GroupMemberInfo toMessage(MemberInfo info) {
    return GroupMemberInfo.newBuilder()
        .addAllTopics(info.topics())
        .setPattern(info.pattern())
        .setAssignor(info.assignor())
        .setInstanceId(info.instanceId())
        .setClientId(info.clientId())
        .setSessionTimeoutMs(info.sessionTimeoutMs())
        .setRebalanceTimeoutMs(info.rebalanceTimeoutMs())
        .build();
  }
}
