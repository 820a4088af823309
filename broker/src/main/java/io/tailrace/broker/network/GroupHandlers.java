package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.GroupService;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.coordinator.group.OffsetCommits;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.CommitOffsetsResponse;
import io.tailrace.protocol.message.DeleteGroupRequest;
import io.tailrace.protocol.message.DeleteGroupResponse;
import io.tailrace.protocol.message.DescribeGroupRequest;
import io.tailrace.protocol.message.DescribeGroupResponse;
import io.tailrace.protocol.message.FetchOffsetsRequest;
import io.tailrace.protocol.message.FetchOffsetsResponse;
import io.tailrace.protocol.message.FindCoordinatorRequest;
import io.tailrace.protocol.message.FindCoordinatorResponse;
import io.tailrace.protocol.message.GroupHeartbeatRequest;
import io.tailrace.protocol.message.GroupHeartbeatResponse;
import io.tailrace.protocol.message.ListGroupsResponse;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Reads requests about consumer groups for the {@link GroupService}, and writes its answers. */
final class GroupHandlers {
  private final GroupService service;

  GroupHandlers(GroupService service) {
    this.service = service;
  }

  void addTo(Map<ApiKey, RequestHandler> handlers) {
    handlers.put(ApiKey.FIND_COORDINATOR, this::findCoordinator);
    handlers.put(ApiKey.GROUP_HEARTBEAT, this::heartbeat);
    handlers.put(ApiKey.COMMIT_OFFSETS, this::commit);
    handlers.put(ApiKey.FETCH_OFFSETS, this::fetchOffsets);
    handlers.put(ApiKey.LIST_GROUPS, this::list);
    handlers.put(ApiKey.DESCRIBE_GROUP, this::describe);
    handlers.put(ApiKey.DELETE_GROUP, this::delete);
  }

  private static <R> void answer(
      Request request,
      Answer<R> answer,
      Function<R, MessageLite> done,
      BiFunction<Integer, String, MessageLite> failed) {
    GroupError error = answer.error();
    if (error == null) {
      request.guard(() -> request.respond(done.apply(answer.value()))).run();
    } else {
      request.notePartFailed(error.code(), error.message());
      request.respond(failed.apply(error.code().number(), error.message()));
    }
  }

  private void findCoordinator(Request request) throws InvalidProtocolBufferException {
    FindCoordinatorRequest body = request.frame().body(FindCoordinatorRequest.parser());
    service.findCoordinator(
        body.getGroupId(),
        answer ->
            answer(
                request,
                answer,
                broker -> FindCoordinatorResponse.newBuilder().setBrokerId(broker).build(),
                (code, message) ->
                    FindCoordinatorResponse.newBuilder()
                        .setErrorCode(code)
                        .setErrorMessage(message)
                        .build()));
  }

  private void heartbeat(Request request) throws InvalidProtocolBufferException {
    GroupHeartbeatRequest body = request.frame().body(GroupHeartbeatRequest.parser());
    if (body.getMemberId().isEmpty()) {
      request.fail(ErrorCode.INVALID_REQUEST, "a heartbeat must name its member");
      return;
    }
    request.releaseFrame(); // it may wait for long
    request.onCutShort(() -> request.respond(shuttingDown()));
    service.heartbeat(
        GroupMessages.toQuery(body),
        Integer.toUnsignedLong(body.getMaxWaitMs()),
        request.life(),
        answer -> answer(request, answer, this::toMessage, GroupHandlers::heartbeatFailed));
  }

  private static MessageLite shuttingDown() {
    return heartbeatFailed(
        ErrorCode.NOT_COORDINATOR.number(), "the broker is shutting down; ask for the coordinator");
  }

  private MessageLite toMessage(Assignment assignment) {
    if (assignment == null) {
      return GroupHeartbeatResponse.getDefaultInstance();
    }
    return GroupHeartbeatResponse.newBuilder()
        .setMemberEpoch(assignment.memberEpoch())
        .addAllAssigned(GroupMessages.toMessages(assignment.partitions(), service::topicName))
        .build();
  }

