package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.service.BatchSummary;
import io.tailrace.broker.service.BatchesService;
import io.tailrace.broker.service.DescribedBatches;
import io.tailrace.protocol.message.BatchDescription;
import io.tailrace.protocol.message.DescribeBatchesRequest;
import io.tailrace.protocol.message.DescribeBatchesResponse;
import io.tailrace.protocol.topic.Ids;

/** Reads describe batches requests for the {@link BatchesService}, and writes its results. */
final class DescribeBatchesHandler implements RequestHandler {
  private final BatchesService service;

  DescribeBatchesHandler(BatchesService service) {
    this.service = service;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    DescribeBatchesRequest body = request.frame().body(DescribeBatchesRequest.parser());
    service.describe(
        body.getTopic(),
        body.hasTopicId() ? Ids.ofMessage(body.getTopicId()) : null,
        body.getPartition(),
        body.getFromOffset(),
        described -> answer(request, described));
  }

  private static void answer(Request request, DescribedBatches described) {
    request.notePartFailed(described.error());
    DescribeBatchesResponse.Builder response =
        DescribeBatchesResponse.newBuilder()
            .setLogStartOffset(described.logStartOffset())
            .setLogEndOffset(described.logEndOffset())
            .setHighWatermark(described.highWatermark());
    if (described.error() != null) {
      response
          .setErrorCode(described.error().code().number())
          .setErrorMessage(described.error().message());
    }
    described.batches().forEach(batch -> response.addBatches(toMessage(batch)));
    request.respond(response.build());
  }

  private static BatchDescription toMessage(BatchSummary batch) {
    return BatchDescription.newBuilder()
        .setBaseOffset(batch.baseOffset())
        .setLastOffset(batch.lastOffset())
        .setLeaderEpoch(batch.leaderEpoch())
        .setCrc(batch.crc())
        .setSizeBytes(batch.sizeInBytes())
        .build();
  }
}
