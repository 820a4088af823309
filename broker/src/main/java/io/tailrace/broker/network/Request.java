package io.tailrace.broker.network;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.broker.service.FetchSessions;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.RequestFrame;
import java.util.List;

/**
 * A request of the native protocol on its way through the broker. Must be answered exactly once, by
 * {@link #respond}, {@link #fail} or {@link #finishWithoutResponse}, from any thread.
 */
public final class Request extends ConnectionRequest {
  private final ClientConnection connection;
  private final ApiKey api;
  private final RequestFrame frame;

  Request(ClientConnection connection, ApiKey api, RequestFrame frame, long arrivedNanos) {
    super(connection, frame.header().getCorrelationId(), frame.sizeInBytes(), arrivedNanos);
    this.connection = connection;
    this.api = api;
    this.frame = frame;
  }

  public ApiKey api() {
    return api;
  }

  @Override
  protected String name() {
    return String.valueOf(api);
  }

  /** The frame; valid until it is released or the request is answered. */
  public RequestFrame frame() {
    return frame;
  }

  @Override
  protected void dropFrame() {
    frame.release();
  }

  @Override
  protected void count(RequestMetrics metrics, long tookNanos, int responseBytes) {
    metrics.onAnswered(api, tookNanos, sizeInBytes(), responseBytes);
  }

  /** The connection's fetch session, if it has one. To be used on {@link #loop()}. */
  FetchSessions fetchSessions() {
    return connection.fetchSessions();
  }

  public void respond(MessageLite body) {
    respond(body, List.of());
  }

  /** Answers with a body and record batches, whose buffers are taken over. */
  public void respond(MessageLite body, List<ByteBuf> records) {
    if (!claimAnswer()) {
      records.forEach(ByteBuf::release);
      return;
    }
    onLoop(() -> connection.respond(this, body, records));
  }

  @Override
  public void fail(ErrorCode code, String message) {
    if (claimAnswer()) {
      onLoop(() -> connection.fail(this, code, message));
    }
  }

  /** Ends a request that is not answered: produce with acks=0. */
  public void finishWithoutResponse() {
    if (claimAnswer()) {
      onLoop(() -> connection.finish(this, 0));
    }
  }
}
