package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;

/** Answers fetch requests; {@link FetchOperation} says how. Thread-safe. */
public final class FetchHandler implements RequestHandler {
  private final PartitionLookup lookup;
  private final ResponseMemory memory;
  private final int maxResponseBytes;

  /**
   * @param maxResponseBytes an answer holds no more records than this, whatever the client asks for
   */
  FetchHandler(PartitionLookup lookup, ResponseMemory memory, int maxResponseBytes) {
    this.lookup = lookup;
    this.memory = memory;
    this.maxResponseBytes = maxResponseBytes;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    FetchRequest body = request.frame().body(FetchRequest.parser());
    if (body.getPartitionsCount() == 0) {
      request.respond(FetchResponse.getDefaultInstance());
      return;
    }
    FetchOperation operation = new FetchOperation(request, body, lookup, memory, maxResponseBytes);
    if (operation.namesAPartitionTwice()) {
      request.fail(ErrorCode.INVALID_REQUEST, "a partition is asked for twice");
      return;
    }
    request.releaseFrame();
    operation.start();
  }
}
