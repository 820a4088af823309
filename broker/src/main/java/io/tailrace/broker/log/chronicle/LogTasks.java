package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one log has done on the log threads, in order: closing, sealing, syncing, deleting. The
 * first error ends all syncing, and stops the log: what the device has kept is not known any more.
 * Confined to the log's owner; the tasks themselves touch nothing of the log but its files.
 */
final class LogTasks {
  private static final Logger LOG = LoggerFactory.getLogger(LogTasks.class);

  private final Path directory;
  private final StoreServices services;
  private final Consumer<LogException> onFailure;
  private final SerialTasks tasks;
  private final AtomicBoolean logStartWaits = new AtomicBoolean();
  private volatile long latestLogStart;
  private volatile boolean placeSynced;
  private volatile LogException failure;

  /**
   * @param onFailure is told on a log thread
   */
  LogTasks(Path directory, StoreServices services, Consumer<LogException> onFailure) {
    this.directory = directory;
    this.services = services;
    this.onFailure = onFailure;
    this.tasks = new SerialTasks(services.threads().io());
  }

  /** Something that reads or writes files. */
  @FunctionalInterface
  private interface FileTask {
    void run() throws IOException;
  }

  /** Runs what cannot fail. */
  void run(Runnable task) {
    tasks.execute(task);
  }

  /**
   * Runs what cannot fail, behind all that was handed over and all that this hands over in turn.
   */
  void runLast(Runnable task) {
    tasks.execute(() -> tasks.execute(task));
  }

  /**
   * Closes a segment for good: its content is synced, then the file {@code sealed} is.
   *
   * @param closer closes what the segment had open
   * @param snapshot the file to be kept beside it; null = none
   * @param cutOff whether the file has batches behind its end, which a scan would find again
   */
  void seal(Segment segment, Runnable closer, ByteBuf snapshot, boolean cutOff) {
    SegmentState state = segment.state();
    ByteBuf content = state.encode();
    int endPosition = state.endPosition;
    segment.setSealedOnDisk(false);
    segment.setSealUnderWay();
    tasks.execute(
        () -> {
          closer.run();
          keepSnapshot(segment.directory(), snapshot);
          attempt(
              "seal segment " + segment.directory(),
              () -> {
                force(segment);
                if (cutOff) {
                  writeSealed(segment, content);
                } else {
                  tolerateFullDisk(segment, () -> writeSealed(segment, content));
                }
                // A view may read behind the end of a segment that was cut off.
                if (!segment.hasViews()) {
                  services.factory().releaseTail(segment.directory(), endPosition);
                }
              });
        });
  }

  /**
   * Closes the active segment in order, so that it can be opened again without a scan.
   *
   * @param snapshot the file to be kept beside it; null = none
   */
  void closeClean(Segment segment, Runnable closer, ByteBuf snapshot) {
    ByteBuf content = segment.state().encode();
    boolean unchanged = segment.isCleanOnDisk();
    tasks.execute(
        () -> {
          closer.run();
          if (!unchanged) {
            keepSnapshot(segment.directory(), snapshot);
            attempt(
                "close segment " + segment.directory(),
                () -> {
                  force(segment);
                  Path file = segment.directory().resolve(LogFiles.CLEAN);
                  tolerateFullDisk(segment, () -> LogFiles.write(file, content));
                });
          }
        });
  }

  /** Keeps a snapshot beside the active segment. */
  void writeSnapshot(Segment segment, ByteBuf snapshot) {
    tasks.execute(() -> keepSnapshot(segment.directory(), snapshot));
  }

  /** The log can do without one: what is missing is read from its batches. */
  private static void keepSnapshot(Path segment, ByteBuf snapshot) {
    if (snapshot == null) {
      return;
    }
    try {
      LogFiles.write(segment.resolve(LogFiles.SNAPSHOT), snapshot);
    } catch (IOException e) {
      LOG.warn(
          "no snapshot could be kept beside segment {}; the log takes longer to open: {}",
          segment,
          e.toString());
    }
  }

  private void writeSealed(Segment segment, ByteBuf content) throws IOException {
    Path file = segment.directory().resolve(LogFiles.SEALED);
    LogFiles.write(file, content);
    services.device().force(file);
    services.device().force(segment.directory());
    segment.setSealedOnDisk(true);
  }

  /** For what a scan finds out again when it is missing. */
  private static void tolerateFullDisk(Segment segment, FileTask task) throws IOException {
    try {
      task.run();
    } catch (IOException e) {
      if (!LogFiles.isDiskFull(e)) {
        throw e;
      }
      LOG.warn(
          "no room to write the state of segment {}; it is scanned when the log is opened again",
          segment.directory());
    }
  }

  /**
   * Syncs the active segment, and everything before it.
   *
   * @param active null when there is none
   * @param onDone is called on a log thread when it is synced, and not when that failed
   */
  void sync(Segment active, Runnable onDone) {
    tasks.execute(
        () -> {
          if (attempt(
              "sync log " + directory,
              () -> {
                if (active != null) {
                  force(active);
                }
              })) {
            onDone.run();
          }
        });
  }

  private void force(Segment segment) throws IOException {
    services.device().force(segment.directory().resolve(LogFiles.QUEUE));
    if (!segment.isPlaceSynced()) {
      services.device().force(segment.directory());
      services.device().force(directory);
      if (!placeSynced) {
        services.device().force(directory.getParent());
        placeSynced = true;
      }
      segment.setPlaceSynced();
    }
  }

