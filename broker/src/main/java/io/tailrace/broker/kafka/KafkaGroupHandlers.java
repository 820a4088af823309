package io.tailrace.broker.kafka;

import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.ClassicGroupService;
import io.tailrace.broker.group.GroupService;
import io.tailrace.broker.group.GroupSummary;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.ClassicCoordinator;
import io.tailrace.coordinator.group.ClassicMember;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.TopicIdPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResult;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroupMember;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponsePartition;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Lists, describes and deletes groups, of both kinds, for clients of Kafka. Thread-safe. */
final class KafkaGroupHandlers {
  /** The first version that says of a group that does not exist that it does not. */
  private static final short NOT_FOUND = 6;

  private static final String CONSUMER = "consumer";
  private static final String CLASSIC = "classic";

  private final GroupService groups;
  private final ClassicGroupService classic;
  private final ClusterStore cluster;

  KafkaGroupHandlers(GroupService groups, ClassicGroupService classic, ClusterStore cluster) {
    this.groups = groups;
    this.classic = classic;
    this.cluster = cluster;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.LIST_GROUPS, 0, 5, this::list);
    apis.add(ApiKeys.DESCRIBE_GROUPS, 0, 6, this::describe);
    apis.add(ApiKeys.DELETE_GROUPS, 0, 2, this::delete);
    apis.add(ApiKeys.OFFSET_DELETE, 0, 0, this::deleteOffsets);
  }

  private static Errors note(KafkaRequest request, GroupError error) {
    if (error == null) {
      return Errors.NONE;
    }
    request.notePartFailed(error.code(), error.message());
    return KafkaErrors.of(error.code());
  }

  // ---- list ----

  private void list(KafkaRequest request) {
    ListGroupsRequestData body = request.body(ListGroupsRequestData.class);
    groups.list(
        answer -> {
          ListGroupsResponseData response =
              new ListGroupsResponseData().setErrorCode(note(request, answer.error()).code());
          if (answer.error() == null) {
            answer.value().stream()
                .map(KafkaGroupHandlers::toMessage)
                .filter(
                    group ->
                        has(body.statesFilter(), group.groupState())
                            && has(body.typesFilter(), group.groupType()))
                .forEach(response.groups()::add);
          }
          request.respond(response);
        });
  }

  private static boolean has(List<String> filter, String value) {
    return filter.isEmpty()
        || filter.stream()
            .anyMatch(each -> each.toLowerCase(Locale.ROOT).equals(value.toLowerCase(Locale.ROOT)));
  }

  private static ListedGroup toMessage(GroupSummary group) {
    boolean isClassic = !group.classicType().isEmpty();
    String state =
        switch (group.state()) {
          case "empty" -> "Empty";
          case "stable" -> "Stable";
          default -> isClassic ? "PreparingRebalance" : "Reconciling";
        };
    return new ListedGroup()
        .setGroupId(group.group())
        .setProtocolType(isClassic ? group.classicType() : CONSUMER)
        .setGroupState(state)
        .setGroupType(isClassic ? CLASSIC : CONSUMER);
  }

  // ---- describe ----

  private void describe(KafkaRequest request) {
    DescribeGroupsRequestData body = request.body(DescribeGroupsRequestData.class);
    Gather.<String, DescribedGroup>all(
        body.groups(),
        (group, done) ->
            classic.describe(group, answer -> done.accept(toMessage(request, group, answer))),
        described -> request.respond(new DescribeGroupsResponseData().setGroups(described)));
  }

  private static DescribedGroup toMessage(
      KafkaRequest request, String group, Answer<ClassicCoordinator.Description> answer) {
    DescribedGroup message = new DescribedGroup().setGroupId(group);
    if (answer.error() != null) {
      return message.setErrorCode(note(request, answer.error()).code());
    }
    ClassicCoordinator.Description found = answer.value();
    if (found == null) {
      message.setGroupState("Dead");
      return request.version() < NOT_FOUND
          ? message
          : message
              .setErrorCode(Errors.GROUP_ID_NOT_FOUND.code())
              .setErrorMessage("there is no classic group '" + group + "'");
    }
    message
        .setGroupState(found.phase())
        .setProtocolType(found.protocolType())
        .setProtocolData(found.protocol());
    for (ClassicMember member : found.members()) {
      message
          .members()
          .add(
              new DescribedGroupMember()
                  .setMemberId(member.id())
                  .setGroupInstanceId(member.instanceId().isEmpty() ? null : member.instanceId())
                  .setClientId(member.clientId())
                  .setMemberMetadata(member.metadata().toByteArray())
                  .setMemberAssignment(member.assignment().toByteArray()));
    }
    return message;
  }

  // ---- delete ----

  private void delete(KafkaRequest request) {
    DeleteGroupsRequestData body = request.body(DeleteGroupsRequestData.class);
    Gather.<String, DeletableGroupResult>all(
        body.groupsNames(),
        (group, done) -> delete(request, group, done),
        results -> {
          DeleteGroupsResponseData response = new DeleteGroupsResponseData();
          response.results().addAll(results);
          request.respond(response);
        });
  }

  private void delete(KafkaRequest request, String group, Consumer<DeletableGroupResult> done) {
    groups.delete(
        group,
        answer -> {
          GroupError error = answer.error() == null ? answer.value() : answer.error();
          done.accept(
              new DeletableGroupResult()
                  .setGroupId(group)
                  .setErrorCode(note(request, error).code()));
        });
  }

  private void deleteOffsets(KafkaRequest request) {
    OffsetDeleteRequestData body = request.body(OffsetDeleteRequestData.class);
    Set<TopicIdPartition> partitions = new TreeSet<>();
    for (OffsetDeleteRequestTopic topic : body.topics()) {
      TopicImage known = cluster.image().topics().get(topic.name());
      if (known != null) {
        topic
            .partitions()
            .forEach(
                each -> partitions.add(new TopicIdPartition(known.id(), each.partitionIndex())));
      }
    }
    classic.forgetOffsets(
        body.groupId(),
        partitions,
        answer -> {
          OffsetDeleteResponseData response = new OffsetDeleteResponseData();
          GroupError error = answer.error() == null ? answer.value() : answer.error();
          if (error != null) {
            request.respond(response.setErrorCode(note(request, error).code()));
            return;
          }
          for (OffsetDeleteRequestTopic topic : body.topics()) {
            boolean known = cluster.image().topics().containsKey(topic.name());
            OffsetDeleteResponseTopic answered =
                new OffsetDeleteResponseTopic().setName(topic.name());
            topic
                .partitions()
                .forEach(
                    each ->
                        answered
                            .partitions()
                            .add(
                                new OffsetDeleteResponsePartition()
                                    .setPartitionIndex(each.partitionIndex())
                                    .setErrorCode(
                                        KafkaErrors.of(
                                                known ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC)
                                            .code())));
            response.topics().add(answered);
          }
          request.respond(response);
        });
  }
}
