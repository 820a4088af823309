package io.tailrace.broker.log.chronicle;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;

/** Runs one log's tasks one after the other on the store's log threads. Thread-safe. */
final class SerialTasks {
  private final Executor threads;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean running;

  SerialTasks(Executor threads) {
    this.threads = threads;
  }

  /** Hands over a task, which must not throw. */
  void execute(Runnable task) {
    synchronized (waiting) {
      waiting.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    threads.execute(this::runNext);
  }

  private void runNext() {
    Runnable task;
    synchronized (waiting) {
      task = waiting.remove();
    }
    try {
      task.run();
    } finally {
      boolean more;
      synchronized (waiting) {
        more = !waiting.isEmpty();
        running = more;
      }
      if (more) {
        threads.execute(this::runNext);
      }
    }
  }
}
