package io.tailrace.broker.kafka;

import com.google.protobuf.ByteString;
import io.tailrace.broker.group.Answer;
import io.tailrace.broker.group.ClassicGroupService;
import io.tailrace.coordinator.group.ClassicAnswer;
import io.tailrace.coordinator.group.ClassicError;
import io.tailrace.coordinator.group.ClassicJoin;
import io.tailrace.coordinator.group.ClassicMember;
import io.tailrace.coordinator.group.ClassicRequest;
import io.tailrace.coordinator.group.GroupError;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData.JoinGroupResponseMember;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Reads the requests of members of classic groups, and writes the answers. Thread-safe. */
final class KafkaMemberHandlers {
  /** The first version whose new members join with an id that the coordinator gave them. */
  private static final short IDS_FIRST = 4;

  /** Before this version, the session's timeout is that of rebalances too. */
  private static final short REBALANCE_TIMEOUT = 1;

  /** The first version in which the protocol's name may be missing. */
  private static final short NO_PROTOCOL = 7;

  /** The first version in which several members leave with one request. */
  private static final short SEVERAL_LEAVE = 3;

  /** Timeouts outside of this are brought within it. */
  private static final int MIN_TIMEOUT_MS = 500;

  private static final int MAX_TIMEOUT_MS = 24 * 3_600_000;

  private final ClassicGroupService groups;

