package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * Writes stored batches anew without some of their records, as compaction needs it. What tells the
 * batch's place and producer stays: the range of offsets, the leader epoch, the producer's id,
 * epoch and range of sequences. Stateless.
 */
public final class CompactedBatch {
  /** In place of a delete horizon, for a batch that gets none. */
  public static final long NO_DELETE_HORIZON = -1;

  /** Records are compressed anew by half a megabyte at first; the builder grows. */
  private static final int FIRST_CAPACITY = 512 * 1024;

  private CompactedBatch() {}

  /**
   * Writes a batch that holds only some of the records of another one.
   *
   * @param batch the sound batch at {@code index}
   * @param kept at least one of its records, in their order
   * @param deleteHorizonMs when the tombstones among them may go, milliseconds since 1970; {@link
   *     #NO_DELETE_HORIZON} when that is not to be said
   * @param out gets the batch, from its writer index on
   */
  public static void write(
      ByteBuf batch, int index, List<StoredRecord> kept, long deleteHorizonMs, ByteBuf out) {
    int sizeBefore = RecordBatch.sizeInBytes(batch, index);
    RecordBatchBuilder builder = new RecordBatchBuilder(Math.min(FIRST_CAPACITY, sizeBefore));
    boolean hasHorizon = deleteHorizonMs != NO_DELETE_HORIZON;
    if (hasHorizon) {
      builder.setBaseTimestamp(deleteHorizonMs);
    }
    long baseOffset = RecordBatch.baseOffset(batch, index);
    for (StoredRecord record : kept) {
      builder.append(
          (int) (record.offset() - baseOffset),
          record.timestampMs(),
          record.key(),
          record.value(),
          record.headers());
    }
    int size =
        builder.finish(
            RecordBatch.compression(batch, index),
            RecordBatch.producerId(batch, index),
            RecordBatch.producerEpoch(batch, index),
            RecordBatch.baseSequence(batch, index));
    int at = out.writerIndex();
    out.writeBytes(builder.array(), 0, size);
    int attributes = RecordBatch.attributes(out, at);
    if (RecordBatch.isLogAppendTime(batch, index)) {
      attributes |= RecordBatch.LOG_APPEND_TIME_MASK;
    }
    if (hasHorizon) {
      attributes |= RecordBatch.DELETE_HORIZON_MASK;
    }
    out.setShort(at + RecordBatch.ATTRIBUTES_OFFSET, attributes);
    finish(batch, index, out, at);
  }

  /**
   * Writes a batch's header alone.
   *
   * @param batch the sound batch at {@code index}
   * @param out gets the batch, from its writer index on
   */
  public static void writeEmptied(ByteBuf batch, int index, ByteBuf out) {
    int at = out.writerIndex();
    out.writeBytes(batch, index, RecordBatch.HEADER_BYTES);
    out.setInt(
        at + RecordBatch.BATCH_LENGTH_OFFSET,
        RecordBatch.HEADER_BYTES - RecordBatch.LENGTH_OVERHEAD);
    out.setShort(
        at + RecordBatch.ATTRIBUTES_OFFSET,
        RecordBatch.isLogAppendTime(batch, index) ? RecordBatch.LOG_APPEND_TIME_MASK : 0);
    out.setInt(at + RecordBatch.RECORD_COUNT_OFFSET, 0);
    finish(batch, index, out, at);
  }

  private static void finish(ByteBuf batch, int index, ByteBuf out, int at) {
    RecordBatch.place(
        out, at, RecordBatch.baseOffset(batch, index), RecordBatch.leaderEpoch(batch, index));
    out.setInt(
        at + RecordBatch.LAST_OFFSET_DELTA_OFFSET, RecordBatch.lastOffsetDelta(batch, index));
    int size = RecordBatch.sizeInBytes(out, at);
    out.setInt(
        at + RecordBatch.CRC_OFFSET,
        RecordBatch.crc32c(
            out, at + RecordBatch.ATTRIBUTES_OFFSET, size - RecordBatch.ATTRIBUTES_OFFSET));
  }
}
