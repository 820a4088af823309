package io.tailrace.broker.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.service.Caller;
import io.tailrace.broker.service.FetchBounds;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FetchSessions;
import io.tailrace.broker.service.FollowerFetch;
import io.tailrace.broker.service.SessionQuery;
import io.tailrace.broker.service.SessionResult;
import io.tailrace.broker.service.SlotQuery;
import io.tailrace.broker.service.SlotResult;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.EpochEnd;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.port.Scheduler.Cancellable;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Reads the fetches of followers for the real {@link FetchService}, and writes its results.
 * Confined to the process's thread.
 */
final class FetchRequests {
  private final FetchService service;
  private final SimulatedThread thread;
  private final FetchMistakes mistakes;
  private final Map<SimulatedConnection, FetchSessions> sessions = new HashMap<>();

  FetchRequests(FetchService service, SimulatedThread thread, FetchMistakes mistakes) {
    this.service = service;
    this.thread = thread;
    this.mistakes = mistakes;
  }

  void fetch(SimulatedConnection from, RequestFrame frame) throws InvalidProtocolBufferException {
    FetchRequest body = frame.body(FetchRequest.parser());
    InSyncReplica follower =
        mistakes.follower(
            new InSyncReplica(
                body.getFollower().getBrokerId(),
                body.getFollower().getBrokerEpoch(),
                id(body.getFollower().getDirectoryId())));
    SessionQuery query =
        new SessionQuery(
            body.getSession().getId(),
            body.getSession().getEpoch(),
            body.getPartitionsList().stream()
                .map(
                    part ->
                        new SlotQuery(
                            part.getSlot(),
                            mistakes.asked(from, part.getSlot(), toQuery(part, follower))))
                .toList(),
            body.getSession().getForgottenSlotsList());
    int correlationId = frame.header().getCorrelationId();
    service.fetch(
        new ConnectionCaller(from, correlationId),
        sessions.computeIfAbsent(from, connection -> new FetchSessions(thread::execute)),
        follower,
        query,
        new FetchBounds(body.getMaxWaitMs(), body.getMinBytes(), body.getMaxBytes()),
        result -> answer(from, correlationId, result));
  }

  private static FetchQuery toQuery(PartitionFetch part, InSyncReplica follower) {
    return new FetchQuery(
        part.getTopic(),
        id(part.getTopicId()),
        part.getPartition(),
        part.getLeaderEpochPlusOne() - 1,
        part.getOffset(),
        part.getMaxBytes(),
        new FollowerFetch(
            follower,
            part.getDeliveryLog() ? LogId.Kind.DELIVERY : LogId.Kind.DATA,
            part.getLastEpochPlusOne() - 1,
            part.getSyncedEndOffset()));
  }

  private static UUID id(Uuid message) {
    return new UUID(message.getMostSignificant(), message.getLeastSignificant());
  }

  private void answer(SimulatedConnection to, int correlationId, SessionResult session) {
    FetchResponse.Builder response = FetchResponse.newBuilder().setSessionId(session.sessionId());
    ByteBuf records = Unpooled.buffer();
    for (SlotResult each : session.news()) {
      mistakes.answered(to, each.slot(), each.result());
      response.addResults(toMessage(each.result()).setSlot(each.slot()));
      records.writeBytes(each.result().records());
      each.result().records().release();
    }
    ByteBuf head =
        FrameCodec.encodeResponse(
            PooledByteBufAllocator.DEFAULT,
            correlationId,
            response.build(),
            records.readableBytes());
    to.send(Unpooled.wrappedBuffer(head, records));
  }

  private static PartitionFetchResult.Builder toMessage(FetchResult result) {
    PartitionFetchResult.Builder message =
        PartitionFetchResult.newBuilder()
            .setHighWatermark(result.highWatermark())
            .setLogStartOffset(result.logStartOffset())
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
          .setErrorMessage(result.error().message());
    }
    return message;
  }

  /** One fetch of a connection. */
  private final class ConnectionCaller implements Caller {
    private final SimulatedConnection connection;
    private final int correlationId;

    ConnectionCaller(SimulatedConnection connection, int correlationId) {
      this.connection = connection;
      this.correlationId = correlationId;
    }

    @Override
    public int correlationId() {
      return correlationId;
    }

    @Override
    public void onLoop(Runnable task) {
      thread.runOrExecute(task);
    }

    @Override
    public Cancellable schedule(Runnable task, long delayMs) {
      return thread.schedule(task, delayMs);
    }

    @Override
    public void beginRead(Runnable read) {
      read.run();
    }

    @Override
    public void endRead() {}

    @Override
    public boolean isAbandoned() {
      return false;
    }

    @Override
    public boolean isCutShort() {
      return false;
    }

    @Override
    public void onCutShort(Runnable action) {}

    @Override
    public void fail(ErrorCode code, String message) {
      connection.send(
          FrameCodec.encodeError(PooledByteBufAllocator.DEFAULT, correlationId, code, message));
    }
  }
}
