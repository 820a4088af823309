package io.tailrace.broker.log.chronicle;

import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one {@link CompactionPass} on the thread {@code log-cleaner}, and hands its steps over to
 * the log's owner. {@link #cancel} and {@link #onReplaced} are for the owner's thread.
 */
final class CompactionRun implements Runnable, CompactionPass.Steps {
  private static final Logger LOG = LoggerFactory.getLogger(CompactionRun.class);

  private final Path directory;
  private final CompactionPass pass;
  private final Scheduler owner;
  private final LogCompaction compaction;
  private final AtomicBoolean taken = new AtomicBoolean();
  private final CompletableFuture<Void> cancelled = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile CompletableFuture<Boolean> replaced;

  CompactionRun(
      Path directory,
      CompactionPass.Plan plan,
      StoreServices services,
      Scheduler owner,
      LogCompaction compaction) {
    this.directory = directory;
    this.pass = new CompactionPass(directory, plan, services, this);
    this.owner = owner;
    this.compaction = compaction;
  }

  /** Has the pass end soon; one that has not begun never does. */
  void cancel() {
    cancelled.complete(null);
    if (taken.compareAndSet(false, true)) {
      ended.complete(null);
      compaction.onEnded(null, new CancellationException("before it began"));
    }
  }

  /** Completes when the pass touches no files any more. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  @Override
  public void run() {
    if (!taken.compareAndSet(false, true)) {
      return;
    }
    CompactionPass.Outcome outcome = null;
    Throwable failure = null;
    long beganNs = System.nanoTime();
    try {
      outcome = pass.run();
      tell(outcome, System.nanoTime() - beganNs);
    } catch (IOException | RuntimeException | Error e) {
      failure = e;
    }
    CompactionPass.Outcome result = outcome;
    Throwable problem = failure;
    ended.complete(null);
    try {
      owner.execute(() -> compaction.onEnded(result, problem));
    } catch (RejectedExecutionException e) {
      LOG.debug("log {} was closed during a pass of compaction", directory); // with its thread
    }
  }

  private void tell(CompactionPass.Outcome outcome, long tookNs) {
    if (outcome.segmentsBefore() > 0) {
      LOG.info(
          "log {} was compacted: {} segments of {} bytes became {} of {} bytes in {} s",
          directory.getFileName(),
          outcome.segmentsBefore(),
          outcome.bytesBefore(),
          outcome.segmentsAfter(),
          outcome.bytesAfter(),
          String.format(Locale.ROOT, "%.1f", tookNs / 1e9));
    }
  }

  // ---- the steps of the pass ----

  @Override
  public Segment share(Segment segment) {
    CompletableFuture<Segment> shared = onOwner(() -> compaction.share(segment));
    try {
      return await(shared);
    } catch (CancellationException e) {
      // The owner may be about to share it.
      var unused = shared.thenAccept(Segment::unshare);
      throw e;
    }
  }

  @Override
  public void replace(Path written, Segment cleaned, List<Segment> sources) {
    CompletableFuture<Boolean> outcome = new CompletableFuture<>();
    replaced = outcome;
    await(
        onOwner(
            () -> {
              checkCancelled();
              compaction.replace(written, cleaned, sources, this);
              return null;
            }));
    if (!await(outcome)) {
      throw new CancellationException("segments of log " + directory + " have changed");
    }
  }

  /** The segment that was written last is read by the log now, or has been taken back. */
  void onReplaced(boolean inPlace) {
    replaced.complete(inPlace);
  }

  @Override
  public void pause(long nanos) {
    checkCancelled();
    if (nanos <= 0) {
      return;
    }
    try {
      cancelled.get(nanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return; // the pause is over
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a cancellation fails never", e);
    }
    throw new CancellationException("the pass was cancelled");
  }

  private void checkCancelled() {
    if (cancelled.isDone()) {
      throw new CancellationException("the pass was cancelled");
    }
  }

  private <T> CompletableFuture<T> onOwner(Supplier<T> step) {
    checkCancelled();
    CompletableFuture<T> done = new CompletableFuture<>();
    owner.execute(
        () -> {
          try {
            done.complete(step.get());
          } catch (RuntimeException | Error e) {
            done.completeExceptionally(e);
          }
        });
    return done;
  }

  /** Waits for the log's owner thread, which may not come to it once the log is closed. */
  private <T> T await(CompletableFuture<T> step) {
    try {
      CompletableFuture.anyOf(step, cancelled).get();
      checkCancelled();
      return step.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("the thread that compacts is to end");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException known) {
        throw known;
      }
      throw new IllegalStateException("a step of a pass failed", e.getCause());
    }
  }
}
