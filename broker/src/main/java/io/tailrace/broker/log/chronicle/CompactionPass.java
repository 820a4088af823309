package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;

/**
 * One pass of compaction over the first segments of a log, on the thread {@code log-cleaner}.
 *
 * <p>It reads the segments that were not cleaned yet for the last offset of each key, then writes
 * all segments anew, from the first on, without the records that are superseded; a cleaned segment
 * in which nothing changes is left alone, and small ones become one. Each new segment takes its
 * place before the next is begun, so that whenever the process ends, a record's older versions are
 * gone before anything is that removes them. The log goes on meanwhile: whatever changes one of the
 * segments cancels the pass.
 */
final class CompactionPass {
  private static final int CHUNK_BYTES = 512 * 1024;

  private final Path directory;
  private final Plan plan;
  private final StoreServices services;
  private final Steps steps;
  private final Throttle throttle;
  private final KeptBatches keptBatches = new KeptBatches();
  private CleanedSegment output;
  private int segmentsBefore;
  private int segmentsAfter;
  private long bytesBefore;
  private long bytesAfter;

  /**
   * What a pass has to do.
   *
   * @param segments from the log's first on; all are closed, whole and below the high watermark
   * @param firstDirty which of them is the first that was not cleaned yet
   * @param nowMs milliseconds since 1970
   */
  record Plan(List<Segment> segments, int firstDirty, LogConfig config, long nowMs) {}

  /** What a pass has done: segments that it read, and those that took their place. */
  record Outcome(int segmentsBefore, int segmentsAfter, long bytesBefore, long bytesAfter) {}

  /**
   * The pass's hold on the log. All methods are called on the thread that compacts, may wait, and
   * throw {@link CancellationException} when the pass has to end.
   */
  interface Steps {
    /** Opens a segment and shares its content; {@link Segment#unshare} must be called. */
    Segment share(Segment segment);

    /** Has a finished segment take the place of others, on disk and in the log. */
    void replace(Path written, Segment cleaned, List<Segment> sources);

    /** Pauses; 0 only checks whether the pass has to end. */
    void pause(long nanos);
  }

  CompactionPass(Path directory, Plan plan, StoreServices services, Steps steps) {
    this.directory = directory;
    this.plan = plan;
    this.services = services;
    this.steps = steps;
    this.throttle = new Throttle(services.cleanerLimits().maxBytesPerSecond());
  }

  /** Takes in the batches of one chunk of a segment. */
  @FunctionalInterface
  private interface Chunks {
    /**
     * @return false when the rest of the segment is not needed
     */
    boolean accept(ByteBuf chunk);
  }

  /**
   * Makes the pass.
   *
   * @throws LogException {@code DISK_FULL}, {@code CORRUPT_LOG} or {@code STORAGE_ERROR}; the log
   *     is as good as before
   * @throws CancellationException when it was cancelled
   */
  Outcome run() throws IOException {
    try (KeyOffsets keys = new KeyOffsets(dirtyRecords(), services.cleanerLimits().keyMapBytes())) {
      int end = readKeys(keys);
      for (int s = 0; s < end; s++) {
        readHeaders(plan.segments().get(s));
      }
      BatchCleaning cleaning =
          new BatchCleaning(keys, plan.nowMs(), plan.config().compaction().deleteRetentionMs());
      for (int s = 0; s < end; s++) {
        Segment segment = plan.segments().get(s);
        if (s < plan.firstDirty() && !isSmall(segment) && !changes(segment, cleaning)) {
          finishOutput(cleaning);
        } else {
          clean(segment, cleaning);
        }
      }
      finishOutput(cleaning);
      return new Outcome(segmentsBefore, segmentsAfter, bytesBefore, bytesAfter);
    } finally {
      if (output != null) {
        output.discard();
      }
    }
  }

  private long dirtyRecords() {
    long records = 0;
    for (Segment segment : dirty()) {
      records += segment.state().endOffset - segment.state().baseOffset;
    }
    return records;
  }

  private List<Segment> dirty() {
    return plan.segments().subList(plan.firstDirty(), plan.segments().size());
  }

  /** Small segments are written anew with every pass, so that they become one with others. */
  private boolean isSmall(Segment segment) {
    return segment.state().sizeInBytes * 2 <= plan.config().segmentBytes();
  }

  /**
   * Notes the last offset of each key of the segments that were not cleaned, as long as there is
   * room for keys.
   *
   * @return the first segment that is not compacted in this pass
   */
  private int readKeys(KeyOffsets keys) {
    for (int s = plan.firstDirty(); s < plan.segments().size(); s++) {
      KeyReading reading = new KeyReading(keys);
      read(plan.segments().get(s), reading::accept);
      if (reading.full && s == plan.firstDirty()) {
        throw new LogException(
            ErrorCode.STORAGE_ERROR,
            "segment "
                + plan.segments().get(s).directory()
                + " has more than the "
                + keys.count()
                + " keys for which log.cleaner.dedupe.buffer.size has room");
      }
      if (reading.full) {
        return s;
      }
    }
    return plan.segments().size();
  }

