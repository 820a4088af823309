package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the records at some offsets of a partition, step by step: the recent tail on the
 * partition's thread, the rest and all decoding on reader threads. Used once. Confined to the
 * partition's scheduler, but for the decoding.
 */
final class MessageRecords {
  private static final Logger LOG = LoggerFactory.getLogger(MessageRecords.class);
  private static final int STEP_BYTES = 1 << 20;

  private final Partition partition;
  private final ReaderThreads readers;
  private final long[] offsets;
  private final long maxBytes;
  private final BiConsumer<Result, PartitionError> done;
  private final Map<Long, StoredRecord> found = new HashMap<>();
  private int at;
  private long bytes;

  /**
   * What was read.
   *
   * @param records by their offsets
   * @param examined how many of the offsets were looked for, from the first one on; those among
   *     them without a record are gone or damaged
   */
  record Result(Map<Long, StoredRecord> records, int examined) {}

  private MessageRecords(
      Partition partition,
      ReaderThreads readers,
      long[] offsets,
      long maxBytes,
      BiConsumer<Result, PartitionError> done) {
    this.partition = partition;
    this.readers = readers;
    this.offsets = offsets;
    this.maxBytes = maxBytes;
    this.done = done;
  }

  /**
   * Reads records.
   *
   * @param offsets ascending
   * @param maxBytes reads no further once the records have so many bytes
   * @param done told on the partition's thread, not before this returns; with an error when the
   *     partition cannot be read
   */
  static void read(
      Partition partition,
      ReaderThreads readers,
      long[] offsets,
      long maxBytes,
      BiConsumer<Result, PartitionError> done) {
    MessageRecords reading = new MessageRecords(partition, readers, offsets, maxBytes, done);
    partition.scheduler().execute(reading::step);
  }

  private void step() {
    PartitionError closed = partition.checkAccess(Partition.ANY_EPOCH);
    if (closed != null || at == offsets.length || bytes >= maxBytes) {
      done.accept(new Result(found, at), closed);
      return;
    }
    long[] rest = Arrays.copyOfRange(offsets, at, offsets.length);
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(16 * 1024);
    GatheredBatches batches = new GatheredBatches(out);
    SealedRead sealed = SealedRead.at(partition.replicated(), rest[0], ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      batches.gather(
          rest,
          STEP_BYTES,
          (offset, max, to) -> partition.read(offset, ReadEnd.HIGH_WATERMARK, max, to));
    }
    readers.run(
        () -> {
          if (sealed != null) {
            try (sealed) {
              batches.gather(rest, STEP_BYTES, sealed::read);
            }
          }
          Map<Long, StoredRecord> records = decode(batches);
          partition.scheduler().execute(() -> onRead(batches, records));
        });
  }

  private Map<Long, StoredRecord> decode(GatheredBatches batches) {
    Map<Long, StoredRecord> records = new HashMap<>();
    ByteBuf in = batches.batches();
    try {
      for (int index = 0; index < in.writerIndex(); index += RecordBatch.sizeInBytes(in, index)) {
        try (RecordReader reader = new RecordReader(in, index)) {
          while (reader.hasNext()) {
            StoredRecord record = reader.next();
            if (Arrays.binarySearch(batches.covered(), record.offset()) >= 0) {
              records.put(record.offset(), record);
            }
          }
        } catch (CorruptBatchException e) {
          LOG.error("{}: a batch cannot be forwarded: {}", partition, e.getMessage());
        }
      }
      return records;
    } finally {
      in.release();
    }
  }

  private void onRead(GatheredBatches batches, Map<Long, StoredRecord> records) {
    int covered = batches.covered().length;
    PartitionError error = batches.error();
    if (covered == 0 && error != null && error.code() != ErrorCode.OFFSET_OUT_OF_RANGE) {
      done.accept(new Result(found, at), error);
      return;
    }
    for (StoredRecord record : records.values()) {
      found.put(record.offset(), record);
      bytes += sizeOf(record);
    }
    at += Math.max(1, covered); // the first one is gone where none is covered
    step();
  }

  /** About what a record takes, in bytes. */
  static long sizeOf(StoredRecord record) {
    long size = 64;
    size += record.key() == null ? 0 : record.key().length;
    size += record.value() == null ? 0 : record.value().length;
    return size
        + record.headers().stream()
            .mapToLong(
                each -> each.key().length() + (each.value() == null ? 0 : each.value().length))
            .sum();
  }
}
