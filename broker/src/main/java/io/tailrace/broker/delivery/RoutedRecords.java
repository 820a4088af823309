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
import io.tailrace.protocol.record.RoutingKey;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Tells which records of a partition some queue matches. Asks the records and the bindings, as
 * routing does, so that it can be asked again. Confined to the partition's scheduler, but for reads
 * of sealed segments.
 */
final class RoutedRecords {
  private static final int MAX_BYTES = 4 << 20;

  /** Whether a record with this routing key at this offset is matched. */
  @FunctionalInterface
  interface Matching {
    boolean isRouted(String key, long offset);
  }

  /**
   * What was found.
   *
   * @param answered how many of the offsets, from the first on
   * @param unrouted which of them no queue matches, by their place
   * @param error null when there was none
   */
  record Found(int answered, List<Integer> unrouted, PartitionError error) {
    static Found failed(PartitionError error) {
      return new Found(0, List.of(), error);
    }

    /** No queue matches any of them. */
    static Found none(int count) {
      List<Integer> all = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        all.add(i);
      }
      return new Found(count, all, null);
    }
  }

  private final Partition partition;
  private final ReaderThreads readers;

  RoutedRecords(Partition partition, ReaderThreads readers) {
    this.partition = partition;
    this.readers = readers;
  }

  /**
   * Finds out about committed records.
   *
   * @param offsets ascending, at least one
   * @param done told once, on the partition's scheduler
   */
  void find(long[] offsets, Matching matching, Consumer<Found> done) {
    GatheredBatches batches = new GatheredBatches(ByteBufAllocator.DEFAULT.directBuffer());
    SealedRead sealed = SealedRead.at(partition.replicated(), offsets[0], ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      batches.gather(
          offsets,
          MAX_BYTES,
          (offset, maxBytes, to) -> partition.read(offset, ReadEnd.HIGH_WATERMARK, maxBytes, to));
      done.accept(answer(offsets, batches, keys(batches), matching));
      return;
    }
    readers.run(
        () -> {
          try (sealed) {
            batches.gather(offsets, MAX_BYTES, sealed::read);
          }
          Map<Long, String> keys = keys(batches);
          partition
              .scheduler()
              .execute(() -> done.accept(answer(offsets, batches, keys, matching)));
        });
  }

  /** The routing keys of all records that were read; releases the batches. */
  private static Map<Long, String> keys(GatheredBatches batches) {
    ByteBuf in = batches.batches();
    Map<Long, String> keys = new HashMap<>();
    try {
      for (int at = 0; at < in.writerIndex(); at += RecordBatch.sizeInBytes(in, at)) {
        try (RecordReader reader = new RecordReader(in, at)) {
          while (reader.hasNext()) {
            StoredRecord record = reader.next();
            keys.put(record.offset(), RoutingKey.of(record));
          }
        } catch (CorruptBatchException e) {
          // routing passes it over too: its records reach no queue
        }
      }
      return keys;
    } finally {
      in.release();
    }
  }

  private Found answer(
      long[] offsets, GatheredBatches batches, Map<Long, String> keys, Matching matching) {
    int answered = batches.covered().length;
    if (answered == 0) {
      PartitionError error = batches.error();
      return Found.failed(
          error != null
              ? error
              : new PartitionError(
                  ErrorCode.OFFSET_OUT_OF_RANGE,
                  partition + " does not hold a committed record at offset " + offsets[0]));
    }
    List<Integer> unrouted = new ArrayList<>();
    for (int i = 0; i < answered; i++) {
      String key = keys.get(offsets[i]);
      if (key == null || !matching.isRouted(key, offsets[i])) {
        unrouted.add(i);
      }
    }
    return new Found(answered, unrouted, null);
  }
}
