package io.tailrace.coordinator.cluster;

import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/**
 * Time and threads on one real thread: tasks run in the order of their moments, and time jumps from
 * one to the next. Not thread-safe.
 */
final class SimulatedTime {

  private static final class Task implements Scheduler.Cancellable {
    private final long atMs;
    private final long number;
    private final SimulatedThread thread;
    private Runnable work;

    Task(long atMs, long number, SimulatedThread thread, Runnable work) {
      this.atMs = atMs;
      this.number = number;
      this.thread = thread;
      this.work = work;
    }

    @Override
    public void cancel() {
      work = null;
    }
  }

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(task -> task.atMs).thenComparingLong(task -> task.number));
  private long nowMs;
  private long lastNumber;
  private SimulatedThread running;

  long nowMs() {
    return nowMs;
  }

  /** A thread whose tasks wait up to the given time for their turn. */
  SimulatedThread thread(RandomGenerator random, int maxDelayMs) {
    return new SimulatedThread(random, maxDelayMs);
  }

  /** Runs the next task; says whether there was one. */
  boolean step() {
    Task task = tasks.poll();
    if (task == null) {
      return false;
    }
    nowMs = Math.max(nowMs, task.atMs);
    Runnable work = task.work;
    if (work != null && !task.thread.dead) {
      if (task.thread.frozen) {
        task.thread.deferred.add(task);
      } else {
        running = task.thread;
        work.run();
        running = null;
      }
    }
    return true;
  }

  /** Runs the next task, if it is due until then; says whether it was. Time goes on in any case. */
  boolean stepUntil(long untilMs) {
    if (tasks.isEmpty() || tasks.peek().atMs > untilMs) {
      nowMs = Math.max(nowMs, untilMs);
      return false;
    }
    return step();
  }

  /** One simulated thread. */
  final class SimulatedThread implements Scheduler {
    private final RandomGenerator random;
    private final int maxDelayMs;
    private final List<Task> deferred = new ArrayList<>();
    private long lastMs;
    private boolean frozen;
    private boolean dead;

    private SimulatedThread(RandomGenerator random, int maxDelayMs) {
      this.random = random;
      this.maxDelayMs = maxDelayMs;
    }

    @Override
    public void execute(Runnable task) {
      lastMs = Math.max(lastMs, nowMs + random.nextInt(maxDelayMs + 1));
      tasks.add(new Task(lastMs, ++lastNumber, this, task));
    }

    @Override
    public Cancellable schedule(Runnable task, long delayMs) {
      Task later = new Task(nowMs + delayMs, ++lastNumber, this, task);
      tasks.add(later);
      return later;
    }

    @Override
    public boolean inThread() {
      return running == this;
    }

    /** The other thread, behind this one: tasks pass through this one first. */
    Scheduler to(Scheduler other) {
      SimulatedThread first = this;
      return new Scheduler() {
        @Override
        public void execute(Runnable task) {
          first.execute(() -> other.execute(task));
        }

        @Override
        public Cancellable schedule(Runnable task, long delayMs) {
          return other.schedule(task, delayMs);
        }

        @Override
        public boolean inThread() {
          return other.inThread();
        }
      };
    }

    /** Nothing runs until it is thawed. */
    void freeze() {
      frozen = true;
    }

    void thaw() {
      frozen = false;
      tasks.addAll(deferred);
      deferred.clear();
    }

    /** Nothing runs any more. */
    void kill() {
      dead = true;
    }
  }
}
