package io.tailrace.broker.metrics;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BrokerMetricsTest {

  @Test
  void aCounterGoesOnCountingWhenNobodyElseHoldsIt() {
    BrokerMetrics metrics = new BrokerMetrics();
    AtomicLong count = new AtomicLong(1);
    metrics.counter("test.counted", "What a test counts", count::get, "reason", "a");
    awaitCollection();
    count.set(7);

    assertTrue(
        metrics.scrape().contains("test_counted_total{reason=\"a\"} 7.0\n"), metrics.scrape());
  }

  /** Everything that is held weakly is gone when this returns. */
  private static void awaitCollection() {
    WeakReference<Object> canary = new WeakReference<>(new Object());
    for (int i = 0; i < 1_000 && canary.get() != null; i++) {
      System.gc();
    }
    assertNull(canary.get(), "nothing was collected");
  }
}
