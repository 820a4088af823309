package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.message.ClassicValue;
import io.tailrace.coordinator.message.GroupRecordEntry;
import io.tailrace.coordinator.message.GroupRecordKey;
import io.tailrace.coordinator.message.GroupValue;
import io.tailrace.coordinator.message.GroupsSnapshot;
import io.tailrace.coordinator.message.MemberValue;
import io.tailrace.coordinator.message.OffsetValue;
import io.tailrace.coordinator.message.OwnedPartitions;
import io.tailrace.coordinator.message.PartitionKey;
import io.tailrace.coordinator.message.UnsubscribedTopic;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/** Group records as keys and values of the topic {@code __consumer_offsets}. Stateless. */
public final class GroupRecordCodec {
  private GroupRecordCodec() {}

  /** The key of a record. */
  public static byte[] key(GroupRecord record) {
    return keyMessage(record).toByteArray();
  }

  /** The value of a record; null when it removes something. */
  public static byte[] value(GroupRecord record) {
    if (record instanceof GroupRecord.Header header) {
      return header.value() == null ? null : toMessage(header.value()).toByteArray();
    } else if (record instanceof GroupRecord.Member member) {
      return member.value() == null ? null : toMessage(member.value()).toByteArray();
    }
    if (record instanceof GroupRecord.Classic classic) {
      return classic.value() == null
          ? null
          : ClassicRecordCodec.toMessage(classic.value()).toByteArray();
    }
    CommittedOffset offset = ((GroupRecord.Offset) record).value();
    return offset == null ? null : toMessage(offset).toByteArray();
  }

  private static GroupRecordKey keyMessage(GroupRecord record) {
    GroupRecordKey.Builder key = GroupRecordKey.newBuilder().setGroup(record.group());
    if (record instanceof GroupRecord.Header) {
      key.setHeader(true);
    } else if (record instanceof GroupRecord.Classic) {
      key.setClassic(true);
    } else if (record instanceof GroupRecord.Member member) {
      key.setMemberId(member.memberId());
    } else if (record instanceof GroupRecord.Offset offset) {
      UUID topic = offset.partition().topicId();
      key.setOffset(
          PartitionKey.newBuilder()
              .setTopicMost(topic.getMostSignificantBits())
              .setTopicLeast(topic.getLeastSignificantBits())
              .setPartition(offset.partition().partition()));
    }
    return key.build();
  }

  private static GroupValue toMessage(GroupHeader header) {
    GroupValue.Builder value =
        GroupValue.newBuilder()
            .setEpoch(header.epoch())
            .setAssignor(header.assignor())
            .setEmptySinceMs(header.emptySinceMs());
    header
        .unsubscribedSinceMs()
        .forEach(
            (topic, since) ->
                value.addUnsubscribed(
                    UnsubscribedTopic.newBuilder()
                        .setTopicMost(topic.getMostSignificantBits())
                        .setTopicLeast(topic.getLeastSignificantBits())
                        .setSinceMs(since)));
    return value.build();
  }

  private static MemberValue toMessage(GroupMember member) {
    MemberInfo info = member.info();
    return MemberValue.newBuilder()
        .setInstanceId(info.instanceId())
        .setClientId(info.clientId())
        .setSessionTimeoutMs(info.sessionTimeoutMs())
        .setRebalanceTimeoutMs(info.rebalanceTimeoutMs())
        .addAllTopics(info.topics())
        .setPattern(info.pattern())
        .setAssignor(info.assignor())
        .setEpoch(member.epoch())
        .addAllAssigned(owned(member.assigned()))
        .addAllRevoking(owned(member.revoking()))
        .addAllTarget(target(member.target()))
        .build();
  }

  private static Iterable<OwnedPartitions> owned(NavigableMap<TopicIdPartition, Integer> owned) {
    TreeMap<UUID, OwnedPartitions.Builder> byTopic = new TreeMap<>();
    owned.forEach(
        (partition, epoch) ->
            ofTopic(byTopic, partition).addPartitions(partition.partition()).addEpochs(epoch));
    return built(byTopic);
  }

  private static Iterable<OwnedPartitions> target(Set<TopicIdPartition> target) {
    TreeMap<UUID, OwnedPartitions.Builder> byTopic = new TreeMap<>();
    target.forEach(partition -> ofTopic(byTopic, partition).addPartitions(partition.partition()));
    return built(byTopic);
  }

  private static OwnedPartitions.Builder ofTopic(
      Map<UUID, OwnedPartitions.Builder> byTopic, TopicIdPartition partition) {
    return byTopic.computeIfAbsent(
        partition.topicId(),
        topic ->
            OwnedPartitions.newBuilder()
                .setTopicMost(topic.getMostSignificantBits())
                .setTopicLeast(topic.getLeastSignificantBits()));
  }

  private static List<OwnedPartitions> built(Map<UUID, OwnedPartitions.Builder> byTopic) {
    return byTopic.values().stream().map(OwnedPartitions.Builder::build).toList();
  }

