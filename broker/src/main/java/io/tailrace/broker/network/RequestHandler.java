package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;

/** Answers the requests of one api. Called on many event loops at once. */
@FunctionalInterface
public interface RequestHandler {
  /**
   * Takes a request over: it will be answered, now or later. Called on the loop that read it; must
   * not block.
   *
   * @throws InvalidProtocolBufferException when the body cannot be read; the request has then not
   *     been answered
   */
  void handle(Request request) throws InvalidProtocolBufferException;
}
