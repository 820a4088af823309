package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Makes one log's segment ready to be appended to: creates and renames its files, removes the mark
 * that it was closed in order, reserves space, opens its queue. All of that runs on the thread
 * {@code log-ahead}; the log's owner only asks whether it is done. Confined to the log's owner.
 */
final class AppendPreparation {
  private final Path directory;
  private final StoreServices services;
  private final SegmentAccess access;
  private final LogTasks tasks;
  private final Scheduler owner;
  private final Runnable onAppendable;

  /** Completes when deleted segments have lost their names, which a new one may need. */
  private CompletableFuture<Void> namesFree = CompletableFuture.completedFuture(null);

  private FutureTask<Path> nextFiles;
  private FutureTask<Prepared> preparing;

  /** The segment whose queue is being opened; null while a new one is made. */
  private Segment opening;

  private Segment fresh;
  private LogException failure;

  /** An open queue, and the segment that it belongs to. */
  private record Prepared(Segment segment, SegmentWriter writer, boolean isFresh) {}

  /**
   * @param onAppendable is called on the owner when a preparation has ended, with or without
   *     success
   */
  AppendPreparation(
      Path directory,
      StoreServices services,
      SegmentAccess access,
      LogTasks tasks,
      Scheduler owner,
      Runnable onAppendable) {
    this.directory = directory;
    this.services = services;
    this.access = access;
    this.tasks = tasks;
    this.owner = owner;
    this.onAppendable = onAppendable;
  }

  /** Whether {@link #ready} has a segment or an error to give; begins to prepare when not. */
  boolean isReady(Segment active, long logEndOffset, LogConfig config) {
    return failure != null || ready(active, logEndOffset, config, 0) != null;
  }

  /**
   * The segment to append to: the active one, or a new and empty one where there is none.
   *
   * @param active null when the log has none
   * @param batchBytes the size of the batch to be appended
   * @return null when it is not ready: it is being prepared then
   * @throws LogException why the last preparation failed; the next call begins another
   */
  Segment ready(Segment active, long logEndOffset, LogConfig config, int batchBytes) {
    if (preparing != null) {
      return null;
    }
    if (failure != null) {
      LogException why = failure;
      failure = null;
      throw why;
    }
    if (fresh != null && !SegmentWriter.hasRoomFor(fresh.state(), 0, 0, batchBytes)) {
      dropFresh();
    }
    Segment target = active != null ? active : fresh;
    if (target != null && target.writer() != null) {
      return target;
    }
    begin(target, logEndOffset, config, batchBytes);
    return null;
  }

  private void begin(Segment target, long logEndOffset, LogConfig config, int batchBytes) {
    long segmentBytes = config.segmentBytes();
    FutureTask<Prepared> task;
    if (target == null) {
      FutureTask<Path> files = nextFiles;
      nextFiles = null;
      int blockBytes =
          SegmentFactory.blockBytes(segmentBytes, Math.max(batchBytes, config.maxBatchBytes()));
      task = new FutureTask<>(() -> create(logEndOffset, blockBytes, segmentBytes, files));
    } else {
      target.setCleanOnDisk(false);
      task = new FutureTask<>(() -> open(target, segmentBytes));
    }
    preparing = task;
    opening = target;
    var unused =
        namesFree.thenRunAsync(
            () -> {
              task.run();
              owner.execute(() -> onPrepared(task));
            },
            services.threads().ahead());
  }

  private Prepared open(Segment target, long segmentBytes) {
    try {
      Files.deleteIfExists(target.directory().resolve(LogFiles.CLEAN));
    } catch (IOException e) {
      throw DiskSpace.failure("cannot change segment " + target.directory(), e);
    }
    return new Prepared(target, services.factory().openQueue(target, segmentBytes), false);
  }

  private Prepared create(
      long baseOffset, int blockBytes, long segmentBytes, FutureTask<Path> files) {
    Segment made = services.factory().create(directory, baseOffset, blockBytes, files);
    try {
      return new Prepared(made, services.factory().openQueue(made, segmentBytes), true);
    } catch (RuntimeException | Error e) {
      delete(made.directory());
      throw e;
    }
  }

  private static void delete(Path segment) {
    try {
      LogFiles.deleteRecursively(LogFiles.markDeleted(segment));
    } catch (IOException e) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot delete the empty segment " + segment + ": " + e, e);
    }
  }

  private void onPrepared(FutureTask<Prepared> task) {
    if (task != preparing) {
      return;
    }
    preparing = null;
    try {
      Prepared prepared = task.get();
      access.attach(prepared.segment(), prepared.writer());
      if (prepared.isFresh()) {
        fresh = prepared.segment();
      }
    } catch (ExecutionException e) {
      failure =
          e.getCause() instanceof LogException known
              ? known
              : new LogException(
                  ErrorCode.STORAGE_ERROR,
                  "log " + directory + " cannot be appended to: " + e.getCause(),
                  e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted although log " + directory + " was prepared", e);
    }
    onAppendable.run();
  }

  /** Begins to write the files of the segment behind the active one. */
  void prepareFiles() {
    if (nextFiles == null) {
      nextFiles = services.factory().prepare(directory);
    }
  }

  /** Takes in that the new segment has a batch and is the log's active one. */
  void adopted() {
    fresh = null;
  }

  /** Ends what is prepared or under way, behind which {@link LogTasks} deletes or closes. */
  void drop() {
    failure = null;
    if (preparing != null) {
      FutureTask<Prepared> task = preparing;
      preparing = null;
      tasks.run(() -> discard(task));
    }
    if (fresh != null) {
      dropFresh();
    }
  }

  /**
   * Takes in that a segment gets no more batches. What was being opened of it is closed again,
   * before anything that {@link LogTasks} is given for it now.
   */
  void ended(Segment segment) {
    failure = null;
    if (preparing != null && opening == segment) {
      drop();
      onAppendable.run(); // Requests that waited for it have the next segment prepared.
    }
  }

  private void dropFresh() {
    tasks.delete(access.detach(fresh), List.of(fresh));
    fresh = null;
    namesTaken();
  }

  /** Takes in that segments are being deleted whose names the next one may need. */
  void namesTaken() {
    CompletableFuture<Void> free = new CompletableFuture<>();
    tasks.run(() -> free.complete(null));
    namesFree = free;
  }

  /** Waits on a log thread for what was under way, and undoes it. */
  private static void discard(FutureTask<Prepared> task) {
    task.run(); // At once when the log thread has not begun with it.
    try {
      Prepared prepared = task.get();
      prepared.writer().close();
      if (prepared.isFresh()) {
        delete(prepared.segment().directory());
      }
    } catch (ExecutionException e) {
      return; // There is nothing to undo.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Removes all that was prepared for a log that is being closed. */
  void close() {
    drop();
    if (nextFiles != null) {
      tasks.run(services.factory().discard(nextFiles));
      nextFiles = null;
    }
  }
}
