package io.tailrace.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Watches how much of the page cache is not on the device yet, from its making until it is closed.
 * Linux slows writers down to the device's rate from the middle between its two limits on ({@code
 * dirty_freerun_ceiling} in {@code mm/page-writeback.c}); a rate that was measured beyond it says
 * something of the device. Made and closed by one thread.
 */
final class UnwrittenMemory implements AutoCloseable {
  private static final Path COUNTERS = Path.of("/proc/vmstat");
  private static final long INTERVAL_MS = 100;

  private final Supplier<Map<String, Long>> counters;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread watcher;
  private volatile double mostPercent = -1;

  UnwrittenMemory() {
    this(UnwrittenMemory::read);
  }

  /**
   * @param counters pages by the names that {@code /proc/vmstat} has for them; empty where the
   *     system does not tell
   */
  UnwrittenMemory(Supplier<Map<String, Long>> counters) {
    this.counters = counters;
    this.watcher = new Thread(this::watch, "unwritten-memory");
    watcher.setDaemon(true);
    watcher.start();
  }

  private static Map<String, Long> read() {
    try {
      return Files.readAllLines(COUNTERS).stream()
          .map(line -> line.split(" "))
          .filter(parts -> parts[0].startsWith("nr_dirty") || parts[0].equals("nr_writeback"))
          .collect(Collectors.toMap(parts -> parts[0], parts -> Long.valueOf(parts[1])));
    } catch (IOException e) {
      return Map.of();
    }
  }

  private void watch() {
    try {
      do {
        look();
      } while (!closed.await(INTERVAL_MS, TimeUnit.MILLISECONDS));
      look();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    Map<String, Long> pages = counters.get();
    long limit =
        (pages.getOrDefault("nr_dirty_threshold", 0L)
                + pages.getOrDefault("nr_dirty_background_threshold", 0L))
            / 2;
    if (limit > 0) {
      long unwritten = pages.getOrDefault("nr_dirty", 0L) + pages.getOrDefault("nr_writeback", 0L);
      mostPercent = Math.max(mostPercent, 100.0 * unwritten / limit);
    }
  }

  /**
   * The most that was unwritten until it was closed, in percent of what makes the kernel slow
   * writers down; empty where the system does not tell.
   */
  OptionalDouble mostPercent() {
    return mostPercent < 0 ? OptionalDouble.empty() : OptionalDouble.of(mostPercent);
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      watcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
