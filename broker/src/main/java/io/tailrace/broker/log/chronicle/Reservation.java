package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;

/**
 * How far the active segment's file is backed by space of the device. Grows ahead of the writer, on
 * a log thread, in steps that double; a writer that is faster than that is told when to go on.
 * Confined to the log's owner, and before and after that to the log threads that open and close the
 * segment.
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
  private Growth growing;
  private LogException failure;

  /**
   * A step that is under way.
   *
   * @param needed whether an append needs it, so that it is told why when there is no room
   */
  private record Growth(CompletableFuture<Long> end, boolean needed) {}

  /**
   * @param ahead where space is reserved
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

  /**
   * Makes sure that everything below the position is reserved. May wait for the file system.
   *
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}
   */
  void reserveNow(long position) {
    if (position > end) {
      // A log that is hardly used stays as small as that.
      long needed = roundUp(position);
      end = space.reserve(file, end, needed, needed);
    }
  }

  /**
   * Whether everything below the position is reserved. When it is not, that is begun. Never waits.
   *
   * @param onDone is called on any thread when what was begun has ended: it is worth asking again
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}: it ended without success; the
   *     next call begins anew
   */
  boolean isReserved(long position, Runnable onDone) {
    finishGrowing();
    if (position <= end) {
      if (growing == null && end < usefulBytes && position > end - lead()) {
        grow(end, target(end), false);
      }
      return true;
    }
    if (failure != null) {
      LogException why = failure;
      failure = null;
      throw why;
    }
    if (growing == null) {
      long needed = roundUp(position);
      grow(needed, end == start ? needed : target(position), true);
    }
    var unused = growing.end().whenComplete((reserved, error) -> onDone.run());
    return false;
  }

  private void grow(long needed, long wanted, boolean forAppend) {
    long from = end;
    growing =
        new Growth(
            CompletableFuture.supplyAsync(() -> space.reserve(file, from, needed, wanted), ahead),
            forAppend);
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

  /** Takes over what the last step has reserved, when it has ended. */
  private void finishGrowing() {
    if (growing == null || !growing.end().isDone()) {
      return;
    }
    Growth done = growing;
    growing = null;
    try {
      end = done.end().join();
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof LogException why)) {
        throw new IllegalStateException("space could not be reserved", e.getCause());
      }
      if (done.needed()) {
        failure = why; // Of a step ahead of need nothing is said: a smaller one may still do.
      }
    }
  }

  /** Waits for what is under way, so that the file can be closed for good. */
  void close() {
    if (growing != null) {
      growing.end().exceptionally(error -> end).join();
    }
  }
}
