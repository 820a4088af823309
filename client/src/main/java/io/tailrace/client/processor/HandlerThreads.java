package io.tailrace.client.processor;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads on which a processor's handler runs; made as they are needed. */
final class HandlerThreads {
  private static final int KEEP_SECONDS = 30;

  private final ExecutorService pool;

  /** Known by its class, so that a handler that closes its processor does not wait for itself. */
  private static final class HandlerThread extends Thread {
    private final HandlerThreads owner;

    HandlerThread(HandlerThreads owner, Runnable task, String name) {
      super(task, name);
      this.owner = owner;
      setDaemon(true);
    }
  }

  HandlerThreads(String group, int count) {
    AtomicInteger made = new AtomicInteger();
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            count,
            count,
            KEEP_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(), // bounded: no more tasks are begun than there are threads
            task ->
                new HandlerThread(
                    this, task, "processor-" + group + "-handler-" + made.incrementAndGet()));
    threads.allowCoreThreadTimeOut(true);
    this.pool = threads;
  }

  void execute(Runnable task) {
    pool.execute(task);
  }

  /** Whether the calling thread is one of these. */
  boolean isCurrent() {
    return Thread.currentThread() instanceof HandlerThread thread && thread.owner == this;
  }

  /** Interrupts the handlers that are at work. */
  void close() {
    pool.shutdownNow();
  }
}
