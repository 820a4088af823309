package io.tailrace.broker.log;

import io.tailrace.protocol.port.Scheduler;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A real thread as a scheduler, and a way for tests to run steps on it. Thread-safe. */
public final class OwnerThread implements Scheduler, AutoCloseable {
  private static final long DEADLINE_S = 60;

  private final ScheduledExecutorService executor;
  private volatile Thread thread;

  public OwnerThread(String name) {
    executor =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** A step of a test that may throw. */
  @FunctionalInterface
  public interface Step {
    void run() throws Exception;
  }

  @Override
  public void execute(Runnable task) {
    executor.execute(task);
  }

  @Override
  public Cancellable schedule(Runnable task, long delayMs) {
    Future<?> scheduled = executor.schedule(task, delayMs, TimeUnit.MILLISECONDS);
    return () -> scheduled.cancel(false);
  }

  @Override
  public boolean inThread() {
    return Thread.currentThread() == thread;
  }

  /** Runs a step on the thread and waits for it; what it throws, this throws. */
  public <T> T call(Callable<T> step) {
    try {
      if (inThread()) {
        return step.call();
      }
    } catch (Exception e) {
      throw rethrown(e);
    }
    try {
      return executor.submit(step).get(DEADLINE_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("the step did not end in time", e);
    }
  }

  /** Runs a step on the thread and waits for it; what it throws, this throws. */
  public void run(Step step) {
    call(
        () -> {
          step.run();
          return null;
        });
  }

  /** Waits for a stage outside the thread; what it failed with, this throws. */
  public static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(DEADLINE_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("the stage did not complete in time", e);
    }
  }

  private static RuntimeException rethrown(Throwable cause) {
    if (cause instanceof CompletionException wrapped && wrapped.getCause() != null) {
      return rethrown(wrapped.getCause());
    }
    if (cause instanceof Error error) {
      throw error;
    }
    if (cause instanceof RuntimeException runtime) {
      throw runtime;
    }
    throw new AssertionError(cause);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
