package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.RecordBatch;

/**
 * What is known of a segment's content. Grows with appends; confined to the log's owner, and before
 * that to the thread that opens the log.
 *
 * <p>It is kept in a small file beside the content: as {@code sealed} once the segment takes no
 * more batches, as {@code clean} when it was closed and nothing was appended since. Numbers are
 * big-endian.
 *
 * <pre>
 *    0 magic           int32   "TSEG"
 *    4 version         int32   4
 *    8 crc             uint32  CRC-32C of everything from the next field on
 *   12 baseOffset      int64
 *   20 endOffset       int64
 *   28 endPosition     int32   where the content ends in the file
 *   32 batches         int32
 *   36 sizeInBytes     int64   of the batches
 *   44 maxTimestampMs  int64
 *   52 firstAppendMs   int64   by this broker's clock
 *   60 lastAppendMs    int64   by this broker's clock
 *   68 blockBytes      int32   how much of the file may be written
 *   72 tombstonesMs    int64   when the first tombstone may go that compaction has left; max = none
 *   80 index           {@link PositionIndex}: count int32, { offset int64, position int32, size int64 } ...
 *    . holes           {@link SegmentHoles}: count int32, { from offset int64, to offset int64, from
 *                      position int32, to position int32 } ...
 * </pre>
 */
final class SegmentState {
  private static final int MAGIC = 0x54534547;
  private static final int VERSION = 4;
  private static final int CRC_OFFSET = 8;
  private static final int BODY_OFFSET = 12;
  private static final int INDEX_OFFSET = 80;

  final long baseOffset;
  final int blockBytes;
  final PositionIndex index;
  final SegmentHoles holes;
  long endOffset;
  int endPosition;
  int batches;
  long sizeInBytes;
  long maxTimestampMs = -1;
  long firstAppendMs;
  long lastAppendMs;
  long tombstonesMs = Long.MAX_VALUE;

  /** A segment without content. */
  SegmentState(long baseOffset, int blockBytes) {
    this(baseOffset, blockBytes, new PositionIndex(), new SegmentHoles());
    this.endOffset = baseOffset;
    this.endPosition = Excerpt.DATA_POSITION;
  }

  private SegmentState(long baseOffset, int blockBytes, PositionIndex index, SegmentHoles holes) {
    this.baseOffset = baseOffset;
    this.blockBytes = blockBytes;
    this.index = index;
    this.holes = holes;
  }

  /** The state as it is now, of a segment that takes no more batches. */
  SegmentState frozen() {
    SegmentState frozen = new SegmentState(baseOffset, blockBytes, index.frozen(), holes.frozen());
    frozen.endOffset = endOffset;
    frozen.endPosition = endPosition;
    frozen.batches = batches;
    frozen.sizeInBytes = sizeInBytes;
    frozen.maxTimestampMs = maxTimestampMs;
    frozen.firstAppendMs = firstAppendMs;
    frozen.lastAppendMs = lastAppendMs;
    frozen.tombstonesMs = tombstonesMs;
    return frozen;
  }

  /**
   * From when on retention counts, milliseconds since 1970: the newest record's time, unless that
   * lies behind the last append. Clocks of clients may be wrong, so it is that of the append then.
   */
  long youngestMs() {
    return Math.min(maxTimestampMs, lastAppendMs);
  }

  /** Takes in a batch that was appended. */
  void onAppend(
      long batchBaseOffset, long nextOffset, int position, int sizeOfBatch, long maxTimestamp) {
    index.onAppend(batchBaseOffset, position, sizeInBytes);
    endOffset = nextOffset;
    endPosition = position + Excerpt.BATCH_OFFSET + sizeOfBatch;
    batches++;
    sizeInBytes += sizeOfBatch;
    maxTimestampMs = maxTimestamp;
  }

  /**
   * Takes in that what follows in the file cannot be read.
   *
   * @param toOffset offsets below are never given out again
   * @param toPosition where the next batch is, or the content ends
   */
  void onHole(long toOffset, int fromPosition, int toPosition) {
    holes.add(new SegmentHoles.Hole(endOffset, toOffset, fromPosition, toPosition));
    endOffset = toOffset;
    endPosition = toPosition;
  }

  ByteBuf encode() {
    ByteBuf out = Unpooled.buffer(INDEX_OFFSET + index.encodedBytes() + holes.encodedBytes());
    out.writeInt(MAGIC).writeInt(VERSION).writeInt(0);
    out.writeLong(baseOffset).writeLong(endOffset).writeInt(endPosition).writeInt(batches);
    out.writeLong(sizeInBytes).writeLong(maxTimestampMs).writeLong(firstAppendMs);
    out.writeLong(lastAppendMs).writeInt(blockBytes).writeLong(tombstonesMs);
    index.encode(out);
    holes.encode(out);
    out.setInt(CRC_OFFSET, RecordBatch.crc32c(out, BODY_OFFSET, out.readableBytes() - BODY_OFFSET));
    return out;
  }

  /** Reads what {@link #encode} wrote; null when the bytes are anything else. */
  static SegmentState decode(ByteBuf in, long expectedBaseOffset) {
    int size = in.readableBytes();
    if (size < INDEX_OFFSET + 8
        || in.getInt(0) != MAGIC
        || in.getInt(4) != VERSION
        || in.getInt(CRC_OFFSET) != RecordBatch.crc32c(in, BODY_OFFSET, size - BODY_OFFSET)
        || in.getLong(BODY_OFFSET) != expectedBaseOffset) {
      return null;
    }
    ByteBuf lists = in.slice(INDEX_OFFSET, size - INDEX_OFFSET);
    PositionIndex index = PositionIndex.decode(lists);
    SegmentHoles holes = SegmentHoles.decode(lists);
    SegmentState state = new SegmentState(expectedBaseOffset, in.getInt(68), index, holes);
    state.endOffset = in.getLong(20);
    state.endPosition = in.getInt(28);
    state.batches = in.getInt(32);
    state.sizeInBytes = in.getLong(36);
    state.maxTimestampMs = in.getLong(44);
    state.firstAppendMs = in.getLong(52);
    state.lastAppendMs = in.getLong(60);
    state.tombstonesMs = in.getLong(72);
    return state;
  }
}
