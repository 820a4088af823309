package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * An idempotent producer with {@code acks=all} that sends records of its own to one partition after
 * the other, at a steady rate, whatever becomes of them. A few are larger than the topic allows,
 * and have to be refused. Sends on a thread of its own; the other methods are thread-safe.
 */
final class SendingClient {
  private static final int REFUSED_BYTES = 2 * Load.MAX_MESSAGE_BYTES;
  private static final Duration LAST_CHANCE = Duration.ofSeconds(60);

  private final Producer<String, String> producer;
  private final Recorder history;
  private final Acknowledgements acknowledgements;
  private final String topic;
  private final int partitions;
  private final int refused;
  private final long intervalNanos;
  private final SplittableRandom random;
  private final int first;
  private final Thread thread;
  private volatile boolean sending = true;

  SendingClient(
      TailraceClient client,
      Recorder history,
      Acknowledgements acknowledgements,
      Load.Shape shape,
      Duration deliveryTimeout,
      SplittableRandom random) {
    this.producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .deliveryTimeout(deliveryTimeout)
            .build();
    this.history = history;
    this.acknowledgements = acknowledgements;
    this.topic = shape.topic();
    this.partitions = shape.partitions();
    this.refused = shape.refused();
    this.intervalNanos = TimeUnit.SECONDS.toNanos(1) / shape.recordsPerSecond();
    this.random = random;
    this.first = random.nextInt(partitions);
    this.thread = new Thread(this::send, history.client());
  }

  void start() {
    thread.start();
  }

  /** Lets the thread end soon; does not wait for it. */
  void stop() {
    sending = false;
  }

  /** Stops sending and waits until every record is settled, for a minute at most. */
  void finish() throws InterruptedException {
    stop();
    thread.join();
    producer.close(LAST_CHANCE);
  }

  private void send() {
    long due = System.nanoTime();
    for (long number = 0; sending; number++) {
      due += intervalNanos;
      LockSupport.parkNanos(due - System.nanoTime());
      int partition = (int) ((first + number) % partitions);
      String value = history.client() + "-" + number;
      Message<String, String> message = Message.of(topic, value, value).partition(partition);
      if (refused > 0 && random.nextInt(refused) == 0) {
        message = message.header("padding", noise());
      }
      String name = new TopicPartition(topic, partition).toString();
      long sentNanos = System.nanoTime();
      Operation begun = history.begin(Action.SEND, name, value);
      producer.send(
          message, (metadata, error) -> settle(begun, sentNanos, partition, metadata, error));
    }
  }

  /** Noise, because compression would make it small enough. */
  private byte[] noise() {
    byte[] noise = new byte[REFUSED_BYTES];
    random.nextBytes(noise);
    return noise;
  }

  private void settle(
      Operation begun,
      long sentNanos,
      int partition,
      RecordMetadata metadata,
      TailraceException error) {
    if (error == null) {
      Operation ok = begun.phase(Phase.OK);
      history.end(metadata.hasOffset() ? ok.offset(metadata.offset()) : ok);
      acknowledgements.acknowledged(partition, sentNanos);
    } else {
      history.end(begun.phase(outcome(error)));
    }
  }

  private static Phase outcome(TailraceException error) {
    return switch (error.code()) {
      case OUTCOME_UNKNOWN,
          REQUEST_TIMED_OUT,
          DELIVERY_TIMED_OUT,
          CLIENT_CLOSED,
          INTERRUPTED,
          UNKNOWN ->
          Phase.UNKNOWN;
      default -> Phase.FAILED;
    };
  }
}
