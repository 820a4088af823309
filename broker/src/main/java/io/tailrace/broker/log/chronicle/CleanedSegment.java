package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A segment that is written to take the place of others. It is written in a directory whose name
 * ends with {@code .tmp}, which is removed when the log is opened; {@link #finish} has its content
 * and its file {@code sealed} on the device. Confined to the thread that compacts.
 */
final class CleanedSegment {
  /** Compressed anew, a batch may be larger than it was. */
  private static final int GROWTH = 4;

  private static final long RESERVED_STEP_BYTES = 1 << 20;

  private final StoreServices services;
  private final Path directory;
  private final Segment segment;
  private final SegmentState state;
  private final SegmentWriter writer;
  private final List<Segment> sources = new ArrayList<>();
  private final long segmentBytes;
  private long firstAppendMs = Long.MAX_VALUE;
  private long lastAppendMs;
  private int generation;
  private long reservedTo;
  private boolean writerClosed;

  /**
   * Begins to write.
   *
   * @param logDirectory of the log
   * @param baseOffset of the first segment whose place it takes
   * @param segmentBytes it takes no further segment with which it might get larger
   * @param largestBatchBytes of all batches that it may get
   * @throws LogException {@code DISK_FULL} or {@code STORAGE_ERROR}
   */
  CleanedSegment(
      StoreServices services,
      Path logDirectory,
      long baseOffset,
      long segmentBytes,
      int largestBatchBytes) {
    this.services = services;
    this.segmentBytes = segmentBytes;
    this.directory =
        logDirectory.resolve(LogFiles.segmentName(baseOffset) + ".cleaned" + LogFiles.TMP);
    int blockBytes =
        SegmentFactory.blockBytes(
            segmentBytes + segmentBytes / GROWTH, largestBatchBytes + largestBatchBytes / GROWTH);
    this.segment = services.factory().createIn(directory, baseOffset, blockBytes);
    this.state = segment.state();
    try {
      this.writer = services.factory().openQueue(segment, 0);
    } catch (RuntimeException | Error e) {
      remove();
      throw e;
    }
  }

  /** Whether it may also take the place of the segment behind. */
  boolean hasRoomFor(Segment source) {
    SegmentState added = source.state();
    return state.sizeInBytes + added.sizeInBytes <= segmentBytes
        && (long) state.batches + added.batches <= services.maxBatchesPerSegment();
  }

  /** Takes in that the batches of a segment follow. */
  void begin(Segment source) {
    sources.add(source);
    generation = Math.max(generation, source.generation());
    firstAppendMs = Math.min(firstAppendMs, source.state().firstAppendMs);
    lastAppendMs = Math.max(lastAppendMs, source.state().lastAppendMs);
  }

  /** Appends batches that stand back to back. */
  void append(ByteBuf batches) {
    int end = batches.writerIndex();
    int size;
    for (int at = batches.readerIndex(); at < end; at += size) {
      size = RecordBatch.sizeInBytes(batches, at);
      if (!SegmentWriter.hasRoomFor(state, 0, 0, size)) {
        throw new LogException(
            ErrorCode.STORAGE_ERROR,
            "the batches of segment " + sources.get(0).directory() + " have become larger");
      }
      long needed = state.endPosition + (long) size;
      if (needed > reservedTo) {
        reservedTo = needed + RESERVED_STEP_BYTES;
        writer.reserve(reservedTo);
      }
      writer.append(batches, at, size);
    }
  }

  /** The segments whose place it takes. */
  List<Segment> sources() {
    return sources;
  }

  /** Where the files are until they take their place. */
  Path directory() {
    return directory;
  }

  /**
   * Syncs all of it.
   *
   * @param tombstonesMs when the first of its tombstones may go
   * @return the segment as it will be in its place
   */
  Segment finish(long tombstonesMs) throws IOException {
    state.firstAppendMs = firstAppendMs;
    state.lastAppendMs = lastAppendMs;
    state.tombstonesMs = tombstonesMs;
    closeWriter();
    services.factory().releaseTail(directory, state.endPosition);
    services.device().force(directory.resolve(LogFiles.QUEUE));
    LogFiles.writeSynced(directory.resolve(LogFiles.SEALED), state.encode(), services.device());
    SegmentName name = new SegmentName(state.baseOffset, generation + 1);
    Segment cleaned = new Segment(directory.resolveSibling(name.toString()), state);
    cleaned.seal();
    cleaned.setSealedOnDisk(true);
    cleaned.setPlaceSynced();
    return cleaned;
  }

  private void closeWriter() {
    if (!writerClosed) {
      writerClosed = true;
      writer.close();
    }
  }

  /** Gives up what was written; nothing happens when it has taken its place. */
  void discard() {
    closeWriter();
    remove();
  }

  private void remove() {
    try {
      LogFiles.deleteRecursively(directory);
    } catch (IOException e) {
      throw DiskSpace.failure("cannot remove " + directory, e);
    }
  }
}
