package io.tailrace.broker.testkit;

import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A thread that runs when the test says so, with a time of its own. Confined to the test's thread.
 */
public final class ManualScheduler implements Scheduler {
  private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
  private final List<Delayed> delayed = new ArrayList<>();
  private long nowMs;

  private record Delayed(long dueMs, Runnable task) {}

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    Delayed entry = new Delayed(nowMs + delayMs, task);
    delayed.add(entry);
    return () -> delayed.remove(entry);
  }

  @Override
  public boolean inThread() {
    return true;
  }

  /** Runs everything that is due now. */
  public void run() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  /** Runs the oldest task that is due now. */
  public void runOne() {
    tasks.remove().run();
  }

  /** Lets time pass and runs what has become due. */
  public void advance(long ms) {
    nowMs += ms;
    for (Delayed entry : List.copyOf(delayed)) {
      if (entry.dueMs() <= nowMs && delayed.remove(entry)) {
        tasks.add(entry.task());
      }
    }
    run();
  }
}
