package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.client.Admin;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for a cluster, for three minutes at most. Stateless. */
final class Patience {
  /** Enough for thousands of partitions on a busy machine. */
  private static final long LIMIT_NS = TimeUnit.MINUTES.toNanos(3);

  private static final long LOOK_AGAIN_MS = 20;

  private Patience() {}

  /** Makes a topic; returns when it is there. Thousands of partitions take long. */
  static void create(Admin admin, Topic topic) {
    try {
      admin.createTopic(topic).join();
    } catch (CompletionException e) {
      ErrorCode code = TailraceException.of(e).code();
      if (code != ErrorCode.OUTCOME_UNKNOWN && code != ErrorCode.REQUEST_TIMED_OUT) {
        throw e;
      }
      await("the topic " + topic.name(), () -> exists(admin, topic.name()));
    }
  }

  private static boolean exists(Admin admin, String topic) {
    try {
      admin.describeTopic(topic).join();
      return true;
    } catch (CompletionException e) {
      return false;
    }
  }

  /** Waits for something that the history will show; returns whether it came. */
  static boolean tryAwait(BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT_NS;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      MeasuredBroker.pause(LOOK_AGAIN_MS);
    }
    return true;
  }

  /**
   * Waits for something that a run cannot do without.
   *
   * @param what to be waited for, for people
   * @throws IllegalStateException when it does not come
   */
  static void await(String what, BooleanSupplier condition) {
    if (!tryAwait(condition)) {
      throw new IllegalStateException("three minutes were not enough for " + what);
    }
  }
}
