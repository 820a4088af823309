package io.tailrace.benchmarks.micro;

import io.tailrace.protocol.port.Scheduler;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * A scheduler whose thread is the one that made it: tasks wait until that thread runs them with
 * {@link #drain()}. Delayed tasks run at the next drain. Handing over is thread-safe.
 */
final class OwnerQueue implements Scheduler {
  private final Thread owner = Thread.currentThread();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    tasks.add(task);
    return () -> tasks.remove(task);
  }

  @Override
  public boolean inThread() {
    return Thread.currentThread() == owner;
  }

  /** Runs what waits. */
  void drain() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }
}
