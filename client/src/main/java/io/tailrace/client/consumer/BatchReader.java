package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;

/**
 * Reads the records of one fetched stretch of batches, from a given offset on: checks each batch
 * when it comes to it, and leaves out what lies before. Owns the bytes. Confined to the thread that
 * polls.
 */
final class BatchReader implements AutoCloseable {
  private final long startOffset;
  private final ByteBuf batches;
  private final int sizeInBytes;
  private int index;
  private RecordReader records;
  private long batchEnd;

  /** Reads batches that follow what was fetched before. */
  BatchReader(ByteBuf batches) {
    this(batches, FetchedPartition.UNKNOWN);
  }

  private BatchReader(ByteBuf batches, long startOffset) {
    this.startOffset = startOffset;
    this.batches = batches;
    this.index = batches.readerIndex();
    this.sizeInBytes = batches.readableBytes();
  }

  /** A stretch without batches, from which on reading starts over at another offset. */
  static BatchReader jumpTo(long offset) {
    return new BatchReader(Unpooled.EMPTY_BUFFER, offset);
  }

  /** Where reading starts over; {@link FetchedPartition#UNKNOWN} = it goes on where it stands. */
  long startOffset() {
    return startOffset;
  }

  /** Bytes of the whole stretch. */
  int sizeInBytes() {
    return sizeInBytes;
  }

  /**
   * The next record at or behind an offset, or null when there is none; {@link #nextOffset} says
   * then where to go on.
   *
   * @throws CorruptBatchException when the bytes are not sound
   */
  StoredRecord next(long from) {
    while (true) {
      while (records != null && records.hasNext()) {
        StoredRecord record = records.next();
        if (record.offset() >= from) {
          return record;
        }
      }
      closeRecords();
      if (index >= batches.writerIndex()) {
        return null;
      }
      int size = RecordBatch.check(batches, index, batches.writerIndex() - index);
      batchEnd = RecordBatch.nextOffset(batches, index);
      if (batchEnd > from) {
        records = new RecordReader(batches, index);
      }
      index += size;
    }
  }

  /** The offset behind the last batch that was read. */
  long nextOffset() {
    return batchEnd;
  }

  private void closeRecords() {
    if (records != null) {
      records.close();
      records = null;
    }
  }

  @Override
  public void close() {
    closeRecords();
    batches.release();
  }
}
