package io.tailrace.protocol.port;

/**
 * One thread, seen from outside: runs tasks one after the other, in the order in which each caller
 * handed them over. State that is confined to a scheduler needs no locks. Production wraps an event
 * loop; the simulator a queue of events.
 */
public interface Scheduler {

  /** Hands over a task. Thread-safe; never runs it inline. */
  void execute(Runnable task);

  /** Runs a task once after a delay in milliseconds, unless it is cancelled before. Thread-safe. */
  Cancellable schedule(Runnable task, long delayMs);

  /** Whether the caller is this scheduler's thread. */
  boolean inThread();

  /**
   * Runs the task at once when the caller is this scheduler's thread, and hands it over otherwise.
   */
  default void runOrExecute(Runnable task) {
    if (inThread()) {
      task.run();
    } else {
      execute(task);
    }
  }

  /** A task that may not have run yet. */
  @FunctionalInterface
  interface Cancellable {
    /**
     * Makes sure that the task does not run, if it has not begun. Thread-safe; may be called again.
     */
    void cancel();
  }
}
