package io.tailrace.broker.simulation;

import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;

/**
 * Time and threads on one real thread: tasks run in the order of their moments, and time jumps from
 * one to the next. Keeps a hash of all that has run, so that two runs of one seed can be compared.
 * Not thread-safe.
 */
final class SimulatedTime implements Clock {
  private static final long EPOCH_MS = 1_700_000_000_000L;

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
  private int threads;
  private long trace = 17;
  private SimulatedThread running;

  @Override
  public long wallMs() {
    return EPOCH_MS + nowMs;
  }

  @Override
  public long nanoTime() {
    return nowMs * 1_000_000;
  }

  long nowMs() {
    return nowMs;
  }

  /** A thread whose tasks wait up to the given time for their turn. */
  SimulatedThread thread(RandomGenerator random, int maxDelayMs) {
    return new SimulatedThread(threads++, random, maxDelayMs);
  }

  /**
   * Runs the next task.
   *
   * @return whether there was one
   */
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
        return true;
      }
      note(nowMs);
      note(task.thread.number);
      running = task.thread;
      work.run();
      running = null;
    }
    return true;
  }

  /** Adds something that happened to the trace. */
  void note(long event) {
    trace = (trace ^ event) * 0x9E3779B97F4A7C15L;
    trace ^= trace >>> 29;
  }

  /** The hash of all that has happened. */
  long trace() {
    return trace;
  }

  /** One simulated thread. */
  final class SimulatedThread implements Scheduler {
    private final int number;
    private final RandomGenerator random;
    private final int maxDelayMs;
    private final List<Task> deferred = new ArrayList<>();
    private long lastMs;
    private boolean frozen;
    private boolean dead;

    private SimulatedThread(int number, RandomGenerator random, int maxDelayMs) {
      this.number = number;
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

    /** Runs something at once as if it were a task of this thread. */
    void inside(Runnable work) {
      SimulatedThread before = running;
      running = this;
      work.run();
      running = before;
    }

    /** Nothing runs until {@link #thaw}; what became due meanwhile runs then. */
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
