package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.OutOfRangePolicy;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * A member of a consumer group that commits what it was given, on a thread of its own. It may leave
 * from time to time, without committing, and join again as a new member. The other methods are
 * thread-safe.
 */
final class GroupMember {
  static final String GROUP = "chaos-group";

  private static final Duration POLL = Duration.ofMillis(100);
  private static final long COMMIT_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(300);

  private final TailraceClient client;
  private final Recorder history;
  private final String topic;
  private final long staysNanos;
  private final Map<TopicPartition, Long> positions = new ConcurrentHashMap<>();
  private final Thread thread;
  private volatile boolean reading = true;

  /**
   * A member that is not started yet.
   *
   * @param stays how long it stays a member before it leaves and joins again
   */
  GroupMember(TailraceClient client, Recorder history, String topic, Duration stays) {
    this.client = client;
    this.history = history;
    this.topic = topic;
    this.staysNanos = stays.toNanos();
    this.thread = new Thread(this::joinOnAndOn, history.client());
  }

  void start() {
    thread.start();
  }

  /** Adds the offset behind the last record that it was given of each partition. */
  void addPositions(Map<TopicPartition, Long> all) {
    positions.forEach((partition, position) -> all.merge(partition, position, Math::max));
  }

  /** Lets the thread end soon; does not wait for it. */
  void stop() {
    reading = false;
  }

  void finish() throws InterruptedException {
    stop();
    thread.join();
  }

  private void joinOnAndOn() {
    while (reading) {
      try (Consumer<String, String> consumer =
          client
              .<String, String>consumer(Serdes.string(), Serdes.string())
              .group(GROUP)
              .subscribe(topic)
              .manualCommit()
              .outOfRange(OutOfRangePolicy.FAIL)
              .build()) {
        long joined = System.nanoTime();
        long committed = joined;
        Map<TopicPartition, Long> uncommitted = new HashMap<>();
        while (reading && System.nanoTime() - joined < staysNanos) {
          poll(consumer, uncommitted);
          if (System.nanoTime() - committed > COMMIT_INTERVAL_NS) {
            commit(consumer, uncommitted);
            committed = System.nanoTime();
          }
        }
      }
    }
  }

  private void poll(Consumer<String, String> consumer, Map<TopicPartition, Long> uncommitted) {
    try {
      for (ConsumerRecord<String, String> record : consumer.poll(POLL)) {
        history.took(
            Operation.of(history.client(), Phase.OK, Action.GROUP_POLL)
                .partition(record.topicPartition().toString())
                .value(record.value())
                .offset(record.offset()));
        positions.put(record.topicPartition(), record.offset() + 1);
        uncommitted.put(record.topicPartition(), record.offset() + 1);
      }
    } catch (TailraceException e) {
      history.took(
          Operation.of(history.client(), Phase.FAILED, Action.GROUP_POLL)
              .value(e.code() + ": " + e.getMessage()));
    }
  }

  /** Some partitions of a commit that fails may be committed: none of them is known not to be. */
  private void commit(Consumer<String, String> consumer, Map<TopicPartition, Long> uncommitted) {
    uncommitted.keySet().retainAll(consumer.assignment());
    if (uncommitted.isEmpty()) {
      return;
    }
    List<Operation> begun = new ArrayList<>();
    uncommitted.forEach(
        (partition, offset) -> begun.add(history.begin(Action.COMMIT, partition, offset)));
    Phase outcome;
    try {
      consumer.commitAsync(Map.copyOf(uncommitted)).join();
      uncommitted.clear();
      outcome = Phase.OK;
    } catch (CompletionException e) {
      outcome = Phase.UNKNOWN;
    }
    for (Operation each : begun) {
      history.end(each.phase(outcome));
    }
  }
}
