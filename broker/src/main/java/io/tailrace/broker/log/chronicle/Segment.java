package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.BatchSearch;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.log.chronicle.SegmentHoles.Hole;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A segment, and how its batches are read. Its memory is the open queue's while batches are
 * appended to it, and a read-only mapping of the content otherwise, made when it is first needed.
 * Every header and every batch is checked before it is believed, so that a damaged file gives an
 * error, not a fault. Confined to the log's owner; what {@link #share} gives, to the thread that
 * uses the view it belongs to.
 */
final class Segment {
  private static final Logger LOG = LoggerFactory.getLogger(Segment.class);

  private final Path directory;
  private final SegmentState state;
  private final AtomicInteger views;
  private SegmentWriter writer;
  private SegmentMapping mapping;
  private Memory memory;
  private ReadHints hints;
  private boolean sealed;
  private volatile boolean sealedOnDisk;
  private boolean sealUnderWay;
  private volatile boolean placeSynced;
  private boolean cleanOnDisk;
  private boolean damaged;
  private volatile long lastUse;
  private boolean used;

  Segment(Path directory, SegmentState state) {
    this(directory, state, new AtomicInteger());
  }

  private Segment(Path directory, SegmentState state, AtomicInteger views) {
    this.directory = directory;
    this.state = state;
    this.views = views;
  }

  /**
   * The content as it is now, for a view: readable until {@link #unshare}, whatever becomes of this
   * segment. It must be sealed and mapped.
   */
  Segment share() {
    Segment shared = new Segment(directory, state.frozen(), views);
    views.incrementAndGet();
    shared.mapping = mapping.retain();
    shared.memory = mapping.memory();
    shared.sealed = true;
    return shared;
  }

  /** Ends what {@link #share} gave. */
  void unshare() {
    detach().run();
    views.decrementAndGet();
  }

  /** Whether views hold what was this segment's content. Thread-safe. */
  boolean hasViews() {
    return views.get() > 0;
  }

  Path directory() {
    return directory;
  }

  SegmentState state() {
    return state;
  }

  /** How often compaction has written the content anew; 0 = it is as it was appended. */
  int generation() {
    SegmentName name = SegmentName.of(directory);
    return name == null ? 0 : name.generation();
  }

  /** Whether it takes no more batches. */
  boolean isSealed() {
    return sealed;
  }

  void seal() {
    sealed = true;
  }

  /** Whether the file {@code sealed} says what the state says. Thread-safe. */
  boolean isSealedOnDisk() {
    return sealedOnDisk;
  }

  void setSealedOnDisk(boolean onDisk) {
    sealedOnDisk = onDisk;
  }

  /** Whether a log thread has been told to write the file {@code sealed}. */
  boolean isSealUnderWay() {
    return sealUnderWay;
  }

  void setSealUnderWay() {
    sealUnderWay = true;
  }

  /** Whether the entries of its directories have been synced. Thread-safe. */
  boolean isPlaceSynced() {
    return placeSynced;
  }

  void setPlaceSynced() {
    placeSynced = true;
  }

  /** Whether the file {@code clean} says what the state says. */
  boolean isCleanOnDisk() {
    return cleanOnDisk;
  }

  void setCleanOnDisk(boolean onDisk) {
    cleanOnDisk = onDisk;
  }

  /** Whether something stood behind its last valid batch when it was scanned. */
  boolean isDamaged() {
    return damaged;
  }

  void setDamaged(boolean found) {
    damaged = found;
  }

  /** The open queue; null when it is closed. */
  SegmentWriter writer() {
    return writer;
  }

  /**
   * Takes the open queue over; the segment reads through it from now on.
   *
   * @return closes what was open before, to be called on a log thread
   */
  Runnable attach(SegmentWriter open) {
    Runnable closer = detach();
    writer = open;
    memory = open.memory();
    return closer;
  }

  /** Whether it holds descriptors and mappings. */
  boolean isOpen() {
    return memory != null;
  }

