package io.tailrace.broker.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.Arrays;
import java.util.List;

/** Record batches that are sound, and the same with a lie in them under a right checksum. */
public final class HostileBatches {
  private HostileBatches() {}

  /** A sound batch of one record, whose value is so many zeros. */
  public static byte[] sound(CompressionType compression, int valueBytes) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    builder.append(1_000, null, new byte[valueBytes], List.of());
    int size =
        builder.finish(
            compression,
            RecordBatch.NO_PRODUCER_ID,
            RecordBatch.NO_PRODUCER_EPOCH,
            RecordBatch.NO_SEQUENCE);
    return Arrays.copyOf(builder.array(), size);
  }

  /** The batch with other counts. */
  public static byte[] withCounts(byte[] batch, int recordCount, int lastOffsetDelta) {
    ByteBuf buffer = Unpooled.copiedBuffer(batch);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, recordCount);
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, lastOffsetDelta);
    return reseal(buffer.array());
  }

  /** The batch with other bytes from an index of its records on. */
  public static byte[] withRecords(byte[] batch, int index, byte... bytes) {
    byte[] changed = batch.clone();
    System.arraycopy(bytes, 0, changed, RecordBatch.HEADER_BYTES + index, bytes.length);
    return reseal(changed);
  }

  private static byte[] reseal(byte[] batch) {
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    int guarded = RecordBatch.ATTRIBUTES_OFFSET;
    buffer.setInt(
        RecordBatch.CRC_OFFSET, RecordBatch.crc32c(buffer, guarded, batch.length - guarded));
    return batch;
  }
}