  /**
   * Gives a segment that was written beside others its name, with which it takes their place: when
   * the log is opened it counts, and they are removed.
   *
   * @param written where its synced files are
   * @param sources the segments whose place it takes; they must be deleted when this is done
   * @param onDone is told on a log thread whether it has its name; an error of the device also
   *     fails the log
   */
  void putInPlace(Path written, Segment cleaned, List<Segment> sources, Consumer<Boolean> onDone) {
    tasks.execute(
        () -> {
          boolean moved = failure == null && moveInPlace(written, cleaned, sources);
          onDone.accept(
              moved
                  && attempt(
                      "put segment " + cleaned.directory() + " in its place",
                      () -> services.device().force(directory)));
        });
  }

  private static boolean moveInPlace(Path written, Segment cleaned, List<Segment> sources) {
    for (int s = sources.size() - 1; s >= 0; s--) {
      Path snapshot = sources.get(s).directory().resolve(LogFiles.SNAPSHOT);
      if (Files.exists(snapshot)) {
        try {
          keepSnapshot(written, LogFiles.read(snapshot));
        } catch (IOException e) {
          LOG.warn("{} cannot be read: {}", snapshot, e.toString());
        }
        break;
      }
    }
    try {
      Files.move(written, cleaned.directory(), StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (IOException e) {
      LOG.warn("{} cannot take its place: {}", written, e.toString());
      return false;
    }
  }

  /**
   * Deletes segments.
   *
   * @param closer closes what they had open
   */
  void delete(Runnable closer, List<Segment> segments) {
    if (segments.isEmpty()) {
      return;
    }
    tasks.execute(
        () -> {
          closer.run();
          attempt("delete segments of log " + directory, () -> moveAway(segments));
        });
  }

  private void moveAway(List<Segment> segments) throws IOException {
    List<Path> deleted = new ArrayList<>();
    for (Segment segment : segments) {
      if (Files.exists(segment.directory())) {
        deleted.add(LogFiles.markDeleted(segment.directory()));
      }
    }
    services.device().force(directory);
    // Unlinking large files takes its time, and nobody waits for it.
    tasks.execute(
        () ->
            attempt(
                "delete segments of log " + directory,
                () -> {
                  for (Path each : deleted) {
                    unlink(each);
                  }
                }));
  }

  private static void unlink(Path deleted) throws IOException {
    try {
      LogFiles.deleteRecursively(deleted);
    } catch (IOException e) {
      if (!LogFiles.isOutOfDescriptors(e)) {
        throw e;
      }
      LOG.warn("{} is left to be removed when its log is opened again: {}", deleted, e.toString());
    }
  }

  /**
   * Keeps the log start offset.
   *
   * @param force whether it must be on the device before anything is deleted
   */
  void writeLogStart(long offset, boolean force) {
    latestLogStart = offset;
    if (logStartWaits.getAndSet(true) && !force) {
      return;
    }
    tasks.execute(
        () -> {
          logStartWaits.set(false);
          attempt(
              "write the start of log " + directory,
              () -> {
                OffsetFile.write(directory.resolve(LogFiles.LOG_START), latestLogStart);
                if (force) {
                  services.device().force(directory.resolve(LogFiles.LOG_START));
                  services.device().force(directory);
                }
              });
        });
  }

  /**
   * Keeps the log end offset: when the log is opened again and ends below, records are missing.
   *
   * @param force whether it must be on the device before anything else is done
   */
  void writeLogEnd(long offset, boolean force) {
    tasks.execute(
        () ->
            attempt(
                "write the end of log " + directory,
                () -> {
                  Path file = directory.resolve(LogFiles.LOG_END);
                  try {
                    OffsetFile.write(file, offset);
                  } catch (IOException e) {
                    if (!LogFiles.isDiskFull(e)) {
                      throw e;
                    }
                    LOG.warn("no room to write the end of log {}; it is not known then", directory);
                    Files.deleteIfExists(file);
                  }
                  if (force && Files.exists(file)) {
                    services.device().force(file);
                    services.device().force(directory);
                  }
                }));
  }

  /**
   * Removes what the directory says of lost records, which were cut off.
   *
   * @param then runs on a log thread when that is done
   */
  void forgetDamage(Runnable then) {
    tasks.execute(
        () -> {
          Path file = directory.resolve(LogFiles.DAMAGED);
          if (attempt("note that " + directory + " is whole", () -> Files.deleteIfExists(file))) {
            then.run();
          }
        });
  }

  private boolean attempt(String what, FileTask task) {
    if (failure != null) {
      return false;
    }
    try {
      task.run();
      return true;
    } catch (IOException | RuntimeException | Error e) {
      failure = new LogException(ErrorCode.STORAGE_ERROR, "cannot " + what + ": " + e, e);
      noteNow(failure);
      onFailure.accept(failure);
      return false;
    }
  }

  /** Keeps the log from being opened again, if its device failed. */
  void noteFailure(LogException cause) {
    tasks.execute(() -> noteNow(cause));
  }

  private void noteNow(LogException cause) {
    LogId id = LogId.parse(directory.getFileName().toString());
    services.failures().fail(id, cause);
  }

  /** Whether something went wrong, of which the log may not know yet. Thread-safe. */
  boolean hasFailed() {
    return failure != null;
  }
}