  /** When it was last used, by the count of {@link OpenSegments}. Thread-safe. */
  long lastUse() {
    return lastUse;
  }

  void setLastUse(long use) {
    used = true;
    if (lastUse != use) {
      lastUse = use;
    }
  }

  /** Whether it has been used since this was asked the last time. */
  boolean takeUsed() {
    boolean since = used;
    used = false;
    return since;
  }

  /**
   * Lets go of descriptors and mappings, which whoever calls must close; on a log thread, since
   * unmapping a large file takes its time.
   *
   * @return closes what was open
   */
  Runnable detach() {
    SegmentWriter oldWriter = writer;
    SegmentMapping oldMapping = mapping;
    writer = null;
    mapping = null;
    memory = null;
    hints = null;
    return () -> close(oldWriter, oldMapping);
  }

  private void close(SegmentWriter oldWriter, SegmentMapping oldMapping) {
    try {
      if (oldWriter != null) {
        oldWriter.close();
      }
      if (oldMapping != null) {
        oldMapping.release();
      }
    } catch (RuntimeException | Error e) {
      LOG.warn("segment {} could not be closed; its memory may stay mapped", directory, e);
    }
  }

  /** Maps the content, unless it is mapped already. */
  void open() {
    if (memory != null) {
      return;
    }
    Path file = directory.resolve(LogFiles.QUEUE);
    if (file.toFile().length() < state.endPosition) {
      throw LogException.corrupt(
          state.baseOffset,
          state.endOffset,
          "cannot be read: the file of segment " + directory + " is shorter than its content");
    }
    try {
      mapping = new SegmentMapping(file, state.endPosition);
      memory = mapping.memory();
    } catch (FileNotFoundException | RuntimeException e) {
      throw new LogException(ErrorCode.STORAGE_ERROR, "cannot read segment " + directory, e);
    }
  }

  /**
   * Copies batches as {@link io.tailrace.broker.log.PartitionLog#read} says, as far as this segment
   * has them.
   *
   * @param copiedBefore bytes that this read has copied already
   * @return bytes copied so far, as their complement when the read ends here
   * @throws LogException {@code CORRUPT_LOG} when it begins with damaged records
   */
  int read(long offset, long limitOffset, int maxBytes, int copiedBefore, ByteBuf out) {
    int position = positionOf(offset);
    int copied = copiedBefore;
    while ((position = skipIndexPages(position)) < state.endPosition) {
      int batchAt = position + Excerpt.BATCH_OFFSET;
      Hole hole = holeAt(position, true);
      if (hole != null) {
        if (hole.hasLostRecords()) {
          if (copied > 0 || hole.fromOffset() >= limitOffset) {
            return ~copied;
          }
          throw damaged(hole);
        }
        position = hole.toPosition();
        continue;
      }
      int size = RecordBatch.sizeInBytes(memory.bytes(), batchAt);
      long nextOffset = RecordBatch.nextOffset(memory.bytes(), batchAt);
      boolean fits = size <= maxBytes - copied || (copied == 0 && maxBytes > 0);
      if (nextOffset > limitOffset || !fits) {
        return ~copied;
      }
      out.writeBytes(memory.bytes(), batchAt, size);
      copied += size;
      position = next(position);
      hint(nextOffset, position);
    }
    return copied;
  }

  /**
   * Shows the headers of all batches, in their order; their content is not verified.
   *
   * @param visitor gets the memory and where a batch is in it
   * @throws LogException {@code CORRUPT_LOG} when records are damaged
   */
  void forEachHeader(ObjIntConsumer<ByteBuf> visitor) {
    int position = Excerpt.DATA_POSITION;
    while ((position = skipIndexPages(position)) < state.endPosition) {
      Hole hole = holeAt(position, false);
      if (hole == null) {
        visitor.accept(memory.bytes(), position + Excerpt.BATCH_OFFSET);
        position = next(position);
      } else if (hole.hasLostRecords()) {
        throw damaged(hole);
      } else {
        position = hole.toPosition();
      }
    }
  }

