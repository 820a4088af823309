package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.service.OffsetQuery;
import io.tailrace.broker.service.OffsetResult;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import io.tailrace.protocol.topic.Ids;
import java.util.List;

/** Reads list offsets requests for the {@link OffsetsService}, and writes its results. */
final class ListOffsetsHandler implements RequestHandler {
  private final OffsetsService service;

  ListOffsetsHandler(OffsetsService service) {
    this.service = service;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    ListOffsetsRequest body = request.frame().body(ListOffsetsRequest.parser());
    service.list(
        body.getPartitionsList().stream().map(ListOffsetsHandler::toQuery).toList(),
        results -> answer(request, results));
  }

  private static OffsetQuery toQuery(PartitionOffsetQuery query) {
    // On the wire -1 is the latest and -2 the earliest offset, as in the service.
    return new OffsetQuery(
        query.getTopic(),
        Ids.ofMessage(query.getTopicId()),
        query.getPartition(),
        query.getLeaderEpochPlusOne() - 1,
        query.getTimestampMs());
  }

  private static void answer(Request request, List<OffsetResult> results) {
    ListOffsetsResponse.Builder response = ListOffsetsResponse.newBuilder();
    for (OffsetResult result : results) {
      request.notePartFailed(result.error());
      response.addResults(toMessage(result));
    }
    request.respond(response.build());
  }

  private static PartitionOffsetResult toMessage(OffsetResult result) {
    PartitionOffsetResult.Builder message =
        PartitionOffsetResult.newBuilder()
            .setOffset(result.offset())
            .setTimestampMs(result.timestampMs())
            .setLeaderEpoch(result.leaderEpoch());
    if (result.error() != null) {
      message
          .setErrorCode(result.error().code().number())
          .setErrorMessage(result.error().message());
    }
    return message.build();
  }
}
