package io.tailrace.broker.log.chronicle;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of a store: what would block a partition's thread runs here. Thread-safe. */
final class LogThreads implements AutoCloseable {
  /** They wait for the device most of the time, and what they sync together costs as one. */
  private static final int IO_THREADS = 4;

  private static final String NAME_PREFIX = "log-";
  private static final long CLOSE_TIMEOUT_S = 300;

  private final ExecutorService io;
  private final ExecutorService ahead;
  private final ExecutorService idle;
  private final ExecutorService cleaner;
  private final ScheduledExecutorService checkpoint;

  LogThreads() {
    AtomicInteger count = new AtomicInteger();
    io =
        Executors.newFixedThreadPool(
            IO_THREADS, task -> daemon(task, NAME_PREFIX + "io-" + count.getAndIncrement()));
    ahead = Executors.newSingleThreadExecutor(task -> daemon(task, NAME_PREFIX + "ahead"));
    idle = Executors.newSingleThreadExecutor(task -> daemon(task, NAME_PREFIX + "idle"));
    cleaner = Executors.newSingleThreadExecutor(task -> daemon(task, NAME_PREFIX + "cleaner"));
    checkpoint =
        Executors.newSingleThreadScheduledExecutor(
            task -> daemon(task, NAME_PREFIX + "checkpoint"));
  }

  /** Whether the current thread is a store's, and may wait for the file system. */
  static boolean isCurrent() {
    return Thread.currentThread().getName().startsWith(NAME_PREFIX);
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** Opens, syncs, seals, deletes. */
  Executor io() {
    return io;
  }

  /** Does early what an append will need, so it must not wait behind a sync. */
  Executor ahead() {
    return ahead;
  }

  /** Closes what is not used, so it must not wait behind a sync: descriptors would run out. */
  Executor idle() {
    return idle;
  }

  /** Compacts one log after the other, and pauses between so that others get the device. */
  Executor cleaner() {
    return cleaner;
  }

  /** Runs a task again and again, so many milliseconds after its last run ended. */
  void checkpointEvery(long delayMs, Runnable task) {
    var unused = checkpoint.scheduleWithFixedDelay(task, delayMs, delayMs, TimeUnit.MILLISECONDS);
  }

  /** Waits for what is under way. */
  @Override
  public void close() {
    List<ExecutorService> all = List.of(cleaner, io, ahead, idle, checkpoint);
    all.forEach(ExecutorService::shutdown);
    try {
      for (ExecutorService each : all) {
        if (!each.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS)) {
          throw new IllegalStateException(
              "the log threads did not end within " + CLOSE_TIMEOUT_S + " s");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the log threads ended", e);
    }
  }
}
