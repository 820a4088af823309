package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.process.MeasuredBroker;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Waits for a cluster, for a minute at most. Stateless. */
final class Patience {
  private static final long LIMIT_NS = TimeUnit.MINUTES.toNanos(1);
  private static final long LOOK_AGAIN_MS = 20;

  private Patience() {}

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
      throw new IllegalStateException("a minute was not enough for " + what);
    }
  }
}
