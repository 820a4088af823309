package io.tailrace.coordinator.zookeeper;

import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The thread {@code cluster-store}, which owns the image and all that leads to it. Thread-safe. */
final class StoreThread implements Scheduler, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StoreThread.class);

  private static final long IDLE_MS = 100;

  private final ScheduledThreadPoolExecutor executor;
  private volatile Thread thread;

  StoreThread() {
    executor =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              thread = new Thread(task, "cluster-store");
              thread.setDaemon(true);
              return thread;
            });
    executor.setRemoveOnCancelPolicy(true);
  }

  @Override
  public void execute(Runnable task) {
    executor.execute(() -> run(task));
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    Future<?> future = executor.schedule(() -> run(task), delayMs, TimeUnit.MILLISECONDS);
    return () -> future.cancel(false);
  }

  private static void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("The cluster store met an error that it did not expect", e);
    }
  }

  @Override
  public boolean inThread() {
    return Thread.currentThread() == thread;
  }

  /** Lets the thread end whenever it has nothing to do; who comes later is served all the same. */
  @Override
  public void close() {
    executor.setKeepAliveTime(IDLE_MS, TimeUnit.MILLISECONDS);
    executor.allowCoreThreadTimeOut(true);
  }
}
