package io.tailrace.coordinator.zookeeper;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits until something holds. */
final class Waiting {
  private Waiting() {}

  static void until(BooleanSupplier condition, long deadlineMs) {
    long end = System.nanoTime() + deadlineMs * 1_000_000;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not come to be within " + deadlineMs + " ms");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }
}