  private static OffsetValue toMessage(CommittedOffset offset) {
    return OffsetValue.newBuilder()
        .setOffset(offset.offset())
        .setLeaderEpochPlusOne(offset.leaderEpoch() + 1)
        .setMetadata(offset.metadata())
        .setCommittedAtMs(offset.committedAtMs())
        .setTopic(offset.topic())
        .build();
  }

  /**
   * Reads a record.
   *
   * @param value null = it removes something
   * @return null when it is of a kind that this version does not know
   */
  public static GroupRecord read(byte[] key, byte[] value) throws InvalidProtocolBufferException {
    return read(GroupRecordKey.parseFrom(key), value);
  }

  private static GroupRecord read(GroupRecordKey key, byte[] value)
      throws InvalidProtocolBufferException {
    String group = key.getGroup();
    return switch (key.getKindCase()) {
      case HEADER ->
          new GroupRecord.Header(group, value == null ? null : header(GroupValue.parseFrom(value)));
      case MEMBER_ID ->
          new GroupRecord.Member(
              group,
              key.getMemberId(),
              value == null ? null : member(key.getMemberId(), MemberValue.parseFrom(value)));
      case OFFSET ->
          new GroupRecord.Offset(
              group,
              new TopicIdPartition(
                  new UUID(key.getOffset().getTopicMost(), key.getOffset().getTopicLeast()),
                  key.getOffset().getPartition()),
              value == null ? null : offset(OffsetValue.parseFrom(value)));
      case CLASSIC ->
          new GroupRecord.Classic(
              group, value == null ? null : ClassicRecordCodec.read(ClassicValue.parseFrom(value)));
      case KIND_NOT_SET -> null;
    };
  }

  private static GroupHeader header(GroupValue value) {
    TreeMap<UUID, Long> unsubscribed = new TreeMap<>();
    for (UnsubscribedTopic topic : value.getUnsubscribedList()) {
      unsubscribed.put(new UUID(topic.getTopicMost(), topic.getTopicLeast()), topic.getSinceMs());
    }
    return new GroupHeader(
        value.getEpoch(), value.getAssignor(), value.getEmptySinceMs(), unsubscribed);
  }

  private static GroupMember member(String id, MemberValue value) {
    MemberInfo info =
        new MemberInfo(
            new TreeSet<>(value.getTopicsList()),
            value.getPattern(),
            value.getAssignor(),
            value.getInstanceId(),
            value.getClientId(),
            value.getSessionTimeoutMs(),
            value.getRebalanceTimeoutMs());
    return new GroupMember(
        id,
        info,
        value.getEpoch(),
        withEpochs(value.getAssignedList()),
        withEpochs(value.getRevokingList()),
        without(value.getTargetList()));
  }

  private static NavigableMap<TopicIdPartition, Integer> withEpochs(List<OwnedPartitions> topics) {
    TreeMap<TopicIdPartition, Integer> owned = new TreeMap<>();
    for (OwnedPartitions topic : topics) {
      UUID id = new UUID(topic.getTopicMost(), topic.getTopicLeast());
      for (int i = 0; i < topic.getPartitionsCount(); i++) {
        owned.put(new TopicIdPartition(id, topic.getPartitions(i)), topic.getEpochs(i));
      }
    }
    return owned;
  }

  private static NavigableSet<TopicIdPartition> without(List<OwnedPartitions> topics) {
    TreeSet<TopicIdPartition> target = new TreeSet<>();
    for (OwnedPartitions topic : topics) {
      UUID id = new UUID(topic.getTopicMost(), topic.getTopicLeast());
      topic.getPartitionsList().forEach(each -> target.add(new TopicIdPartition(id, each)));
    }
    return target;
  }

  private static CommittedOffset offset(OffsetValue value) {
    return new CommittedOffset(
        value.getOffset(),
        value.getLeaderEpochPlusOne() - 1,
        value.getMetadata(),
        value.getCommittedAtMs(),
        value.getTopic());
  }

  /** All records in one blob, for {@link #load}. */
  public static byte[] snapshot(GroupsState state) {
    GroupsSnapshot.Builder out = GroupsSnapshot.newBuilder();
    for (GroupRecord record : state.records()) {
      out.addRecords(
          GroupRecordEntry.newBuilder()
              .setKey(keyMessage(record))
              .setValue(ByteString.copyFrom(value(record))));
    }
    return out.build().toByteArray();
  }

  /** Takes over what {@link #snapshot} gave. */
  public static void load(byte[] content, GroupsState state) throws InvalidProtocolBufferException {
    for (GroupRecordEntry entry : GroupsSnapshot.parseFrom(content).getRecordsList()) {
      GroupRecord record = read(entry.getKey(), entry.getValue().toByteArray());
      if (record != null) {
        state.replay(record);
      }
    }
  }
}
