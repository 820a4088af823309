package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.service.FetchBounds;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FetchService;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import java.util.ArrayList;
import java.util.List;

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
    service.fetch(
        request,
        body.getPartitionsList().stream().map(FetchHandler::toQuery).toList(),
        bounds,
        results -> answer(request, results));
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
    List<ByteBuf> buffers = new ArrayList<>(results.size());
    for (FetchResult result : results) {
      request.notePartFailed(result.error());
      response.addResults(toMessage(result));
      if (result.records().isReadable()) {
        buffers.add(result.records());
      }
    }
    request.respond(response.build(), buffers);
  }

  private static PartitionFetchResult toMessage(FetchResult result) {
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
    return message.build();
  }
}
