package io.tailrace.broker.kafka;

import io.tailrace.broker.service.ProducerIdBlocks;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;

/** Gives idempotent producers their ids; those with a transactional id are refused. */
final class KafkaProducerIdHandler implements KafkaHandler {
  private final ProducerIdBlocks ids;

  KafkaProducerIdHandler(ProducerIdBlocks ids) {
    this.ids = ids;
  }

  @Override
  public void handle(KafkaRequest request) {
    if (request.body(InitProducerIdRequestData.class).transactionalId() != null) {
      request.fail(Errors.UNSUPPORTED_VERSION, "this broker has no transactions");
      return;
    }
    ids.next()
        .whenComplete(
            (id, error) -> {
              if (error == null) {
                request.respond(
                    new InitProducerIdResponseData().setProducerId(id).setProducerEpoch((short) 0));
              } else {
                Throwable cause =
                    error instanceof CompletionException && error.getCause() != null
                        ? error.getCause()
                        : error;
                request.fail(
                    cause instanceof ClusterException known ? known.code() : ErrorCode.UNKNOWN,
                    cause.getMessage());
              }
            });
  }
}
