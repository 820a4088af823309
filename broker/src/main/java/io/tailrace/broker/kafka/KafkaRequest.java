package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.broker.network.ConnectionRequest;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;

/**
 * A request of Kafka's protocol on its way through the broker. Must be answered exactly once, by
 * {@link #respond}, {@link #fail}, {@link #finishWithoutResponse} or {@link #hangUp}, from any
 * thread.
 */
final class KafkaRequest extends ConnectionRequest {
  private final KafkaConnection connection;
  private final long sequence;
  private final RequestHeaderData header;
  private final AbstractRequest parsed;
  private final ByteBuf frame;
  private final List<Integer> recordPositions;

  /**
   * @param sequence see {@link #sequence}
   * @param frame taken over; holds the records that the request refers to
   * @param recordPositions where records begin in the frame, in the order of the request
   */
  KafkaRequest(
      KafkaConnection connection,
      long sequence,
      RequestHeaderData header,
      AbstractRequest parsed,
      ByteBuf frame,
      List<Integer> recordPositions) {
    super(connection, header.correlationId(), frame.readableBytes(), System.nanoTime());
    this.connection = connection;
    this.sequence = sequence;
    this.header = header;
    this.parsed = parsed;
    this.frame = frame;
    this.recordPositions = recordPositions;
  }

  /**
   * Grows with each request of a connection, and from one connection to the next: of one client
   * that uses a connection at a time, requests that come late have smaller ones.
   */
  long sequence() {
    return sequence;
  }

  ApiKeys api() {
    return parsed.apiKey();
  }

  short version() {
    return parsed.version();
  }

  /** The body, as the class that belongs to the api. */
  <T extends ApiMessage> T body(Class<T> type) {
    return type.cast(parsed.data());
  }

  /** What the client calls itself; may be empty. */
  String clientId() {
    return header.clientId() == null ? "" : header.clientId();
  }

  /** The frame; valid until it is released or the request is answered. */
  ByteBuf frame() {
    return frame;
  }

  List<Integer> recordPositions() {
    return recordPositions;
  }

  @Override
  protected void dropFrame() {
    frame.release();
  }

  @Override
  protected void count(RequestMetrics metrics, long tookNanos, int responseBytes) {
    metrics.onKafkaAnswered(api().name, tookNanos, sizeInBytes(), responseBytes);
  }

  @Override
  protected String name() {
    return "Kafka's " + api().name;
  }

  /** Answers with a body, whose records are taken over. */
  void respond(ApiMessage body) {
    if (claimAnswer()) {
      onLoop(() -> connection.respond(this, body));
    } else {
      KafkaConnection.releaseRecords(body);
    }
  }

  @Override
  public void fail(ErrorCode code, String message) {
    notePartFailed(code, message);
    fail(KafkaErrors.of(code), message);
  }

  /** Answers with one error for all that the request asks for. */
  void fail(Errors error, String message) {
    if (!claimAnswer()) {
      return;
    }
    AbstractResponse response = parsed.getErrorResponse(0, error.exception(message));
    if (response == null) { // a produce request that wants no answer
      onLoop(() -> connection.hangUp(this));
    } else {
      onLoop(() -> connection.respond(this, response.data()));
    }
  }

  /** Ends a request that is not answered: produce with acks=0. */
  void finishWithoutResponse() {
    if (claimAnswer()) {
      onLoop(() -> connection.finishWithoutResponse(this));
    }
  }

  /** Closes the connection: the only way to tell a client that wants no answer of an error. */
  void hangUp() {
    if (claimAnswer()) {
      onLoop(() -> connection.hangUp(this));
    }
  }
}