  private LogException damaged(Hole hole) {
    return LogException.corrupt(
        hole.fromOffset(),
        hole.toOffset(),
        "cannot be read: they are damaged in segment " + directory);
  }

  private void hint(long offset, int position) {
    if (hints == null) {
      hints = new ReadHints();
    }
    hints.put(offset, position);
  }

  /**
   * Where the first batch, or the first damaged stretch, that reaches beyond the offset begins, or
   * the content ends.
   */
  int positionOf(long offset) {
    int hinted = hints == null ? 0 : hints.get(offset);
    if (hinted > 0) {
      return hinted;
    }
    int entry = state.index.floor(offset);
    int position = entry < 0 ? Excerpt.DATA_POSITION : state.index.position(entry);
    while ((position = skipIndexPages(position)) < state.endPosition) {
      Hole hole = holeAt(position, false);
      if (endOffsetOf(hole, position) > offset) {
        break;
      }
      position = hole == null ? next(position) : hole.toPosition();
    }
    return position;
  }

  private long endOffsetOf(Hole hole, int position) {
    return hole == null
        ? RecordBatch.nextOffset(memory.bytes(), position + Excerpt.BATCH_OFFSET)
        : hole.toOffset();
  }

  /**
   * Finds the first readable record with the given offset and timestamp, or larger ones; null when
   * the segment has none.
   */
  TimestampedOffset find(long timestampMs, long fromOffset, long limitOffset) {
    int position = Math.max(positionOf(fromOffset), positionBefore(timestampMs));
    while ((position = skipIndexPages(position)) < state.endPosition) {
      int batchAt = position + Excerpt.BATCH_OFFSET;
      Hole hole = holeAt(position, false);
      if (hole == null && RecordBatch.baseOffset(memory.bytes(), batchAt) >= limitOffset) {
        return null;
      }
      if (hole == null && RecordBatch.maxTimestampMs(memory.bytes(), batchAt) >= timestampMs) {
        hole = holeAt(position, true);
        TimestampedOffset found =
            hole == null
                ? BatchSearch.first(memory.bytes(), batchAt, fromOffset, timestampMs)
                : null;
        if (found != null) {
          return found;
        }
      }
      position = hole == null ? next(position) : hole.toPosition();
    }
    return null;
  }

