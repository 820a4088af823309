package io.tailrace.broker.kafka;

import io.tailrace.broker.service.UnexpectedError;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What became of one of the changes that a request asks for.
 *
 * @param value null when there is an error, or nothing to tell
 * @param message null when there is no error
 */
record Outcome<T>(T value, Errors error, String message) {
  private static final Logger LOG = LoggerFactory.getLogger(Outcome.class);

  static <T> Outcome<T> of(T value) {
    return new Outcome<>(value, Errors.NONE, null);
  }

  static <T> Outcome<T> failed(Errors error, String message) {
    return new Outcome<>(null, error, message);
  }

  short code() {
    return error.code();
  }

  /** Waits for a change, and counts its refusal. */
  static <T> void when(KafkaRequest request, CompletionStage<T> change, Consumer<Outcome<T>> done) {
    change.whenComplete(
        (value, error) -> done.accept(error == null ? of(value) : failed(request, error)));
  }

  /** The outcome of what was refused with an exception, which is counted. */
  static <T> Outcome<T> failed(KafkaRequest request, Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    ErrorCode code = ErrorCode.UNKNOWN;
    String message = UnexpectedError.message(cause);
    if (cause instanceof ClusterException known) {
      code = known.code();
      message = known.getMessage();
    } else {
      LOG.error("{} met an unexpected error", request.name(), cause);
    }
    request.notePartFailed(code, message);
    return failed(KafkaErrors.of(code), message);
  }
}
