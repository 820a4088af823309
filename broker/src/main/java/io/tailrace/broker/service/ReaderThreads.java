package io.tailrace.broker.service;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that read sealed segments, so that a read which waits for the device holds up neither
 * connections nor other partitions. Thread-safe.
 */
public final class ReaderThreads implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReaderThreads.class);
  private static final int MIN_THREADS = 2;
  private static final int MAX_THREADS = 8;
  private static final int QUEUE = 256;
  private static final long CLOSE_TIMEOUT_S = 30;

  private final ThreadPoolExecutor pool;

  /**
   * @param threads how many reads go on at the same time
   * @param queue how many more may wait for a thread
   */
  public ReaderThreads(int threads, int queue) {
    AtomicInteger count = new AtomicInteger();
    pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(queue),
            task -> {
              Thread thread = new Thread(task, "reader-" + count.getAndIncrement());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** As many as this machine has processors, within 2 to 8. */
  public static ReaderThreads ofThisMachine() {
    int processors = Runtime.getRuntime().availableProcessors();
    return new ReaderThreads(Math.max(MIN_THREADS, Math.min(processors, MAX_THREADS)), QUEUE);
  }

  /**
   * Runs a read on one of the threads; at once on the caller's own where all are busy and the queue
   * is full, or when they are closed. So a read is never refused for want of a thread, and a client
   * that asks faster than the device reads is slowed down with the thread that reads for it.
   */
  public void run(Runnable read) {
    try {
      pool.execute(read);
    } catch (RejectedExecutionException e) {
      read.run();
    }
  }

  /** Lets the reads that wait or are under way end. Blocks meanwhile, at most 30 seconds. */
  @Override
  public void close() {
    pool.shutdown();
    try {
      if (!pool.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS)) {
        LOG.warn("reads of sealed segments did not end within {} s", CLOSE_TIMEOUT_S);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
