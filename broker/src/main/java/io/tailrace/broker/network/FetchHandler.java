package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.service.FetchBounds;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FollowerFetch;
import io.tailrace.broker.service.SessionQuery;
import io.tailrace.broker.service.SessionResult;
import io.tailrace.broker.service.SlotQuery;
import io.tailrace.broker.service.SlotResult;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.EpochEnd;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FetchSessionState;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.topic.Ids;
import java.util.List;
import java.util.stream.Stream;

/** Reads fetch requests for the {@link FetchService}, and writes its results. */
final class FetchHandler implements RequestHandler {
  private final FetchService service;

  FetchHandler(FetchService service) {
    this.service = service;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    FetchRequest body = request.frame().body(FetchRequest.parser());
    request.releaseFrame(); // it may wait long
    FetchBounds bounds =
        new FetchBounds(
            Integer.toUnsignedLong(body.getMaxWaitMs()),
            Integer.toUnsignedLong(body.getMinBytes()),
            Integer.toUnsignedLong(body.getMaxBytes()));
    if (body.hasFollower()) {
      handleFollower(request, body, bounds);
    } else if (body.hasSession()) {
      service.fetch(
          request,
          request.fetchSessions(),
          toQuery(body, null),
          bounds,
          result -> answer(request, result));
    } else {
      service.fetch(
          request,
          body.getPartitionsList().stream().map(part -> toQuery(part, null)).toList(),
          bounds,
          results -> answer(request, results));
    }
  }

  private void handleFollower(Request request, FetchRequest body, FetchBounds bounds) {
    if (!body.hasSession()
        || body.getPartitionsList().stream().anyMatch(part -> part.getLeaderEpochPlusOne() == 0)) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "a follower fetches in a session, and names the leader epoch of each partition");
      return;
    }
    InSyncReplica follower =
        new InSyncReplica(
            body.getFollower().getBrokerId(),
            body.getFollower().getBrokerEpoch(),
            Ids.ofMessage(body.getFollower().getDirectoryId()));
    service.fetch(
        request,
        request.fetchSessions(),
        follower,
        toQuery(body, follower),
        bounds,
        result -> answer(request, result));
  }

  private static SessionQuery toQuery(FetchRequest body, InSyncReplica follower) {
    FetchSessionState session = body.getSession();
    return new SessionQuery(
        session.getId(),
        session.getEpoch(),
        body.getPartitionsList().stream()
            .map(part -> new SlotQuery(part.getSlot(), toQuery(part, follower)))
            .toList(),
        session.getForgottenSlotsList());
  }

  /**
   * @param follower null when a consumer fetches
   */
  private static FetchQuery toQuery(PartitionFetch part, InSyncReplica follower) {
    return new FetchQuery(
        part.getTopic(),
        Ids.ofMessage(part.getTopicId()),
        part.getPartition(),
        part.getLeaderEpochPlusOne() - 1,
        part.getOffset(),
        Integer.toUnsignedLong(part.getMaxBytes()),
        follower == null
            ? null
            : new FollowerFetch(
                follower,
                part.getDeliveryLog() ? LogId.Kind.DELIVERY : LogId.Kind.DATA,
                part.getLastEpochPlusOne() - 1,
                part.getSyncedEndOffset()));
  }

  private static void answer(Request request, List<FetchResult> results) {
    FetchResponse.Builder response = FetchResponse.newBuilder();
    results.forEach(result -> response.addResults(toMessage(request, result)));
    request.respond(response.build(), recordsOf(results.stream()));
  }

  private static void answer(Request request, SessionResult session) {
    FetchResponse.Builder response = FetchResponse.newBuilder().setSessionId(session.sessionId());
    for (SlotResult each : session.news()) {
      response.addResults(toMessage(request, each.result()).setSlot(each.slot()));
    }
    request.respond(response.build(), recordsOf(session.news().stream().map(SlotResult::result)));
  }

  private static List<ByteBuf> recordsOf(Stream<FetchResult> results) {
    return results.map(FetchResult::records).filter(ByteBuf::isReadable).toList();
  }

  private static PartitionFetchResult.Builder toMessage(Request request, FetchResult result) {
    request.notePartFailed(result.error());
    PartitionFetchResult.Builder message =
        PartitionFetchResult.newBuilder()
            .setHighWatermark(result.highWatermark())
            .setLogStartOffset(result.logStartOffset())
            .setDeliveryLog(result.deliveryLog())
            .setUnread(result.unread())
            .setRecordsLength(result.records().readableBytes());
    if (result.diverging() != null) {
      message.setDiverging(
          EpochEnd.newBuilder()
              .setLeaderEpoch(result.diverging().epoch())
              .setEndOffset(result.diverging().endOffset()));
    }
    if (result.error() != null) {
      message
          .setErrorCode(result.error().code().number())
          .setErrorMessage(result.error().message())
          .setResumeOffsetPlusOne(result.error().resumeOffset() + 1);
    }
    return message;
  }
}
