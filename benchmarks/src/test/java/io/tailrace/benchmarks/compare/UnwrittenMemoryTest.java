package io.tailrace.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class UnwrittenMemoryTest {

  @Test
  @Timeout(60)
  void keepsTheMostThatItHasSeen() throws InterruptedException {
    AtomicLong dirty = new AtomicLong(650);
    CountDownLatch seen = new CountDownLatch(1);
    UnwrittenMemory memory =
        new UnwrittenMemory(
            () -> {
              Map<String, Long> pages = pages(dirty.getAndSet(10));
              seen.countDown();
              return pages;
            });
    seen.await();
    memory.close();

    assertEquals(OptionalDouble.of(50), memory.mostPercent());
  }

  @Test
  @Timeout(60)
  void looksOnceMoreWhenItIsClosed() throws InterruptedException {
    AtomicLong dirty = new AtomicLong(0);
    UnwrittenMemory memory = new UnwrittenMemory(() -> pages(dirty.get()));
    dirty.set(1_700);
    memory.close();

    assertEquals(OptionalDouble.of(120), memory.mostPercent());
  }

  @Test
  @Timeout(60)
  void saysNothingWhereTheSystemDoesNot() {
    UnwrittenMemory memory = new UnwrittenMemory(Map::of);
    memory.close();

    assertTrue(memory.mostPercent().isEmpty());
  }

  private static Map<String, Long> pages(long dirty) {
    return Map.of(
        "nr_dirty",
        dirty,
        "nr_writeback",
        100L,
        "nr_dirty_threshold",
        2_000L,
        "nr_dirty_background_threshold",
        1_000L);
  }
}
