package io.tailrace.coordinator.group;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * Decides about committed offsets. A member's commit counts for the partitions that it owns, and
 * has owned since before the epoch that it names (KIP-1251); anybody's counts while the group has
 * no members. Not thread-safe.
 */
public final class OffsetCommits {
  private static final int MAX_METADATA_LENGTH = 4096;

  private final GroupsState state;

  /** Decides on this state, which its caller replays. */
  public OffsetCommits(GroupsState state) {
    this.state = state;
  }

  /** One partition of a commit. */
  public record Part(TopicIdPartition partition, long offset, int leaderEpoch, String metadata) {}

  /**
   * What became of a commit.
   *
   * @param error concerns all of it; null = see the parts
   * @param parts one for each part, null where it is committed
   */
  public record Outcome(GroupError error, List<GroupError> parts) {
    private static Outcome failed(ErrorCode code, String message) {
      return new Outcome(new GroupError(code, message), List.of());
    }
  }

  /**
   * Commits offsets.
   *
   * @param memberId empty = of a consumer that is no member
   */
  public Decision<Outcome> commit(
      String groupId,
      String memberId,
      int memberEpoch,
      List<Part> parts,
      TopicDirectory topics,
      Now now) {
    GroupState group = state.group(groupId);
    GroupMember member = null;
    if (memberId.isEmpty()) {
      if (group != null && group.hasMembers()) {
        return Decision.of(
            Outcome.failed(
                ErrorCode.GROUP_NOT_EMPTY,
                "group '"
                    + groupId
                    + "' has members; only they may commit offsets until the last has left"));
      }
    } else {
      member = group == null ? null : group.members().get(memberId);
      if (member == null) {
        return Decision.of(
            Outcome.failed(
                ErrorCode.UNKNOWN_MEMBER,
                "group '" + groupId + "' has no member " + memberId + " (any more)"));
      }
      if (memberEpoch > member.epoch()) {
        return Decision.of(
            Outcome.failed(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "member "
                    + memberId
                    + " has member epoch "
                    + member.epoch()
                    + ", the request says "
                    + memberEpoch));
      }
    }
    return store(groupId, member, memberEpoch, parts, topics, now);
  }

  /** Commits offsets of a consumer that is known to be allowed to. */
  public Decision<Outcome> store(String groupId, List<Part> parts, TopicDirectory topics, Now now) {
    return store(groupId, null, 0, parts, topics, now);
  }

  private static Decision<Outcome> store(
      String groupId,
      GroupMember member,
      int memberEpoch,
      List<Part> parts,
      TopicDirectory topics,
      Now now) {
    List<GroupRecord> records = new ArrayList<>();
    List<GroupError> outcomes = new ArrayList<>();
    for (Part part : parts) {
      TopicDirectory.Entry topic = topics.byId(part.partition().topicId());
      GroupError error = problem(part, topic, member, memberEpoch);
      outcomes.add(error);
      if (error == null) {
        records.add(
            new GroupRecord.Offset(
                groupId,
                part.partition(),
                new CommittedOffset(
                    part.offset(),
                    part.leaderEpoch(),
                    part.metadata(),
                    now.wallMs(),
                    topic.name())));
      }
    }
    return new Decision<>(records, new Outcome(null, outcomes));
  }

  private static GroupError problem(
      Part part, TopicDirectory.Entry topic, GroupMember member, int memberEpoch) {
    TopicIdPartition partition = part.partition();
    if (topic == null) {
      return new GroupError(
          ErrorCode.UNKNOWN_TOPIC, "there is no topic with the id " + partition.topicId());
    }
    if (partition.partition() < 0 || partition.partition() >= topic.partitions()) {
      return new GroupError(
          ErrorCode.UNKNOWN_PARTITION,
          "topic '" + topic.name() + "' has no partition " + partition.partition());
    }
    if (part.offset() < 0 || part.metadata().length() > MAX_METADATA_LENGTH) {
      return new GroupError(
          ErrorCode.INVALID_REQUEST,
          "an offset is at least 0, and its metadata have at most "
              + MAX_METADATA_LENGTH
              + " characters");
    }
    if (member == null) {
      return null;
    }
    Integer since = member.ownedSince(partition);
    if (since == null || since > memberEpoch) {
      return new GroupError(
          ErrorCode.STALE_MEMBER_EPOCH,
          topic.name()
              + "-"
              + partition.partition()
              + " was not member "
              + member.id()
              + "'s at member epoch "
              + memberEpoch);
    }
    return null;
  }

