package io.tailrace.client.network;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.frame.ApiKey;
import java.util.List;

/**
 * A request to one broker, and the handler of its response. Used for one {@link
 * BrokerConnection#send}; confined to the connection's scheduler from then on.
 *
 * @param <R> the response's body
 */
public final class BrokerRequest<R extends MessageLite> {
  final ApiKey api;
  final MessageLite body;
  final Parser<R> parser;
  final int timeoutMs;
  final ResponseHandler<R> handler;
  List<ByteBuf> records = List.of();
  int recordsLength;
  int answeredAfterMs;
  boolean answered = true;

  /** When it was written, {@link io.tailrace.protocol.port.Clock#monotonicMs}. */
  long sentAtMs;

  /**
   * Makes a request.
   *
   * @param parser reads the response's body
   * @param timeoutMs how long to wait for the answer, from the call of send
   */
  public BrokerRequest(
      ApiKey api, MessageLite body, Parser<R> parser, int timeoutMs, ResponseHandler<R> handler) {
    this.api = api;
    this.body = body;
    this.parser = parser;
    this.timeoutMs = timeoutMs;
    this.handler = handler;
  }

  /**
   * Lets record batches follow the body; they are taken over.
   *
   * @param length their bytes
   */
  public BrokerRequest<R> records(List<ByteBuf> records, int length) {
    this.records = records;
    this.recordsLength = length;
    return this;
  }

  /**
   * Says that the broker may take this long on purpose: a long poll does not make the broker
   * suspect.
   */
  public BrokerRequest<R> answeredAfter(int waitMs) {
    this.answeredAfterMs = waitMs;
    return this;
  }

  /** Says that the broker will not answer: the request is forgotten once it is written. */
  public BrokerRequest<R> notAnswered() {
    this.answered = false;
    return this;
  }

  void releaseRecords() {
    for (ByteBuf part : records) {
      part.release();
    }
    records = List.of();
  }
}
