package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogConfig.Compaction;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts one log: decides when a {@link CompactionPass} is due, and has the segments that it
 * writes take the place of others. Confined to the log's owner; the pass runs on the thread {@code
 * log-cleaner} and asks for each of its steps here.
 *
 * <p>A segment takes the place of others in three steps, so that the log is whole whenever the
 * process ends: its directory gets its name on the log's threads, from when on it counts when the
 * log is opened; the owner reads it in place of the others; these are deleted. Whatever changes the
 * log's segments between the first two steps has the new segment deleted instead.
 */
final class LogCompaction {
  private static final Logger LOG = LoggerFactory.getLogger(LogCompaction.class);

  private final Path directory;
  private final SegmentList segments;
  private final Scheduler owner;
  private final StoreServices services;
  private final SegmentAccess access;
  private final LogTasks tasks;
  private final Consumer<LogException> onFailure;

  private CompactionRun running;
  private Replacement replacing;
  private boolean blocked;
  private boolean toldOfFullDisk;
  private boolean stopped;

  /** A segment that has got its name, or is about to, and is not read yet. */
  private record Replacement(Segment cleaned, List<Segment> sources, CompactionRun run) {}

  /**
   * @param onFailure is told on the owner when the device cannot be read
   */
  LogCompaction(
      Path directory,
      SegmentList segments,
      Scheduler owner,
      StoreServices services,
      SegmentAccess access,
      LogTasks tasks,
      Consumer<LogException> onFailure) {
    this.directory = directory;
    this.segments = segments;
    this.owner = owner;
    this.services = services;
    this.access = access;
    this.tasks = tasks;
    this.onFailure = onFailure;
  }

  /**
   * Begins a pass when one is due.
   *
   * @param limitOffset only segments that end here or before are compacted
   */
  void beginIfDue(LogConfig config, long nowMs, long limitOffset) {
    if (config.compaction() == null || running != null || blocked || stopped) {
      return;
    }
    CompactionPass.Plan plan = plan(config, nowMs, limitOffset);
    if (isDue(plan)) {
      running = new CompactionRun(directory, plan, services, owner, this);
      services.threads().cleaner().execute(running);
    }
  }

  /** The first segments of the log, as far as they can be compacted. */
  private CompactionPass.Plan plan(LogConfig config, long nowMs, long limitOffset) {
    List<Segment> all = new ArrayList<>();
    int firstDirty = -1;
    for (int s = 0; s < segments.count(); s++) {
      Segment segment = segments.get(s);
      SegmentState state = segment.state();
      boolean follows = s == 0 || segments.get(s - 1).state().endOffset == state.baseOffset;
      if (!segment.isSealed()
          || state.endOffset > limitOffset
          || nowMs - state.lastAppendMs < config.compaction().minLagMs()
          || !follows) {
        break;
      }
      if (segment.generation() == 0 && firstDirty < 0) {
        firstDirty = s;
      }
      all.add(segment);
    }
    return new CompactionPass.Plan(all, firstDirty < 0 ? all.size() : firstDirty, config, nowMs);
  }

  private boolean isDue(CompactionPass.Plan plan) {
    for (Segment segment : plan.segments()) {
      if (plan.nowMs() >= segment.state().tombstonesMs) {
        return true;
      }
    }
    if (plan.firstDirty() == plan.segments().size()) {
      return false;
    }
    Compaction how = plan.config().compaction();
    long bytes = 0;
    long dirtyBytes = 0;
    for (int s = 0; s < plan.segments().size(); s++) {
      long size = plan.segments().get(s).state().sizeInBytes;
      bytes += size;
      dirtyBytes += s < plan.firstDirty() ? 0 : size;
    }
    long oldestMs = plan.segments().get(plan.firstDirty()).state().firstAppendMs;
    return dirtyBytes >= how.minDirtyRatio() * bytes || plan.nowMs() - oldestMs >= how.maxLagMs();
  }

  /** Whether a pass is under way, or waits for those of other logs. */
  boolean isRunning() {
    return running != null;
  }

  // ---- for the pass, on the owner ----

  /** Opens a segment and shares its content. */
  Segment share(Segment segment) {
    if (!segments.has(List.of(segment))) {
      throw new CancellationException("segment " + segment.directory() + " is gone");
    }
    access.open(segment);
    return segment.share();
  }

  /** Begins to put a segment in the place of others; the run is told of the end. */
  void replace(Path written, Segment cleaned, List<Segment> sources, CompactionRun run) {
    Segment last = sources.get(sources.size() - 1);
    if (stopped || !segments.has(sources) || last.state().endOffset != cleaned.state().endOffset) {
      throw new CancellationException("segments of log " + directory + " have changed");
    }
    Replacement begun = new Replacement(cleaned, List.copyOf(sources), run);
    replacing = begun;
    tasks.putInPlace(
        written, cleaned, sources, moved -> owner.execute(() -> onInPlace(begun, moved)));
  }

  @SuppressWarnings("ReferenceEquality") // another one may have the same segments
  private void onInPlace(Replacement begun, boolean moved) {
    if (replacing != begun) {
      return; // it was taken back, and the run was told
    }
    replacing = null;
    if (stopped || !moved || !segments.replace(begun.sources(), begun.cleaned())) {
      begun.run().onReplaced(false);
      return;
    }
    tasks.delete(access.detachAll(begun.sources()), begun.sources());
    begun.run().onReplaced(true);
  }

  /** A pass has ended. */
  void onEnded(CompactionPass.Outcome outcome, Throwable failure) {
    running = null;
    if (outcome != null) {
      toldOfFullDisk = false;
    } else if (!stopped) {
      onPassFailed(failure);
    }
  }

  private void onPassFailed(Throwable failure) {
    if (failure instanceof CancellationException) {
      LOG.debug(
          "a pass of compaction over log {} was cancelled: {}", directory, failure.toString());
    } else if (failure instanceof LogException full && full.code() == ErrorCode.DISK_FULL) {
      if (!toldOfFullDisk) {
        toldOfFullDisk = true;
        LOG.warn("log {} is not compacted for now: {}", directory, full.getMessage());
      }
    } else if (LogFailures.isOfTheDevice(failure)) {
      onFailure.accept(
          new LogException(
              ErrorCode.STORAGE_ERROR,
              "cannot compact log " + directory + ": " + failure,
              failure));
    } else {
      blocked = true;
      LOG.error(
          "log {} is not compacted any more until it is opened again, and grows: {}",
          directory,
          failure.getMessage(),
          failure);
    }
  }

  // ---- for the log ----

  /**
   * Ends the pass that is under way, and takes back a segment that the log does not read yet. To be
   * called before the log's segments are changed otherwise than by appends.
   */
  void cancel() {
    if (replacing != null) {
      Replacement over = replacing;
      replacing = null;
      tasks.delete(() -> {}, List.of(over.cleaned()));
      over.run().onReplaced(false);
    }
    if (running != null) {
      running.cancel();
    }
  }

  /**
   * Ends compaction for good. A segment that has got its name already stays, and the segments that
   * it replaces go when the log is opened again.
   *
   * @param whenEnded runs, on any thread, when no pass touches the log's files any more
   */
  void stop(Runnable whenEnded) {
    stopped = true;
    CompactionRun last = running;
    if (last == null) {
      whenEnded.run();
      return;
    }
    last.cancel();
    var unused = last.ended().thenRun(whenEnded);
  }
}