  /**
   * Forgets the offsets of some partitions of a group that has no members.
   *
   * @return null as the response when that is done
   */
  public Decision<GroupError> forget(String groupId, Set<TopicIdPartition> partitions) {
    GroupState group = state.group(groupId);
    if (group == null) {
      return Decision.of(
          new GroupError(ErrorCode.UNKNOWN_GROUP, "there is no group '" + groupId + "'"));
    }
    if (group.hasMembers()) {
      return Decision.of(
          new GroupError(
              ErrorCode.GROUP_NOT_EMPTY, "group '" + groupId + "' has members; stop them first"));
    }
    List<GroupRecord> records = new ArrayList<>();
    for (TopicIdPartition partition : partitions) {
      if (group.offsets().containsKey(partition)) {
        records.add(new GroupRecord.Offset(groupId, partition, null));
      }
    }
    return new Decision<>(records, null);
  }

  /**
   * Deletes a group that has no members, and its offsets.
   *
   * @return null as the response when it is deleted
   */
  public Decision<GroupError> delete(String groupId) {
    GroupState group = state.group(groupId);
    if (group == null) {
      return Decision.of(
          new GroupError(ErrorCode.UNKNOWN_GROUP, "there is no group '" + groupId + "'"));
    }
    if (group.hasMembers()) {
      return Decision.of(
          new GroupError(
              ErrorCode.GROUP_NOT_EMPTY, "group '" + groupId + "' has members; stop them first"));
    }
    List<GroupRecord> records = new ArrayList<>();
    group
        .offsets()
        .keySet()
        .forEach(each -> records.add(new GroupRecord.Offset(groupId, each, null)));
    records.addAll(withoutOffsets(group));
    return new Decision<>(records, null);
  }

  /** What removes a group that has no offsets left. */
  private static List<GroupRecord> withoutOffsets(GroupState group) {
    List<GroupRecord> records = new ArrayList<>();
    if (group.classic() != null) {
      records.add(new GroupRecord.Classic(group.id(), null));
    }
    records.add(new GroupRecord.Header(group.id(), null));
    return records;
  }

  /**
   * Forgets offsets that have been unused for long.
   *
   * @param retentionMs counted from when the group became empty, the topic left every subscription,
   *     or the offset was committed, whichever came last
   */
  public List<GroupRecord> expire(long retentionMs, Now now) {
    List<GroupRecord> records = new ArrayList<>();
    for (GroupState group : state.groups()) {
      int left = 0;
      for (var entry : group.offsets().entrySet()) {
        long unusedSince = unusedSinceMs(group, entry.getKey().topicId(), entry.getValue());
        if (now.wallMs() - retentionMs >= unusedSince) {
          records.add(new GroupRecord.Offset(group.id(), entry.getKey(), null));
        } else {
          left++;
        }
      }
      boolean old = now.wallMs() - retentionMs >= group.emptySinceMs();
      if (left == 0 && old && !group.hasMembers()) {
        records.addAll(withoutOffsets(group));
      }
    }
    return records;
  }

  private static long unusedSinceMs(GroupState group, UUID topic, CommittedOffset offset) {
    Long unsubscribed = group.header().unsubscribedSinceMs().get(topic);
    if (unsubscribed == null && group.hasMembers()) {
      return Long.MAX_VALUE / 2; // in use
    }
    long since = unsubscribed != null ? unsubscribed : group.emptySinceMs();
    return Math.max(since, offset.committedAtMs());
  }
}