  /** A place with nothing that young before it. */
  private int positionBefore(long timestampMs) {
    int low = 0;
    int high = state.index.count();
    while (low < high) {
      int middle = (low + high) >>> 1;
      int position = state.index.position(middle);
      // The time of a damaged batch is not known: the place is looked for before it.
      if (holeAt(position, false) == null
          && memory.bytes().getLong(position + Excerpt.TIMESTAMP_OFFSET) < timestampMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? Excerpt.DATA_POSITION : state.index.position(low - 1);
  }

  /**
   * Forgets the batches from the offset on, in memory.
   *
   * @return false when no batch was left
   */
  boolean truncateTo(long offset) {
    int entry = state.index.floor(offset - 1);
    int position = entry < 0 ? Excerpt.DATA_POSITION : state.index.position(entry);
    long sizeBefore = entry < 0 ? 0 : state.index.sizeBefore(entry);
    long endOffset = entry < 0 ? state.baseOffset : -1;
    int endPosition = position;
    long maxMs = -1;
    while ((position = skipIndexPages(position)) < state.endPosition) {
      int batchAt = position + Excerpt.BATCH_OFFSET;
      Hole hole = holeAt(position, false);
      long reached = endOffsetOf(hole, position);
      if (reached > offset) {
        break;
      }
      endOffset = reached;
      if (hole == null) {
        maxMs = memory.bytes().getLong(position + Excerpt.TIMESTAMP_OFFSET);
        sizeBefore += RecordBatch.sizeInBytes(memory.bytes(), batchAt);
        endPosition = batchAt + RecordBatch.sizeInBytes(memory.bytes(), batchAt);
        position = next(position);
      } else {
        endPosition = hole.toPosition();
        position = hole.toPosition();
      }
    }
    if (endOffset < 0) {
      // The batch of the index entry itself reaches over the offset.
      return truncateTo(state.index.offset(entry));
    }
    state.index.truncateTo(endPosition);
    state.holes.truncateTo(endPosition);
    state.endOffset = endOffset;
    state.endPosition = endPosition;
    state.sizeInBytes = sizeBefore;
    state.maxTimestampMs = maxMs;
    sealed = true;
    hints = null;
    return sizeBefore > 0;
  }

  /** The first position from the given one on that holds no index page. */
  private int skipIndexPages(int from) {
    int position = from;
    while (position + Excerpt.INDEX_PAGE_HEAD_BYTES <= state.endPosition
        && Excerpt.isIndexPage(memory.bytes(), position)) {
      position = next(position);
    }
    return position;
  }

  private int next(int position) {
    return (int) Excerpt.next(position, memory.bytes().getIntLE(position));
  }

  /**
   * The damaged stretch that begins at the position, where no index page is; null when a sound
   * batch does. One that was not known yet is noted.
   *
   * @param withContent whether to verify the batch's own checksum as well
   */
  private Hole holeAt(int position, boolean withContent) {
    Hole known = state.holes.isEmpty() ? null : state.holes.at(position);
    return known != null || isSound(position, withContent) ? known : noteHole(position);
  }

  /** Checks an excerpt; all of it but what is inside its batch, or that too. */
  private boolean isSound(int position, boolean withContent) {
    int batchAt = position + Excerpt.BATCH_OFFSET;
    if (batchAt + RecordBatch.HEADER_BYTES > state.endPosition) {
      return false;
    }
    int header = memory.bytes().getIntLE(position);
    int available = Excerpt.length(header) - Excerpt.PREFIX_BYTES;
    if (!Excerpt.isData(header)
        || available > state.endPosition - batchAt
        || !Excerpt.holds(header, RecordBatch.sizeInBytes(memory.bytes(), batchAt))
        || !memory.excerptChecksumMatches(position)) {
      return false;
    }
    try {
      RecordBatch.checkStructure(memory.bytes(), batchAt, available);
    } catch (CorruptBatchException e) {
      return false;
    }
    return !withContent || memory.batchChecksumMatches(batchAt);
  }

  /** Finds out how far damage reaches that a read has met. */
  private Hole noteHole(int position) {
    long fromOffset = endOffsetBefore(position);
    int next = position + 4;
    while (next < state.endPosition && !isBatchBehind(next, fromOffset)) {
      next += 4;
    }
    boolean last = next >= state.endPosition;
    Hole hole =
        new Hole(
            fromOffset,
            last
                ? state.endOffset
                : RecordBatch.baseOffset(memory.bytes(), next + Excerpt.BATCH_OFFSET),
            position,
            last ? state.endPosition : next);
    state.holes.add(hole);
    LOG.error(
        "segment {} is damaged from position {} to {}: records {} to {} cannot be read; those"
            + " behind them are kept",
        directory,
        position,
        hole.toPosition(),
        fromOffset,
        hole.toOffset() - 1);
    return hole;
  }

  private boolean isBatchBehind(int position, long offset) {
    int batchAt = position + Excerpt.BATCH_OFFSET;
    return isSound(position, true) && RecordBatch.baseOffset(memory.bytes(), batchAt) >= offset;
  }

  /** The offset behind the last batch before the position. */
  private long endOffsetBefore(int limit) {
    int entry = state.index.count() - 1;
    while (entry >= 0 && state.index.position(entry) >= limit) {
      entry--;
    }
    int position = entry < 0 ? Excerpt.DATA_POSITION : state.index.position(entry);
    long reached = entry < 0 ? state.baseOffset : state.index.offset(entry);
    while ((position = skipIndexPages(position)) < limit) {
      Hole hole = holeAt(position, false);
      reached = endOffsetOf(hole, position);
      position = hole == null ? next(position) : hole.toPosition();
    }
    return reached;
  }
}
