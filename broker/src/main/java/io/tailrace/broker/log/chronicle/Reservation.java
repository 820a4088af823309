package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

/**
 * How far the active segment's file is backed by space of the device. Grows ahead of the writer, on
 * a log thread, in steps that double; only a writer that is faster than that waits for the file
 * system. Confined to the log's owner.
 */
final class Reservation {
  static final int FIRST_STEP_BYTES = 64 * 1024;

  private static final int LAST_STEP_BYTES = 16 * 1024 * 1024;

  private final DiskSpace space;
  private final Executor ahead;
  private final Path file;
  private final long usefulBytes;
  private final long fileBytes;
  private final long start;
  private long end;
  private int stepBytes;
  private FutureTask<Long> growing;

  /**
   * @param ahead where space is reserved before it is needed
   * @param start what lies before is reserved already
   * @param usefulBytes nothing beyond is reserved before it is needed
   * @param fileBytes nothing beyond is ever needed
   */
  Reservation(
      DiskSpace space, Executor ahead, Path file, long start, long usefulBytes, long fileBytes) {
    this.space = space;
    this.ahead = ahead;
    this.file = file;
    this.start = start;
    this.end = start;
    this.usefulBytes = usefulBytes;
    this.fileBytes = fileBytes;
    this.stepBytes = FIRST_STEP_BYTES;
  }

  long end() {
    return end;
  }

  /**
   * Makes sure that everything below the position is reserved.
   *
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}
   */
  void ensure(long position) {
    if (growing != null && (growing.isDone() || position > end)) {
      finishGrowing();
    }
    if (position > end) {
      long needed = roundUp(position);
      // A log that is hardly used stays as small as that.
      end = space.reserve(file, end, needed, end == start ? needed : target(position));
    } else if (growing == null && end < usefulBytes && position > end - lead()) {
      long from = end;
      long to = target(from);
      growing = new FutureTask<>(() -> space.reserve(file, from, from, to));
      ahead.execute(growing);
    }
  }

  /**
   * The next step begins when so much of the last one is left: late in a log that is hardly used.
   */
  private long lead() {
    return stepBytes == FIRST_STEP_BYTES ? stepBytes / 8 : stepBytes / 2;
  }

  private long target(long position) {
    long target = Math.max(roundUp(position), Math.min(usefulBytes, roundUp(position + stepBytes)));
    stepBytes = Math.min(LAST_STEP_BYTES, stepBytes * 2);
    return target;
  }

  private long roundUp(long position) {
    return Math.min(
        fileBytes, (position + FIRST_STEP_BYTES - 1) / FIRST_STEP_BYTES * FIRST_STEP_BYTES);
  }

  private void finishGrowing() {
    FutureTask<Long> task = growing;
    growing = null;
    task.run(); // At once when the log thread has not begun with it.
    try {
      end = task.get();
    } catch (ExecutionException e) {
      // There is no room for so much; a smaller piece may still do.
      if (!(e.getCause() instanceof LogException)) {
        throw new IllegalStateException("space could not be reserved", e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while space was reserved", e);
    }
  }

  /** Waits for what is under way, so that the file can be closed for good. */
  void close() {
    if (growing != null) {
      finishGrowing();
    }
  }
}
