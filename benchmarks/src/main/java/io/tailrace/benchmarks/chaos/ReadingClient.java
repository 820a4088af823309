package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.Position;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A consumer without a group that reads a topic from its beginning on, on a thread of its own. The
 * other methods are thread-safe.
 */
final class ReadingClient {
  private static final Duration POLL = Duration.ofMillis(200);

  private final Consumer<String, String> consumer;
  private final Recorder history;
  private final Map<TopicPartition, Long> positions = new ConcurrentHashMap<>();
  private final Thread thread;
  private volatile boolean reading = true;

  ReadingClient(TailraceClient client, Recorder history, String topic) {
    this.consumer =
        client
            .<String, String>consumer(Serdes.string(), Serdes.string())
            .assign(topic)
            .startAt(Position.earliest())
            .outOfRange(OutOfRangePolicy.FAIL)
            .build();
    this.history = history;
    this.thread = new Thread(this::read, history.client());
  }

  void start() {
    thread.start();
  }

  /** Whether it has read up to these offsets. */
  boolean hasReached(Map<TopicPartition, Long> ends) {
    return ends.entrySet().stream()
        .allMatch(end -> positions.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  /** Lets the thread end soon; does not wait for it. */
  void stop() {
    reading = false;
  }

  void finish() throws InterruptedException {
    stop();
    thread.join();
    consumer.close();
  }

  private void read() {
    while (reading) {
      try {
        for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
          history.took(
              Operation.of(history.client(), Phase.OK, Action.POLL)
                  .partition(record.topicPartition().toString())
                  .value(record.value())
                  .offset(record.offset()));
          positions.put(record.topicPartition(), record.offset() + 1);
        }
      } catch (TailraceException e) {
        history.took(
            Operation.of(history.client(), Phase.FAILED, Action.POLL)
                .value(e.code() + ": " + e.getMessage()));
      }
    }
  }
}