  private static MessageLite heartbeatFailed(int code, String message) {
    return GroupHeartbeatResponse.newBuilder().setErrorCode(code).setErrorMessage(message).build();
  }

  private void commit(Request request) throws InvalidProtocolBufferException {
    CommitOffsetsRequest body = request.frame().body(CommitOffsetsRequest.parser());
    service.commit(
        body.getGroupId(),
        body.getMemberId(),
        body.getMemberEpoch(),
        GroupMessages.toParts(body),
        answer ->
            answer(
                request,
                answer,
                outcome -> toMessage(request, outcome),
                GroupHandlers::commitFailed));
  }

  private static MessageLite toMessage(Request request, OffsetCommits.Outcome outcome) {
    GroupError error = outcome.error();
    if (error != null) {
      request.notePartFailed(error.code(), error.message());
      return commitFailed(error.code().number(), error.message());
    }
    CommitOffsetsResponse.Builder response = CommitOffsetsResponse.newBuilder();
    if (outcome.parts().stream().anyMatch(part -> part != null)) {
      for (GroupError part : outcome.parts()) {
        if (part != null) {
          request.notePartFailed(part.code(), part.message());
        }
        response.addResults(GroupMessages.toMessage(part));
      }
    }
    return response.build();
  }

  private static MessageLite commitFailed(int code, String message) {
    return CommitOffsetsResponse.newBuilder().setErrorCode(code).setErrorMessage(message).build();
  }

  private void fetchOffsets(Request request) throws InvalidProtocolBufferException {
    FetchOffsetsRequest body = request.frame().body(FetchOffsetsRequest.parser());
    service.fetchOffsets(
        body.getGroupId(),
        GroupMessages.toPartitions(body.getPartitionsList()),
        answer ->
            answer(
                request,
                answer,
                offsets ->
                    FetchOffsetsResponse.newBuilder()
                        .addAllPartitions(GroupMessages.toMessages(offsets, service::topicName))
                        .build(),
                (code, message) ->
                    FetchOffsetsResponse.newBuilder()
                        .setErrorCode(code)
                        .setErrorMessage(message)
                        .build()));
  }

  private void list(Request request) {
    service.list(
        answer ->
            answer(
                request,
                answer,
                groups ->
                    ListGroupsResponse.newBuilder()
                        .addAllGroups(groups.stream().map(GroupMessages::toMessage).toList())
                        .build(),
                (code, message) ->
                    ListGroupsResponse.newBuilder()
                        .setErrorCode(code)
                        .setErrorMessage(message)
                        .build()));
  }

  private void describe(Request request) throws InvalidProtocolBufferException {
    String group = request.frame().body(DescribeGroupRequest.parser()).getGroupId();
    service.describe(
        group,
        answer ->
            answer(
                request,
                answer,
                found ->
                    found == null
                        ? describeFailed(
                            ErrorCode.UNKNOWN_GROUP.number(), "there is no group '" + group + "'")
                        : GroupMessages.toMessage(found, service::topicName),
                GroupHandlers::describeFailed));
  }

  private static MessageLite describeFailed(int code, String message) {
    return DescribeGroupResponse.newBuilder().setErrorCode(code).setErrorMessage(message).build();
  }

  private void delete(Request request) throws InvalidProtocolBufferException {
    DeleteGroupRequest body = request.frame().body(DeleteGroupRequest.parser());
    service.delete(
        body.getGroupId(),
        answer ->
            answer(
                request,
                answer,
                refusal ->
                    refusal == null
                        ? DeleteGroupResponse.getDefaultInstance()
                        : deleteFailed(refusal.code().number(), refusal.message()),
                GroupHandlers::deleteFailed));
  }

  private static MessageLite deleteFailed(int code, String message) {
    return DeleteGroupResponse.newBuilder().setErrorCode(code).setErrorMessage(message).build();
  }
}
