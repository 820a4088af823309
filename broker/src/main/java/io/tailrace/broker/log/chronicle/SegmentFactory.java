package io.tailrace.broker.log.chronicle;

import io.tailrace.broker.log.LogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes segments, and opens their queues. A segment's files are written under a name that nobody
 * reads, and renamed when they are whole. Thread-safe.
 */
final class SegmentFactory {
  /** The largest segment; with what is mapped behind it, it stays below 2 GiB. */
  static final long MAX_SEGMENT_BYTES = 1_280L << 20;

  /** What the small files of a segment take, generously. */
  private static final int FILES_BYTES = 256 * 1024;

  private static final long PAGE_BYTES = 4_096;
  private static final Logger LOG = LoggerFactory.getLogger(SegmentFactory.class);
  private static final String NEXT = "next" + LogFiles.TMP;

  private final TemplateSource template;
  private final DiskSpace space;
  private final Executor ahead;

  /**
   * @param ahead where things are done before they are needed
   */
  SegmentFactory(TemplateSource template, DiskSpace space, Executor ahead) {
    this.template = template;
    this.space = space;
    this.ahead = ahead;
  }

  /** How large the block of a segment must be. */
  static int blockBytes(long segmentBytes, int largestBatchBytes) {
    long segment = Math.min(segmentBytes, MAX_SEGMENT_BYTES);
    long block = Math.max(segment + segment / 8, SegmentWriter.blockBytesFor(largestBatchBytes));
    return (int) Math.min(block, MAX_SEGMENT_BYTES + MAX_SEGMENT_BYTES / 8);
  }

  /** Begins to write the files of a log's next segment. */
  FutureTask<Path> prepare(Path logDirectory) {
    FutureTask<Path> prepared = new FutureTask<>(() -> writeFiles(logDirectory));
    ahead.execute(prepared);
    return prepared;
  }

  private Path writeFiles(Path logDirectory) throws IOException {
    return writeFilesIn(logDirectory.resolve(NEXT));
  }

  private Path writeFilesIn(Path directory) throws IOException {
    space.check(FILES_BYTES);
    LogFiles.deleteRecursively(directory);
    Files.createDirectory(directory);
    template.get().writeQueue(directory);
    return directory;
  }

  /**
   * Makes a segment in the given directory, in place of anything that is there.
   *
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}
   */
  Segment createIn(Path directory, long baseOffset, int blockBytes) {
    assert LogThreads.isCurrent() : "files are made on " + Thread.currentThread();
    try {
      return new Segment(writeFilesIn(directory), new SegmentState(baseOffset, blockBytes));
    } catch (IOException e) {
      throw DiskSpace.failure("cannot make the segment " + directory, e);
    }
  }

  /** What removes a prepared segment that is not needed after all. */
  Runnable discard(FutureTask<Path> prepared) {
    return () -> {
      Path files = outcome(prepared);
      if (files == null) {
        return;
      }
      try {
        LogFiles.deleteRecursively(files);
      } catch (IOException e) {
        LOG.debug("{} is left to be removed when the log is opened again", files, e);
      }
    };
  }

  /**
   * Makes a segment.
   *
   * @param prepared what {@link #prepare} began; null when it must be done now
   * @throws LogException {@code DISK_FULL}, nothing has changed; {@code STORAGE_ERROR}
   */
  Segment create(Path logDirectory, long baseOffset, int blockBytes, FutureTask<Path> prepared) {
    assert LogThreads.isCurrent() : "files are made on " + Thread.currentThread();
    Path files = prepared == null ? null : outcome(prepared);
    try {
      if (files == null) {
        files = writeFiles(logDirectory);
      }
      Path directory = logDirectory.resolve(LogFiles.segmentName(baseOffset));
      Files.move(files, directory, StandardCopyOption.ATOMIC_MOVE);
      return new Segment(directory, new SegmentState(baseOffset, blockBytes));
    } catch (IOException e) {
      throw DiskSpace.failure("cannot make a segment in " + logDirectory, e);
    }
  }

  /** Waits for what was prepared; null when that failed, since it may succeed by now. */
  private static Path outcome(FutureTask<Path> prepared) {
    prepared.run(); // At once when the log thread has not begun with it.
    try {
      return prepared.get();
    } catch (ExecutionException e) {
      LOG.debug("a segment could not be prepared", e.getCause());
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a segment was made", e);
    }
  }

  /**
   * Opens a segment's queue to append to it. May wait for the file system.
   *
   * @param segmentBytes about as much will be appended at most
   * @throws LogException as {@link SegmentWriter#open} says
   */
  SegmentWriter openQueue(Segment segment, long segmentBytes) {
    assert LogThreads.isCurrent() : "a queue is opened on " + Thread.currentThread();
    SegmentState state = segment.state();
    Path file = segment.directory().resolve(LogFiles.QUEUE);
    long fileBytes = SegmentWriter.fileBytes(state.blockBytes);
    long usefulBytes =
        Math.min(fileBytes, Excerpt.DATA_POSITION + segmentBytes + segmentBytes / 64);
    Reservation reservation =
        new Reservation(space, ahead, file, state.endPosition, usefulBytes, fileBytes);
    return SegmentWriter.open(segment.directory(), state, template.get(), reservation);
  }

  /** Gives back what was reserved behind a sealed segment's content; a page stays. */
  void releaseTail(Path segmentDirectory, int endPosition) {
    Path file = segmentDirectory.resolve(LogFiles.QUEUE);
    space.release(file, (endPosition / PAGE_BYTES + 2) * PAGE_BYTES, file.toFile().length());
  }
}
