package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.client.Admin;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks again and again what a consumer group has committed, on a thread of its own. The other
 * methods are thread-safe.
 */
final class CommitsClient {
  private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Admin admin;
  private final Recorder history;
  private final Load.Shape shape;
  private final Thread thread;
  private volatile boolean asking = true;

  CommitsClient(TailraceClient client, Recorder history, Load.Shape shape) {
    this.admin = client.admin();
    this.history = history;
    this.shape = shape;
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
    while (asking) {
      Operation asked = history.begin(Action.COMMITTED, null, null);
      try {
        answered(asked, admin.groupOffsets(GroupMember.GROUP).join());
      } catch (CompletionException e) {
        if (TailraceException.of(e).code() == ErrorCode.UNKNOWN_GROUP) {
          answered(asked, Map.of());
        } else {
          history.end(asked.phase(Phase.FAILED)); // the group has no coordinator now
        }
      }
      LockSupport.parkNanos(INTERVAL_NS);
    }
  }

  private void answered(Operation asked, Map<TopicPartition, Long> offsets) {
    for (int id = 0; id < shape.partitions(); id++) {
      TopicPartition partition = new TopicPartition(shape.topic(), id);
      history.end(
          asked
              .phase(Phase.OK)
              .partition(partition.toString())
              .offset(offsets.getOrDefault(partition, 0L)));
    }
  }
}
