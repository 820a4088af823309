package io.tailrace.client.admin;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.tailrace.client.GroupDescription;
import io.tailrace.client.GroupMemberDescription;
import io.tailrace.client.GroupSummary;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.consumer.GroupCoordinator;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.CommitOffsetsResponse;
import io.tailrace.protocol.message.CommittedPartition;
import io.tailrace.protocol.message.DeleteGroupRequest;
import io.tailrace.protocol.message.DeleteGroupResponse;
import io.tailrace.protocol.message.DescribeGroupRequest;
import io.tailrace.protocol.message.DescribeGroupResponse;
import io.tailrace.protocol.message.FetchOffsetsRequest;
import io.tailrace.protocol.message.FetchOffsetsResponse;
import io.tailrace.protocol.message.GroupMemberInfo;
import io.tailrace.protocol.message.GroupPartitions;
import io.tailrace.protocol.message.ListGroupsRequest;
import io.tailrace.protocol.message.ListGroupsResponse;
import io.tailrace.protocol.message.PartitionCommit;
import io.tailrace.protocol.message.PartitionCommitResult;
import io.tailrace.protocol.message.TopicCommit;
import io.tailrace.protocol.message.Uuid;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** The part of the admin that is about consumer groups. Thread-safe. */
final class GroupAdmin {
  private final ClusterAccess cluster;

  GroupAdmin(ClusterAccess cluster) {
    this.cluster = cluster;
  }

