package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Admin;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks for the end of one partition after the other, on a thread of its own. The other methods are
 * thread-safe.
 */
final class EndsClient {
  private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Admin admin;
  private final Recorder history;
  private final String topic;
  private final int partitions;
  private final Thread thread;
  private volatile boolean asking = true;

  EndsClient(TailraceClient client, Recorder history, String topic, int partitions) {
    this.admin = client.admin();
    this.history = history;
    this.topic = topic;
    this.partitions = partitions;
    this.thread = new Thread(this::askOnAndOn, history.client());
  }

  void start() {
    thread.start();
  }

  /** Lets the thread end soon; does not wait for it. */
  void stop() {
    asking = false;
  }

  void finish() throws InterruptedException {
    stop();
    thread.join();
  }

  private void askOnAndOn() {
    for (int i = 0; asking; i = (i + 1) % partitions) {
      ask(new TopicPartition(topic, i));
      LockSupport.parkNanos(INTERVAL_NS);
    }
  }

  private void ask(TopicPartition partition) {
    Operation asked = history.begin(Action.LATEST, partition.toString(), null);
    try {
      long end =
          admin.listOffsets(Map.of(partition, Position.latest())).join().get(partition).offset();
      history.end(asked.phase(Phase.OK).offset(end));
    } catch (CompletionException e) {
      history.end(asked.phase(Phase.FAILED)); // nobody leads the partition now
    }
  }
}