  private void readHeaders(Segment segment) {
    boolean producersCount =
        plan.nowMs() - segment.state().lastAppendMs
            < services.cleanerLimits().producerExpirationMs();
    Segment shared = steps.share(segment);
    try {
      shared.forEachHeader((in, index) -> keptBatches.add(in, index, producersCount));
    } finally {
      shared.unshare();
    }
  }

  /** Whether cleaning would change anything of a segment that was cleaned before. */
  private boolean changes(Segment segment, BatchCleaning cleaning) {
    boolean[] changes = new boolean[1];
    read(
        segment,
        chunk -> {
          for (int at = 0; at < chunk.writerIndex() && !changes[0]; ) {
            changes[0] = cleaning.changes(chunk, at, mustStay(chunk, at, segment));
            at += RecordBatch.sizeInBytes(chunk, at);
          }
          return !changes[0];
        });
    return changes[0];
  }

  /** A segment's last batch stays, since it tells where the segment ends. */
  private boolean mustStay(ByteBuf in, int index, Segment segment) {
    return RecordBatch.nextOffset(in, index) >= segment.state().endOffset
        || keptBatches.contains(in, index);
  }

  private void clean(Segment segment, BatchCleaning cleaning) throws IOException {
    if (output != null && !output.hasRoomFor(segment)) {
      finishOutput(cleaning);
    }
    if (output == null) {
      output =
          new CleanedSegment(
              services,
              directory,
              segment.state().baseOffset,
              Math.max(plan.config().segmentBytes(), segment.state().sizeInBytes),
              keptBatches.largestBatchBytes());
    }
    output.begin(segment);
    ByteBuf cleaned = ByteBufAllocator.DEFAULT.directBuffer(CHUNK_BYTES);
    try {
      read(
          segment,
          chunk -> {
            cleaned.clear();
            for (int at = 0; at < chunk.writerIndex(); ) {
              cleaning.clean(chunk, at, mustStay(chunk, at, segment), cleaned);
              at += RecordBatch.sizeInBytes(chunk, at);
            }
            output.append(cleaned);
            throttle(cleaned.readableBytes());
            return true;
          });
    } finally {
      cleaned.release();
    }
  }

  /** Reads a segment from its first batch on, chunk by chunk. */
  private void read(Segment segment, Chunks chunks) {
    Segment shared = steps.share(segment);
    ByteBuf chunk = ByteBufAllocator.DEFAULT.directBuffer(CHUNK_BYTES);
    try {
      long offset = shared.state().baseOffset;
      boolean more = true;
      while (more && offset < shared.state().endOffset) {
        chunk.clear();
        shared.read(offset, Long.MAX_VALUE, CHUNK_BYTES, 0, chunk);
        for (int at = 0; at < chunk.writerIndex(); ) {
          offset = RecordBatch.nextOffset(chunk, at);
          at += RecordBatch.sizeInBytes(chunk, at);
        }
        more = chunk.isReadable() && chunks.accept(chunk);
        throttle(chunk.writerIndex());
      }
    } catch (InternalError e) { // What memory gives whose page cannot be read.
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "cannot read segment " + segment.directory(), e);
    } finally {
      chunk.release();
      shared.unshare();
    }
  }

  private void throttle(int bytes) {
    steps.pause(throttle.pauseNs(bytes, System.nanoTime()));
  }

  /** Has the segment that is being written take its place, if there is one. */
  private void finishOutput(BatchCleaning cleaning) throws IOException {
    if (output == null) {
      return;
    }
    Segment cleaned = output.finish(cleaning.takeEarliestHorizonMs());
    List<Segment> sources = output.sources();
    steps.replace(output.directory(), cleaned, sources);
    output = null;
    segmentsBefore += sources.size();
    sources.forEach(source -> bytesBefore += source.state().sizeInBytes);
    segmentsAfter++;
    bytesAfter += cleaned.state().sizeInBytes;
  }

  /** Notes keys, as long as there is room. */
  private static final class KeyReading {
    private final KeyOffsets keys;
    private boolean full;

    KeyReading(KeyOffsets keys) {
      this.keys = keys;
    }

    boolean accept(ByteBuf chunk) {
      for (int at = 0; at < chunk.writerIndex() && !full; ) {
        full = !BatchCleaning.noteKeys(chunk, at, keys);
        at += RecordBatch.sizeInBytes(chunk, at);
      }
      return !full;
    }
  }
}