  KafkaMemberHandlers(ClassicGroupService groups) {
    this.groups = groups;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.JOIN_GROUP, 0, 9, this::join);
    apis.add(ApiKeys.SYNC_GROUP, 0, 5, this::sync);
    apis.add(ApiKeys.HEARTBEAT, 0, 4, this::heartbeat);
    apis.add(ApiKeys.LEAVE_GROUP, 0, 5, this::leave);
  }

  static Errors toError(ClassicError error) {
    return switch (error) {
      case NONE -> Errors.NONE;
      case UNKNOWN_MEMBER -> Errors.UNKNOWN_MEMBER_ID;
      case ILLEGAL_GENERATION -> Errors.ILLEGAL_GENERATION;
      case REBALANCE_IN_PROGRESS -> Errors.REBALANCE_IN_PROGRESS;
      case MEMBER_ID_REQUIRED -> Errors.MEMBER_ID_REQUIRED;
      case INCONSISTENT_PROTOCOL -> Errors.INCONSISTENT_GROUP_PROTOCOL;
      case FENCED_INSTANCE -> Errors.FENCED_INSTANCE_ID;
    };
  }

  static String orEmpty(String text) {
    return text == null ? "" : text;
  }

  /** Counts a refusal, and gives Kafka's error for it. */
  private static Errors note(KafkaRequest request, GroupError error) {
    request.notePartFailed(error.code(), error.message());
    return KafkaErrors.of(error.code());
  }

  // ---- join ----

  private void join(KafkaRequest request) {
    JoinGroupRequestData body = request.body(JoinGroupRequestData.class);
    request.releaseFrame(); // it may wait long
    int sessionTimeoutMs = timeout(body.sessionTimeoutMs());
    ClassicJoin join =
        new ClassicJoin(
            body.groupId(),
            body.memberId(),
            newMemberId(request, body),
            orEmpty(body.groupInstanceId()),
            request.clientId(),
            request.version() >= IDS_FIRST,
            body.protocolType(),
            body.protocols().stream()
                .map(
                    each ->
                        new ClassicJoin.Protocol(each.name(), ByteString.copyFrom(each.metadata())))
                .toList(),
            sessionTimeoutMs,
            request.version() >= REBALANCE_TIMEOUT
                ? timeout(body.rebalanceTimeoutMs())
                : sessionTimeoutMs);
    Consumer<Answer<ClassicAnswer>> reply = answer -> answerJoin(request, body.memberId(), answer);
    endWaitWith(request, body.groupId(), reply);
    groups.join(join, reply);
  }

  private void endWaitWith(
      KafkaRequest request, String group, Consumer<Answer<ClassicAnswer>> reply) {
    request.onCutShort(
        () -> {
          request.hangUp();
          groups.forget(group, reply);
        });
  }

  private static String newMemberId(KafkaRequest request, JoinGroupRequestData body) {
    String prefix = body.groupInstanceId() == null ? request.clientId() : body.groupInstanceId();
    return prefix + "-" + UUID.randomUUID();
  }

  private static int timeout(int ms) {
    return Math.max(MIN_TIMEOUT_MS, Math.min(MAX_TIMEOUT_MS, ms));
  }

  private static void answerJoin(
      KafkaRequest request, String memberId, Answer<ClassicAnswer> answer) {
    JoinGroupResponseData response =
        new JoinGroupResponseData()
            .setProtocolName(request.version() >= NO_PROTOCOL ? null : "")
            .setMemberId(memberId);
    if (answer.error() != null) {
      response.setErrorCode(note(request, answer.error()).code());
    } else if (answer.value() instanceof ClassicAnswer.Plain plain) {
      response.setErrorCode(toError(plain.error()).code()).setMemberId(plain.memberId());
    } else if (answer.value() instanceof ClassicAnswer.Joined joined) {
      response
          .setGenerationId(joined.generation())
          .setProtocolType(joined.protocolType())
          .setProtocolName(joined.protocol())
          .setLeader(joined.leader())
          .setMemberId(joined.memberId());
      for (ClassicMember member : joined.members()) {
        response
            .members()
            .add(
                new JoinGroupResponseMember()
                    .setMemberId(member.id())
                    .setGroupInstanceId(member.instanceId().isEmpty() ? null : member.instanceId())
                    .setMetadata(member.metadata().toByteArray()));
      }
    }
    request.respond(response);
  }

  // ---- sync ----

  private void sync(KafkaRequest request) {
    SyncGroupRequestData body = request.body(SyncGroupRequestData.class);
    request.releaseFrame();
    Map<String, ByteString> assignments = new HashMap<>();
    body.assignments()
        .forEach(each -> assignments.put(each.memberId(), ByteString.copyFrom(each.assignment())));
    Consumer<Answer<ClassicAnswer>> reply = answer -> answerSync(request, answer);
    endWaitWith(request, body.groupId(), reply);
    groups.sync(
        new ClassicRequest(
            body.groupId(), body.memberId(), orEmpty(body.groupInstanceId()), body.generationId()),
        orEmpty(body.protocolType()),
        orEmpty(body.protocolName()),
        assignments,
        reply);
  }

  private static void answerSync(KafkaRequest request, Answer<ClassicAnswer> answer) {
    SyncGroupResponseData response = new SyncGroupResponseData();
    if (answer.error() != null) {
      response.setErrorCode(note(request, answer.error()).code());
    } else if (answer.value() instanceof ClassicAnswer.Plain plain) {
      response.setErrorCode(toError(plain.error()).code());
    } else if (answer.value() instanceof ClassicAnswer.Synced synced) {
      response
          .setProtocolType(synced.protocolType())
          .setProtocolName(synced.protocol())
          .setAssignment(synced.assignment().toByteArray());
    }
    request.respond(response);
  }

  // ---- heartbeat and leave ----

  private void heartbeat(KafkaRequest request) {
    HeartbeatRequestData body = request.body(HeartbeatRequestData.class);
    groups.heartbeat(
        new ClassicRequest(
            body.groupId(), body.memberId(), orEmpty(body.groupInstanceId()), body.generationId()),
        answer -> {
          HeartbeatResponseData response = new HeartbeatResponseData();
          if (answer.error() != null) {
            response.setErrorCode(note(request, answer.error()).code());
          } else if (answer.value() instanceof ClassicAnswer.Plain plain) {
            response.setErrorCode(toError(plain.error()).code());
          }
          request.respond(response);
        });
  }

  private void leave(KafkaRequest request) {
    LeaveGroupRequestData body = request.body(LeaveGroupRequestData.class);
    List<MemberIdentity> members =
        request.version() >= SEVERAL_LEAVE
            ? body.members()
            : List.of(new MemberIdentity().setMemberId(body.memberId()));
    groups.leave(
        body.groupId(),
        members.stream()
            .map(
                member ->
                    new ClassicRequest(
                        body.groupId(), member.memberId(), orEmpty(member.groupInstanceId()), -1))
            .toList(),
        answer -> request.respond(left(request, members, answer)));
  }

  private static LeaveGroupResponseData left(
      KafkaRequest request, List<MemberIdentity> members, Answer<List<ClassicError>> answer) {
    LeaveGroupResponseData response = new LeaveGroupResponseData();
    if (answer.error() != null) {
      return response.setErrorCode(note(request, answer.error()).code());
    }
    if (request.version() < SEVERAL_LEAVE) {
      return response.setErrorCode(toError(answer.value().get(0)).code());
    }
    for (int i = 0; i < members.size(); i++) {
      response
          .members()
          .add(
              new MemberResponse()
                  .setMemberId(members.get(i).memberId())
                  .setGroupInstanceId(members.get(i).groupInstanceId())
                  .setErrorCode(toError(answer.value().get(i)).code()));
    }
    return response;
  }
}
