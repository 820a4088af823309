package io.tailrace.client.producer;

import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterCalls;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.AllocateProducerIdRequest;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

/**
 * The id under which brokers know a producer, so that they recognise its batches; got from the
 * cluster when it is first needed. Confined to the sender's thread.
 */
final class ProducerIds {
  static final long NONE = -1;

  private final ClusterCalls calls;
  private final Scheduler scheduler;
  private final Runnable onAllocated;
  private final Consumer<TailraceException> onFailed;

  private long id = NONE;
  private short epoch;
  private boolean asking;

  /**
   * Has no id yet.
   *
   * @param onAllocated told when there is one
   * @param onFailed told when there will be none until it is asked for again
   */
  ProducerIds(
      ClusterCalls calls,
      Scheduler scheduler,
      Runnable onAllocated,
      Consumer<TailraceException> onFailed) {
    this.calls = calls;
    this.scheduler = scheduler;
    this.onAllocated = onAllocated;
    this.onFailed = onFailed;
  }

  /** Whether there is an id. */
  boolean available() {
    return id != NONE;
  }

  /** Whether an id is being asked for. */
  boolean asked() {
    return asking;
  }

  long id() {
    return id;
  }

  /** The epoch that came with the id. */
  short epoch() {
    return epoch;
  }

  /** Asks for an id, unless there is one or it is being asked for. */
  void request() {
    if (asking || available()) {
      return;
    }
    asking = true;
    calls
        .any(
            new Call<>(
                ApiKey.ALLOCATE_PRODUCER_ID,
                AllocateProducerIdRequest.getDefaultInstance(),
                AllocateProducerIdResponse.parser(),
                AllocateProducerIdResponse::getErrorCode,
                AllocateProducerIdResponse::getErrorMessage,
                true,
                "producer id"))
        .whenComplete((response, error) -> scheduler.runOrExecute(() -> onAnswer(response, error)));
  }

  private void onAnswer(AllocateProducerIdResponse response, Throwable error) {
    asking = false;
    if (error == null) {
      id = response.getProducerId();
      epoch = (short) response.getProducerEpoch();
      onAllocated.run();
      return;
    }
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    onFailed.accept(
        cause instanceof TailraceException known
            ? known
            : new TailraceException(ErrorCode.UNKNOWN, "no producer id: " + cause, cause));
  }

  /** Gives an id up that can be used no longer; the next request gets another. */
  void discard(long usedUp) {
    if (id == usedUp) {
      id = NONE;
    }
  }
}
