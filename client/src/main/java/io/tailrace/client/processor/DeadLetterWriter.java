package io.tailrace.client.processor;

import io.tailrace.client.Admin;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Writes dead letters, on a thread of its own: finding or making their topic waits for brokers, and
 * the processor's thread has to go on polling. Thread-safe.
 */
public final class DeadLetterWriter {
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  private final ProcessorConfig config;
  private final DeadLetterTopics topics;
  private final Supplier<Producer<byte[], byte[]>> producers;
  private final ExecutorService thread;

  /** Made with the first dead letter. Confined to the thread, until that has ended. */
  private Producer<byte[], byte[]> producer;

  /**
   * Makes a writer that has nothing to do yet.
   *
   * @throws TailraceException as {@link io.tailrace.client.RecordProcessorBuilder#start} says
   */
  public DeadLetterWriter(
      ProcessorConfig config, Admin admin, Supplier<Producer<byte[], byte[]>> producers) {
    this.config = config;
    this.topics = new DeadLetterTopics(admin, config);
    topics.check();
    this.producers = producers;
    this.thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread made = new Thread(task, "processor-" + config.group() + "-dead-letters");
              made.setDaemon(true);
              return made;
            });
  }

  /**
   * Writes a record as a dead letter.
   *
   * @return completes when it is acknowledged, on any thread; with {@code TOPIC_EXISTS} when the
   *     topic has another owner
   */
  CompletableFuture<RecordMetadata> write(Task task) {
    CompletableFuture<RecordMetadata> written = new CompletableFuture<>();
    try {
      thread.execute(() -> write(task, written));
    } catch (RejectedExecutionException e) {
      written.completeExceptionally(
          new TailraceException(ErrorCode.CLIENT_CLOSED, "the processor is closed", e));
    }
    return written;
  }

  private void write(Task task, CompletableFuture<RecordMetadata> written) {
    String source = config.sourceOf(task.record().topic());
    try {
      if (producer == null) {
        producer = producers.get();
      }
      String topic = topics.forSource(source);
      producer
          .send(DeadLetter.of(task, config.group(), topic))
          .whenComplete(
              (at, error) -> {
                if (error == null) {
                  written.complete(at);
                } else {
                  topics.forget(source);
                  written.completeExceptionally(TailraceException.of(error));
                }
              });
    } catch (RuntimeException e) {
      written.completeExceptionally(e);
    }
  }

  void close() {
    thread.shutdownNow();
    boolean ended = false;
    try {
      ended = thread.awaitTermination(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (ended && producer != null) {
      producer.close(CLOSE_TIMEOUT);
    }
  }
}
