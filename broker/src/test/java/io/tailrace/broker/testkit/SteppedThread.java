package io.tailrace.broker.testkit;

import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A thread that runs its tasks when the test says so, while other threads hand them over: the test
 * decides what comes before what. Its thread is the one that made it; handing over is thread-safe.
 */
public final class SteppedThread implements Scheduler {
  private static final long AWAIT_S = 30;

  private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
  private final Thread owner = Thread.currentThread();

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  /** Never runs anything: no test waits for that. */
  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    throw new UnsupportedOperationException("this thread has no time");
  }

  @Override
  public boolean inThread() {
    return Thread.currentThread() == owner;
  }

  /** Waits until there is a task, and runs it. */
  public void step() throws InterruptedException {
    Runnable task = tasks.poll(AWAIT_S, TimeUnit.SECONDS);
    if (task == null) {
      throw new AssertionError("no task within " + AWAIT_S + " s");
    }
    task.run();
  }

  /** Runs what is there, and returns how much that was. */
  public int run() {
    int count = 0;
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
      count++;
    }
    return count;
  }

  /** Tasks that have been handed over and not run. */
  public int waiting() {
    return tasks.size();
  }
}
