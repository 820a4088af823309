package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.service.FetchBounds;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.SessionQuery;
import io.tailrace.broker.service.SessionResult;
import io.tailrace.broker.service.SlotQuery;
import io.tailrace.broker.service.SlotResult;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FetchSessionState;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
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
    if (body.hasSession()) {
      service.fetch(
          request,
          request.fetchSessions(),
          toQuery(body),
          bounds,
          result -> answer(request, result));
    } else {
      service.fetch(
          request,
          body.getPartitionsList().stream().map(FetchHandler::toQuery).toList(),
          bounds,
          results -> answer(request, results));
    }
  }

  private static SessionQuery toQuery(FetchRequest body) {
    FetchSessionState session = body.getSession();
    return new SessionQuery(
        session.getId(),
        session.getEpoch(),
        body.getPartitionsList().stream()
            .map(part -> new SlotQuery(part.getSlot(), toQuery(part)))
            .toList(),
        session.getForgottenSlotsList());
  }

  private static FetchQuery toQuery(PartitionFetch part) {
    return new FetchQuery(
        part.getTopic(),
        Ids.ofMessage(part.getTopicId()),
        part.getPartition(),
        part.getLeaderEpochPlusOne() - 1,
        part.getOffset(),
        Integer.toUnsignedLong(part.getMaxBytes()));
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
            .setRecordsLength(result.records().readableBytes());
    if (result.error() != null) {
      message
          .setErrorCode(result.error().code().number())
          .setErrorMessage(result.error().message())
          .setResumeOffsetPlusOne(result.error().resumeOffset() + 1);
    }
    return message;
  }
}
