package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.service.RecordDeletion;
import io.tailrace.broker.service.RecordDeletionService;
import io.tailrace.protocol.message.DeleteRecordsRequest;
import io.tailrace.protocol.message.DeleteRecordsResponse;
import io.tailrace.protocol.topic.Ids;

/** Reads delete records requests for the {@link RecordDeletionService}, and writes its results. */
final class DeleteRecordsHandler implements RequestHandler {
  private final RecordDeletionService service;

  DeleteRecordsHandler(RecordDeletionService service) {
    this.service = service;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    DeleteRecordsRequest body = request.frame().body(DeleteRecordsRequest.parser());
    service.delete(
        new RecordDeletion(
            body.getTopic(),
            Ids.ofMessage(body.getTopicId()),
            body.getPartition(),
            body.getLeaderEpochPlusOne() - 1,
            body.getBeforeOffset()),
        (error, logStartOffset) -> answer(request, error, logStartOffset));
  }

  private static void answer(Request request, PartitionError error, long logStartOffset) {
    request.notePartFailed(error);
    DeleteRecordsResponse.Builder response =
        DeleteRecordsResponse.newBuilder().setLogStartOffset(logStartOffset);
    if (error != null) {
      response.setErrorCode(error.code().number()).setErrorMessage(error.message());
    }
    request.respond(response.build());
  }
}
