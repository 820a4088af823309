package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.forward.DeadLetterHeaders;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import io.tailrace.protocol.record.TimeToLive;
import java.util.Arrays;
import java.util.stream.LongStream;

/** The batches that hold some offsets, one after the other in a buffer. Not thread-safe. */
final class GatheredBatches {

  /** Reads one batch that holds an offset, and appends it to a buffer. */
  @FunctionalInterface
  interface BatchReader {
    PartitionError read(long offset, int maxBytes, ByteBuf out);
  }

  private final ByteBuf out;
  private long[] covered = {};
  private long missing = -1;
  private PartitionError error;

  GatheredBatches(ByteBuf out) {
    this.out = out;
  }

  /**
   * Reads the batches, up to so many bytes unless the first is larger, up to the first offset that
   * cannot be read.
   *
   * @param offsets ascending
   */
  void gather(long[] offsets, int maxBytes, BatchReader reader) {
    long from = -1;
    long to = -1;
    int count = 0;
    for (long offset : offsets) {
      if (offset < from || offset >= to) {
        if (count > 0 && out.readableBytes() >= maxBytes) {
          break;
        }
        int at = out.writerIndex();
        PartitionError problem = reader.read(offset, 1, out);
        if (problem != null && problem.code() != ErrorCode.CORRUPT_LOG) {
          error = count == 0 ? problem : null;
          break;
        }
        if (out.writerIndex() == at || RecordBatch.baseOffset(out, at) > offset) {
          out.writerIndex(at);
          missing = offset;
          break;
        }
        from = RecordBatch.baseOffset(out, at);
        to = RecordBatch.nextOffset(out, at);
      }
      count++;
    }
    covered = Arrays.copyOf(offsets, count);
  }

  /**
   * Which of {@link #covered} have times to live that are over. Looks into the batches that say
   * that they have such records.
   *
   * @param nowMs milliseconds since 1970
   * @return ascending
   */
  long[] expired(long nowMs) {
    LongStream.Builder found = LongStream.builder();
    for (int at = 0; at < out.writerIndex(); at += RecordBatch.sizeInBytes(out, at)) {
      if (RecordBatch.isTimed(out, at)) {
        try (RecordReader reader = new RecordReader(out, at)) {
          while (reader.hasNext()) {
            StoredRecord record = reader.next();
            if (TimeToLive.expiresMs(record) <= nowMs
                && !DeadLetterHeaders.wasRedriven(record.headers())
                && Arrays.binarySearch(covered, record.offset()) >= 0) {
              found.add(record.offset());
            }
          }
        } catch (CorruptBatchException e) {
          // the consumer finds out
        }
      }
    }
    return found.build().toArray();
  }

  ByteBuf batches() {
    return out;
  }

  /** The first of the offsets, those whose batches are there. */
  long[] covered() {
    return covered;
  }

  /** An offset behind those whose record is gone; -1 = none was met. */
  long missing() {
    return missing;
  }

  /** Why not even the first could be read; null = it could, or is missing. */
  PartitionError error() {
    return error;
  }
}
