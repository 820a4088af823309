package io.tailrace.benchmarks.compare;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** Counts settled records and keeps the first error. Thread-safe. */
final class Tally implements Consumer<Throwable> {
  private final AtomicLong acknowledged = new AtomicLong();
  private final AtomicReference<Throwable> firstError = new AtomicReference<>();

  @Override
  public void accept(Throwable error) {
    if (error == null) {
      acknowledged.getAndIncrement();
    } else {
      firstError.compareAndSet(null, error);
    }
  }

  long acknowledged() {
    return acknowledged.get();
  }

  /** Ends a measurement in which a record was lost. */
  void throwIfFailed() {
    Throwable error = firstError.get();
    if (error != null) {
      throw new IllegalStateException("a record was not acknowledged", error);
    }
  }
}