  /**
   * Lists the groups of these brokers.
   *
   * @param brokers all that are alive
   */
  CompletableFuture<List<GroupSummary>> list(Collection<Integer> brokers) {
    Call<ListGroupsResponse> call =
        new Call<>(
            ApiKey.LIST_GROUPS,
            ListGroupsRequest.getDefaultInstance(),
            ListGroupsResponse.parser(),
            ListGroupsResponse::getErrorCode,
            ListGroupsResponse::getErrorMessage,
            true,
            "the groups");
    List<CompletableFuture<ListGroupsResponse>> answers =
        brokers.stream().map(broker -> cluster.calls().broker(broker, call)).toList();
    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            all ->
                answers.stream()
                    .flatMap(answer -> answer.join().getGroupsList().stream())
                    .map(
                        group ->
                            new GroupSummary(
                                group.getGroupId(),
                                group.getState(),
                                group.getMembers(),
                                group.getAssignor()))
                    .sorted(Comparator.comparing(GroupSummary::name))
                    .toList());
  }

  CompletableFuture<GroupDescription> describe(String group) {
    return ask(
            group,
            ApiKey.DESCRIBE_GROUP,
            DescribeGroupRequest.newBuilder().setGroupId(group).build(),
            DescribeGroupResponse.parser(),
            DescribeGroupResponse::getErrorCode,
            DescribeGroupResponse::getErrorMessage,
            true)
        .thenApply(
            response ->
                new GroupDescription(
                    group,
                    response.getState(),
                    response.getGroupEpoch(),
                    response.getAssignor(),
                    response.getMembersList().stream()
                        .map(
                            member ->
                                member(
                                    member.getMemberId(),
                                    member.getMemberEpoch(),
                                    member.getInfo(),
                                    partitions(member.getAssignedList()),
                                    partitions(member.getRevokingList())))
                        .toList()));
  }

  private static GroupMemberDescription member(
      String id,
      int epoch,
      GroupMemberInfo info,
      List<TopicPartition> assigned,
      List<TopicPartition> revoking) {
    return new GroupMemberDescription(
        id,
        info.getInstanceId(),
        info.getClientId(),
        epoch,
        List.copyOf(info.getTopicsList()),
        info.getPattern(),
        assigned,
        revoking);
  }

  private static List<TopicPartition> partitions(List<GroupPartitions> topics) {
    List<TopicPartition> all = new ArrayList<>();
    for (GroupPartitions topic : topics) {
      topic
          .getPartitionsList()
          .forEach(each -> all.add(new TopicPartition(topic.getTopic(), each)));
    }
    return all.stream().sorted().toList();
  }

  CompletableFuture<Void> delete(String group) {
    return ask(
            group,
            ApiKey.DELETE_GROUP,
            DeleteGroupRequest.newBuilder().setGroupId(group).build(),
            DeleteGroupResponse.parser(),
            DeleteGroupResponse::getErrorCode,
            DeleteGroupResponse::getErrorMessage,
            false)
        .thenApply(response -> null);
  }

  /** The committed offsets of the topics that there are. */
  CompletableFuture<Map<TopicPartition, Long>> offsets(String group) {
    return ask(
            group,
            ApiKey.FETCH_OFFSETS,
            FetchOffsetsRequest.newBuilder().setGroupId(group).build(),
            FetchOffsetsResponse.parser(),
            FetchOffsetsResponse::getErrorCode,
            FetchOffsetsResponse::getErrorMessage,
            true)
        .thenCompose(response -> ofTopicsThatAre(response.getPartitionsList()));
  }

  private CompletableFuture<Map<TopicPartition, Long>> ofTopicsThatAre(
      List<CommittedPartition> committed) {
    Set<String> names =
        committed.stream().map(CommittedPartition::getTopic).collect(Collectors.toSet());
    return topics(names, true)
        .thenApply(
            ids -> {
              Map<TopicPartition, Long> offsets = new TreeMap<>();
              for (CommittedPartition each : committed) {
                if (each.getTopicId().equals(ids.get(each.getTopic()))) {
                  offsets.put(
                      new TopicPartition(each.getTopic(), each.getPartition()), each.getOffset());
                }
              }
              return offsets;
            });
  }

  /** Finds the topics' ids; those that are not there are left out, or fail. */
  private CompletableFuture<Map<String, Uuid>> topics(Collection<String> names, boolean leaveOut) {
    Map<String, CompletableFuture<TopicView>> views = new HashMap<>();
    int timeoutMs = cluster.network().config().requestTimeoutMs();
    for (String name : names) {
      CompletableFuture<TopicView> view = cluster.metadata().awaitTopic(name, timeoutMs);
      views.put(name, leaveOut ? view.exceptionally(GroupAdmin::nullIfUnknown) : view);
    }
    return CompletableFuture.allOf(views.values().toArray(CompletableFuture<?>[]::new))
        .thenApply(
            all -> {
              Map<String, Uuid> ids = new HashMap<>();
              views.forEach(
                  (name, view) -> {
                    if (view.join() != null) {
                      ids.put(name, view.join().id());
                    }
                  });
              return ids;
            });
  }

  private static TopicView nullIfUnknown(Throwable error) {
    TailraceException cause = TailraceException.of(error);
    if (cause.code() == ErrorCode.UNKNOWN_TOPIC) {
      return null;
    }
    throw cause;
  }

  CompletableFuture<Void> setOffsets(String group, Map<TopicPartition, Long> offsets) {
    Map<String, Map<Integer, Long>> byTopic = new TreeMap<>();
    offsets.forEach(
        (partition, offset) ->
            byTopic
                .computeIfAbsent(partition.topic(), topic -> new TreeMap<>())
                .put(partition.partition(), offset));
    return topics(new TreeSet<>(byTopic.keySet()), false)
        .thenCompose(ids -> commit(group, byTopic, ids));
  }

  private CompletableFuture<Void> commit(
      String group, Map<String, Map<Integer, Long>> byTopic, Map<String, Uuid> ids) {
    CommitOffsetsRequest.Builder request = CommitOffsetsRequest.newBuilder().setGroupId(group);
    byTopic.forEach(
        (name, offsets) -> {
          TopicCommit.Builder topic = request.addTopicsBuilder().setTopicId(ids.get(name));
          offsets.forEach(
              (partition, offset) ->
                  topic.addPartitions(
                      PartitionCommit.newBuilder().setPartition(partition).setOffset(offset)));
        });
    return ask(
            group,
            ApiKey.COMMIT_OFFSETS,
            request.build(),
            CommitOffsetsResponse.parser(),
            GroupAdmin::firstError,
            GroupAdmin::firstMessage,
            true)
        .thenApply(response -> null);
  }

  private static int firstError(CommitOffsetsResponse response) {
    return response.getErrorCode() != 0
        ? response.getErrorCode()
        : response.getResultsList().stream()
            .mapToInt(PartitionCommitResult::getErrorCode)
            .filter(code -> code != 0)
            .findFirst()
            .orElse(0);
  }

  private static String firstMessage(CommitOffsetsResponse response) {
    return response.getErrorCode() != 0
        ? response.getErrorMessage()
        : response.getResultsList().stream()
            .filter(result -> result.getErrorCode() != 0)
            .map(PartitionCommitResult::getErrorMessage)
            .findFirst()
            .orElse("");
  }

  private <R extends MessageLite> CompletableFuture<R> ask(
      String group,
      ApiKey api,
      MessageLite body,
      Parser<R> parser,
      ToIntFunction<R> errorCode,
      Function<R, String> errorMessage,
      boolean repeatable) {
    return cluster
        .calls()
        .at(
            new GroupCoordinator(group, cluster),
            new Call<>(
                api, body, parser, errorCode, errorMessage, repeatable, "group '" + group + "'"));
  }
}
