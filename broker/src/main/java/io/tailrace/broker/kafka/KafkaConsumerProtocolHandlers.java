package io.tailrace.broker.kafka;

import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.ConsumerProtocolService;
import io.tailrace.broker.group.GroupDescription;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.ConsumerHeartbeat;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.GroupMember;
import io.tailrace.coordinator.group.MemberChange;
import io.tailrace.coordinator.group.TopicIdPartition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.DescribedGroup;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData.Member;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Reads the requests of members that use Kafka's consumer protocol (KIP-848), and writes the
 * answers. Thread-safe.
 */
final class KafkaConsumerProtocolHandlers {
  /** The first version whose members choose their ids themselves. */
  private static final short OWN_IDS = 1;

  /** A member that joins. */
  private static final int JOIN = 0;

  /** A member that leaves. */
  private static final int LEAVE = -1;

  /** A static member that stops, and whose partitions wait for its return. */
  private static final int STOP = -2;

  /** How often members are to be heard of; their sessions are as long as Kafka's. */
  private static final int INTERVAL_MS = 2_000;

  /** The same of members whose partitions are on the move. */
  private static final int MOVING_INTERVAL_MS = 500;

  private static final int SESSION_TIMEOUT_MS = 45_000;
  private static final int MAX_TIMEOUT_MS = 24 * 3_600_000;
  private static final byte CONSUMER_MEMBER = 1;

  private final ConsumerProtocolService groups;
  private final TopicNames names;

