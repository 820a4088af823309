package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Tells which batches a replica on this broker holds, up to the end of its log, whether or not it
 * leads: replicas are compared by it. Every batch is read and verified against its checksum, but
 * only its offsets, leader epoch and checksum are told; records above the high watermark stay
 * hidden. Thread-safe.
 */
public final class BatchesService {
  /** Bytes that one request reads, unless its first batch alone is larger. */
  private static final int READ_BYTES = 512 << 10;

  private final PartitionLookup lookup;
  private final FetchResources resources;

  /**
   * @param resources memory for what is read, and the threads that read sealed segments
   */
  public BatchesService(PartitionLookup lookup, FetchResources resources) {
    this.lookup = lookup;
    this.resources = resources;
  }

  /**
   * Describes some batches, beginning with the one that holds the offset.
   *
   * @param topicId null = not checked
   * @param fromOffset below the log start = the log start
   * @param done told once, on any thread
   */
  public void describe(
      String topic, UUID topicId, int partition, long fromOffset, Consumer<DescribedBatches> done) {
    PartitionLookup.Found found = lookup.find(topic, topicId, partition);
    if (found.error() != null) {
      done.accept(DescribedBatches.failed(found.error()));
      return;
    }
    new Description(found.partition(), fromOffset, done).begin();
  }

  /** One request. Used by one thread at a time: the partition's, or a reader. */
  private final class Description {
    private final Partition partition;
    private final long fromOffset;
    private final Consumer<DescribedBatches> done;

    Description(Partition partition, long fromOffset, Consumer<DescribedBatches> done) {
      this.partition = partition;
      this.fromOffset = fromOffset;
      this.done = done;
    }

    void begin() {
      Runnable read = guard(this::read);
      partition.scheduler().runOrExecute(guard(() -> partition.whenReady(read)));
    }

    private Runnable guard(Runnable task) {
      return UnexpectedError.guard(
          "a describe batches request",
          task,
          e -> done.accept(DescribedBatches.failed(UnexpectedError.of(ErrorCode.UNKNOWN, e))));
    }

    /** On the partition's thread. */
    private void read() {
      if (refused()) {
        return;
      }
      long offset = Math.max(fromOffset, partition.log().logStartOffset());
      SealedRead sealed = SealedRead.at(partition.replicated(), offset, ReadEnd.LOG_END);
      if (sealed == null) {
        readLog();
        return;
      }
      DescribedBatches ends = ends(List.of());
      resources.readers().run(guard(() -> readSealed(sealed, offset, ends)));
    }

    private boolean refused() {
      PartitionError closed = partition.checkOpen();
      if (closed != null) {
        done.accept(DescribedBatches.failed(closed));
      }
      return closed != null;
    }

    /** On a reader thread. */
    private void readSealed(SealedRead sealed, long offset, DescribedBatches ends) {
      PartitionError error;
      List<BatchSummary> batches = new ArrayList<>();
      try (sealed) {
        error = collect(batches, out -> sealed.read(offset, READ_BYTES, out));
      }
      if (error != null) {
        done.accept(DescribedBatches.failed(error));
      } else if (batches.isEmpty()) { // what follows the sealed segments
        partition.scheduler().execute(guard(this::readLog));
      } else {
        done.accept(
            new DescribedBatches(
                null, ends.logStartOffset(), ends.logEndOffset(), ends.highWatermark(), batches));
      }
    }

    /** On the partition's thread. */
    private void readLog() {
      if (refused()) {
        return;
      }
      long offset = Math.max(fromOffset, partition.log().logStartOffset());
      List<BatchSummary> batches = new ArrayList<>();
      if (offset < partition.log().logEndOffset()) {
        PartitionError error = collect(batches, out -> readLog(offset, out));
        if (error != null) {
          done.accept(DescribedBatches.failed(error));
          return;
        }
      }
      done.accept(ends(batches));
    }

    private PartitionError readLog(long offset, ByteBuf out) {
      return partition.read(offset, ReadEnd.LOG_END, READ_BYTES, out);
    }

    private DescribedBatches ends(List<BatchSummary> batches) {
      return new DescribedBatches(
          null,
          partition.log().logStartOffset(),
          partition.log().logEndOffset(),
          partition.highWatermark(),
          batches);
    }

    /** Reads into memory of its own; what was read before an error is sound. */
    private PartitionError collect(List<BatchSummary> batches, Read read) {
      if (!resources.memory().tryReserve(READ_BYTES)) {
        return new PartitionError(
            ErrorCode.OVERLOADED, "there is no memory for more responses; ask again");
      }
      ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(READ_BYTES);
      try {
        PartitionError error = read.into(out);
        int end = out.writerIndex();
        for (int index = 0; index < end; index += RecordBatch.sizeInBytes(out, index)) {
          batches.add(BatchSummary.of(out, index));
        }
        return batches.isEmpty() ? error : null;
      } finally {
        out.release();
        resources.memory().add(-READ_BYTES);
      }
    }
  }

  /** Copies batches to a buffer, and says what went wrong, or null. */
  @FunctionalInterface
  private interface Read {
    PartitionError into(ByteBuf out);
  }
}
