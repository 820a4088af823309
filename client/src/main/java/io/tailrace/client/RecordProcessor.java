package io.tailrace.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * Processes the records of a consumer group with a {@link RecordHandler}: in parallel over
 * partitions or keys, each of them in order. A record that fails is tried again after a back-off,
 * while others go on; when its attempts are used up it is written to the topic {@code
 * <topic>.<group>.dlq} with headers that say why. Offsets are committed when all records before
 * them are processed or acknowledged as dead letters, so none is skipped. Made by {@link
 * RecordProcessorBuilder#start}; thread-safe.
 */
public interface RecordProcessor extends AutoCloseable {

  /** Records that were processed. */
  long processed();

  /** Attempts that failed. */
  long failedAttempts();

  /** Dead letters that were written. */
  long deadLettered();

  /**
   * Completes when the processor has ended: after {@link #close}, or with a {@link
   * TailraceException} when it cannot go on, for instance because the topic of its dead letters has
   * another owner. Dependent stages run on the processor's thread and must not block.
   */
  CompletableFuture<Void> ended();

  /**
   * As {@link #close(Duration)}, with the builder's {@link RecordProcessorBuilder#drainTimeout}.
   */
  @Override
  void close();

  /**
   * Begins no more records, waits for those that are being handled, commits, and leaves the group.
   * Handlers that have not returned within the timeout are interrupted, and their records are
   * processed again by the next owner of their partitions. Called by a handler, it only begins
   * that, and returns. May be called again.
   *
   * @throws IllegalArgumentException when the timeout is negative
   */
  void close(Duration timeout);
}