  KafkaConsumerProtocolHandlers(ConsumerProtocolService groups, TopicNames names) {
    this.groups = groups;
    this.names = names;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 0, 1, this::heartbeat);
    apis.add(ApiKeys.CONSUMER_GROUP_DESCRIBE, 0, 1, this::describe);
  }

  // ---- heartbeat ----

  private void heartbeat(KafkaRequest request) {
    ConsumerGroupHeartbeatRequestData body = request.body(ConsumerGroupHeartbeatRequestData.class);
    String problem = problem(request.version(), body);
    String badPattern = ConsumerProtocolService.patternProblem(body.subscribedTopicRegex());
    if (problem != null) {
      request.fail(Errors.INVALID_REQUEST, problem);
      return;
    }
    if (badPattern != null) {
      request.fail(Errors.INVALID_REGULAR_EXPRESSION, badPattern);
      return;
    }
    ConsumerHeartbeat heartbeat = toHeartbeat(request, body);
    boolean tellsAll = body.memberEpoch() == JOIN || body.topicPartitions() != null;
    groups.heartbeat(
        heartbeat,
        answer -> request.respond(toMessage(request, body, heartbeat, tellsAll, answer)));
  }

  /** Why a heartbeat makes no sense, as Kafka checks it; null when it does. */
  static String problem(short version, ConsumerGroupHeartbeatRequestData body) {
    int epoch = body.memberEpoch();
    if (body.memberId().isEmpty() && (version >= OWN_IDS || epoch != JOIN)) {
      return "the member's id is missing";
    }
    if (epoch < STOP || (epoch == STOP && body.instanceId() == null)) {
      return "a member epoch is at least -1, or -2 of a static member";
    }
    if (body.instanceId() != null && body.instanceId().isEmpty()) {
      return "the instance id is empty";
    }
    if (epoch != JOIN) {
      return null;
    }
    if (body.rebalanceTimeoutMs() < 0) {
      return "a member that joins must say its rebalance timeout";
    }
    if (body.subscribedTopicNames() == null && body.subscribedTopicRegex() == null) {
      return "a member that joins must say what it subscribes to";
    }
    return body.topicPartitions() != null && !body.topicPartitions().isEmpty()
        ? "a member that joins owns no partitions"
        : null;
  }

  private static ConsumerHeartbeat toHeartbeat(
      KafkaRequest request, ConsumerGroupHeartbeatRequestData body) {
    Set<TopicIdPartition> owned = null;
    if (body.topicPartitions() != null) {
      owned = new TreeSet<>();
      for (ConsumerGroupHeartbeatRequestData.TopicPartitions topic : body.topicPartitions()) {
        UUID id = TopicNames.toId(topic.topicId());
        for (int partition : topic.partitions()) {
          owned.add(new TopicIdPartition(id, partition));
        }
      }
    }
    return new ConsumerHeartbeat(
        body.groupId(),
        body.memberId().isEmpty() ? UUID.randomUUID().toString() : body.memberId(),
        request.sequence(),
        Math.max(JOIN, body.memberEpoch()),
        body.memberEpoch() <= LEAVE,
        new MemberChange(
            body.subscribedTopicNames() == null ? null : Set.copyOf(body.subscribedTopicNames()),
            body.subscribedTopicRegex(),
            body.serverAssignor(),
            body.instanceId(),
            request.clientId(),
            SESSION_TIMEOUT_MS,
            Math.min(MAX_TIMEOUT_MS, body.rebalanceTimeoutMs())),
        owned);
  }

  private static ConsumerGroupHeartbeatResponseData toMessage(
      KafkaRequest request,
      ConsumerGroupHeartbeatRequestData body,
      ConsumerHeartbeat heartbeat,
      boolean tellsAll,
      Answer<Assignment> answer) {
    ConsumerGroupHeartbeatResponseData response = new ConsumerGroupHeartbeatResponseData();
    if (answer.error() != null) {
      GroupError error = answer.error();
      return response
          .setErrorCode(note(request, error).code())
          .setErrorMessage(error.message())
          .setMemberId(heartbeat.memberId());
    }
    Assignment assignment = answer.value();
    if (assignment == null) {
      return response.setMemberId(heartbeat.memberId()).setMemberEpoch(body.memberEpoch());
    }
    response
        .setMemberId(heartbeat.memberId())
        .setMemberEpoch(assignment.memberEpoch())
        .setHeartbeatIntervalMs(assignment.settled() ? INTERVAL_MS : MOVING_INTERVAL_MS);
    return tellsAll || assignment.memberEpoch() != body.memberEpoch()
        ? response.setAssignment(toMessage(assignment.partitions()))
        : response; // the member knows it
  }

  private static ConsumerGroupHeartbeatResponseData.Assignment toMessage(
      Collection<TopicIdPartition> partitions) {
    ConsumerGroupHeartbeatResponseData.Assignment message =
        new ConsumerGroupHeartbeatResponseData.Assignment();
    byTopic(partitions)
        .forEach(
            (id, indexes) ->
                message
                    .topicPartitions()
                    .add(
                        new ConsumerGroupHeartbeatResponseData.TopicPartitions()
                            .setTopicId(TopicNames.toMessage(id))
                            .setPartitions(indexes)));
    return message;
  }

  private static Map<UUID, List<Integer>> byTopic(Collection<TopicIdPartition> partitions) {
    Map<UUID, List<Integer>> topics = new TreeMap<>();
    partitions.forEach(
        each ->
            topics.computeIfAbsent(each.topicId(), id -> new ArrayList<>()).add(each.partition()));
    return topics;
  }

  private static Errors note(KafkaRequest request, GroupError error) {
    request.notePartFailed(error.code(), error.message());
    return KafkaErrors.of(error.code());
  }

  // ---- describe ----

  private void describe(KafkaRequest request) {
    Gather.<String, DescribedGroup>all(
        request.body(ConsumerGroupDescribeRequestData.class).groupIds(),
        (group, done) -> describe(request, group, done),
        described -> request.respond(new ConsumerGroupDescribeResponseData().setGroups(described)));
  }

  private void describe(KafkaRequest request, String group, Consumer<DescribedGroup> done) {
    groups.describe(
        group,
        answer -> {
          DescribedGroup message = new DescribedGroup().setGroupId(group);
          if (answer.error() != null) {
            message
                .setErrorCode(note(request, answer.error()).code())
                .setErrorMessage(answer.error().message());
          } else if (answer.value() == null) {
            message
                .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
                .setErrorMessage("there is no consumer group '" + group + "'");
          } else {
            fill(message, answer.value());
          }
          done.accept(message);
        });
  }

  private void fill(DescribedGroup message, GroupDescription group) {
    message
        .setGroupState(
            switch (group.state()) {
              case "empty" -> "Empty";
              case "stable" -> "Stable";
              default -> "Reconciling";
            })
        .setGroupEpoch(group.epoch())
        .setAssignmentEpoch(group.epoch())
        .setAssignorName(group.assignor());
    for (GroupMember member : group.members()) {
      message
          .members()
          .add(
              new Member()
                  .setMemberId(member.id())
                  .setInstanceId(member.info().isStatic() ? member.info().instanceId() : null)
                  .setMemberEpoch(member.epoch())
                  .setClientId(member.info().clientId())
                  .setSubscribedTopicNames(List.copyOf(member.info().topics()))
                  .setSubscribedTopicRegex(
                      member.info().pattern().isEmpty() ? null : member.info().pattern())
                  .setAssignment(toAssignment(member.assigned().keySet()))
                  .setTargetAssignment(toAssignment(member.target()))
                  .setMemberType(CONSUMER_MEMBER));
    }
  }

  private ConsumerGroupDescribeResponseData.Assignment toAssignment(
      Collection<TopicIdPartition> partitions) {
    ConsumerGroupDescribeResponseData.Assignment message =
        new ConsumerGroupDescribeResponseData.Assignment();
    byTopic(partitions)
        .forEach(
            (id, indexes) -> {
              TopicImage topic = names.find(id);
              if (topic != null) {
                message
                    .topicPartitions()
                    .add(
                        new ConsumerGroupDescribeResponseData.TopicPartitions()
                            .setTopicId(TopicNames.toMessage(id))
                            .setTopicName(topic.name())
                            .setPartitions(indexes));
              }
            });
    return message;
  }
}
