package io.tailrace.broker.kafka;

import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.ClassicCommit;
import io.tailrace.broker.group.ClassicGroupService;
import io.tailrace.broker.group.GroupService;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.ClassicRequest;
import io.tailrace.coordinator.group.CommittedOffset;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.coordinator.group.TopicIdPartition;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponseTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartition;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopic;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Reads Kafka's requests about committed offsets, and writes the answers. Thread-safe. */
final class KafkaCommitHandlers {
  /** The first version in which topics are named by their ids. */
  private static final short TOPIC_IDS = 10;

  /** The first version that asks for several groups. */
  private static final short SEVERAL_GROUPS = 8;

  private static final long NO_OFFSET = -1;

  private final GroupService groups;
  private final ClassicGroupService classic;
  private final ClusterStore cluster;
  private final TopicNames names;

  KafkaCommitHandlers(
      GroupService groups, ClassicGroupService classic, ClusterStore cluster, TopicNames names) {
    this.groups = groups;
    this.classic = classic;
    this.cluster = cluster;
    this.names = names;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.OFFSET_COMMIT, 2, 10, this::commit);
    apis.add(ApiKeys.OFFSET_FETCH, 1, 10, this::fetch);
  }

  /** The id of a topic that a request names; null when there is no such topic. */
  private UUID idOf(short version, String name, Uuid id) {
    TopicImage topic =
        version >= TOPIC_IDS ? names.find(TopicNames.toId(id)) : cluster.image().topics().get(name);
    return topic == null ? null : topic.id();
  }

  // ---- commit ----

  private void commit(KafkaRequest request) {
    OffsetCommitRequestData body = request.body(OffsetCommitRequestData.class);
    List<OffsetCommits.Part> parts = new ArrayList<>();
    for (OffsetCommitRequestTopic topic : body.topics()) {
      UUID id = idOf(request.version(), topic.name(), topic.topicId());
      if (id != null) {
        topic.partitions().forEach(partition -> parts.add(toPart(id, partition)));
      }
    }
    classic.commit(
        new ClassicRequest(
            body.groupId(),
            body.memberId(),
            KafkaMemberHandlers.orEmpty(body.groupInstanceId()),
            body.generationIdOrMemberEpoch()),
        parts,
        answer -> request.respond(toMessage(request, body, answer)));
  }

  private static OffsetCommits.Part toPart(UUID topic, OffsetCommitRequestPartition partition) {
    return new OffsetCommits.Part(
        new TopicIdPartition(topic, partition.partitionIndex()),
        partition.committedOffset(),
        partition.committedLeaderEpoch(),
        KafkaMemberHandlers.orEmpty(partition.committedMetadata()));
  }

  private OffsetCommitResponseData toMessage(
      KafkaRequest request, OffsetCommitRequestData body, Answer<ClassicCommit> answer) {
    Errors all = error(request, answer);
    Iterator<GroupError> each =
        all == Errors.NONE ? answer.value().outcome().parts().iterator() : null;
    OffsetCommitResponseData response = new OffsetCommitResponseData();
    for (OffsetCommitRequestTopic topic : body.topics()) {
      boolean known = idOf(request.version(), topic.name(), topic.topicId()) != null;
      OffsetCommitResponseTopic answered =
          new OffsetCommitResponseTopic().setName(topic.name()).setTopicId(topic.topicId());
      for (OffsetCommitRequestPartition partition : topic.partitions()) {
        Errors error = all;
        if (!known) {
          error =
              request.version() >= TOPIC_IDS
                  ? Errors.UNKNOWN_TOPIC_ID
                  : Errors.UNKNOWN_TOPIC_OR_PARTITION;
        } else if (each != null && each.hasNext()) {
          GroupError part = each.next();
          error = part == null ? Errors.NONE : KafkaErrors.of(part.code());
        }
        answered
            .partitions()
            .add(
                new OffsetCommitResponsePartition()
                    .setPartitionIndex(partition.partitionIndex())
                    .setErrorCode(error.code()));
      }
      response.topics().add(answered);
    }
    return response;
  }

  private static Errors error(KafkaRequest request, Answer<ClassicCommit> answer) {
    if (answer.error() != null) {
      request.notePartFailed(answer.error().code(), answer.error().message());
      return KafkaErrors.of(answer.error().code());
    }
    if (answer.value().refusal() != ClassicError.NONE) {
      return KafkaMemberHandlers.toError(answer.value().refusal());
    }
    GroupError error = answer.value().outcome().error();
    return error == null ? Errors.NONE : KafkaErrors.of(error.code());
  }

  // ---- fetch ----

  private void fetch(KafkaRequest request) {
    OffsetFetchRequestData body = request.body(OffsetFetchRequestData.class);
    List<OffsetFetchRequestGroup> asked =
        request.version() >= SEVERAL_GROUPS ? body.groups() : List.of(only(body));
    Gather.<OffsetFetchRequestGroup, OffsetFetchResponseGroup>all(
        asked,
        (group, done) -> fetch(request, group, done),
        found -> request.respond(toMessage(request.version(), found)));
  }

  private static OffsetFetchRequestGroup only(OffsetFetchRequestData body) {
    OffsetFetchRequestGroup group = new OffsetFetchRequestGroup().setGroupId(body.groupId());
    return group.setTopics(
        body.topics() == null
            ? null
            : body.topics().stream()
                .map(
                    topic ->
                        new OffsetFetchRequestTopics()
                            .setName(topic.name())
                            .setPartitionIndexes(topic.partitionIndexes()))
                .toList());
  }

  private void fetch(
      KafkaRequest request,
      OffsetFetchRequestGroup group,
      Consumer<OffsetFetchResponseGroup> done) {
    Set<TopicIdPartition> partitions = new TreeSet<>();
    if (group.topics() != null) {
      for (OffsetFetchRequestTopics topic : group.topics()) {
        UUID id = idOf(request.version(), topic.name(), topic.topicId());
        if (id != null) {
          topic
              .partitionIndexes()
              .forEach(index -> partitions.add(new TopicIdPartition(id, index)));
        }
      }
    }
    groups.fetchOffsets(
        group.groupId(),
        partitions,
        answer -> {
          if (answer.error() != null) {
            request.notePartFailed(answer.error().code(), answer.error().message());
          }
          done.accept(
              group.topics() == null
                  ? all(group, answer)
                  : asked(request.version(), group, answer));
        });
  }

  private static Errors error(Answer<?> answer) {
    return answer.error() == null ? Errors.NONE : KafkaErrors.of(answer.error().code());
  }

  /** Everything that the group has committed. */
  private OffsetFetchResponseGroup all(
      OffsetFetchRequestGroup group,
      Answer<NavigableMap<TopicIdPartition, CommittedOffset>> answer) {
    OffsetFetchResponseGroup response =
        new OffsetFetchResponseGroup()
            .setGroupId(group.groupId())
            .setErrorCode(error(answer).code());
    if (answer.error() != null) {
      return response;
    }
    TreeMap<UUID, OffsetFetchResponseTopics> topics = new TreeMap<>();
    answer
        .value()
        .forEach(
            (partition, offset) -> {
              TopicImage topic = names.find(partition.topicId());
              if (topic != null) {
                topics
                    .computeIfAbsent(
                        topic.id(),
                        id ->
                            new OffsetFetchResponseTopics()
                                .setName(topic.name())
                                .setTopicId(TopicNames.toMessage(id)))
                    .partitions()
                    .add(toMessage(partition.partition(), offset));
              }
            });
    return response.setTopics(new ArrayList<>(topics.values()));
  }

  private OffsetFetchResponseGroup asked(
      short version,
      OffsetFetchRequestGroup group,
      Answer<NavigableMap<TopicIdPartition, CommittedOffset>> answer) {
    OffsetFetchResponseGroup response =
        new OffsetFetchResponseGroup()
            .setGroupId(group.groupId())
            .setErrorCode(error(answer).code());
    for (OffsetFetchRequestTopics topic : group.topics()) {
      UUID id = idOf(version, topic.name(), topic.topicId());
      OffsetFetchResponseTopics answered =
          new OffsetFetchResponseTopics().setName(topic.name()).setTopicId(topic.topicId());
      Errors error = id == null && version >= TOPIC_IDS ? Errors.UNKNOWN_TOPIC_ID : error(answer);
      for (int index : topic.partitionIndexes()) {
        CommittedOffset offset =
            id == null || answer.error() != null
                ? null
                : answer.value().get(new TopicIdPartition(id, index));
        answered.partitions().add(toMessage(index, offset).setErrorCode(error.code()));
      }
      response.topics().add(answered);
    }
    return response;
  }

  /**
   * @param offset null = none is committed
   */
  private static OffsetFetchResponsePartitions toMessage(int partition, CommittedOffset offset) {
    OffsetFetchResponsePartitions message =
        new OffsetFetchResponsePartitions().setPartitionIndex(partition);
    return offset == null
        ? message.setCommittedOffset(NO_OFFSET).setMetadata("")
        : message
            .setCommittedOffset(offset.offset())
            .setCommittedLeaderEpoch(offset.leaderEpoch())
            .setMetadata(offset.metadata());
  }

  private static OffsetFetchResponseData toMessage(
      short version, List<OffsetFetchResponseGroup> found) {
    OffsetFetchResponseData response = new OffsetFetchResponseData();
    if (version >= SEVERAL_GROUPS) {
      return response.setGroups(found);
    }
    OffsetFetchResponseGroup only = found.get(0);
    response.setErrorCode(only.errorCode());
    for (OffsetFetchResponseTopics topic : only.topics()) {
      response
          .topics()
          .add(
              new OffsetFetchResponseTopic()
                  .setName(topic.name())
                  .setPartitions(
                      topic.partitions().stream()
                          .map(
                              each ->
                                  new OffsetFetchResponsePartition()
                                      .setPartitionIndex(each.partitionIndex())
                                      .setCommittedOffset(each.committedOffset())
                                      .setCommittedLeaderEpoch(each.committedLeaderEpoch())
                                      .setMetadata(each.metadata())
                                      .setErrorCode(each.errorCode()))
                          .toList()));
    }
    return response;
  }
}
