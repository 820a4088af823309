package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;

/** Looks for a record inside one stored batch. Stateless. */
public final class BatchSearch {

  private BatchSearch() {}

  /**
   * Finds the batch's first record whose offset and timestamp are at least the given ones.
   *
   * @param batch holds a sound batch at {@code index}
   * @return null when the batch has none
   * @throws LogException {@code CORRUPT_LOG} when the records cannot be read
   */
  public static TimestampedOffset first(ByteBuf batch, int index, long offset, long timestampMs) {
    try (RecordReader reader = new RecordReader(batch, index)) {
      while (reader.hasNext()) {
        StoredRecord record = reader.next();
        if (record.offset() >= offset && record.timestampMs() >= timestampMs) {
          return new TimestampedOffset(record.offset(), record.timestampMs());
        }
      }
      return null;
    } catch (CorruptBatchException e) {
      throw new LogException(
          ErrorCode.CORRUPT_LOG,
          "the records of the batch at offset "
              + RecordBatch.baseOffset(batch, index)
              + " cannot be read: "
              + e.getMessage(),
          e);
    }
  }
}
