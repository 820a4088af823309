package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what a log that was just opened says of its producers: from its newest snapshot and the
 * batches behind it, or from its last batches alone when there is no snapshot to be used. Step by
 * step, so that the thread's other partitions and connections are served meanwhile. Confined to the
 * partition's scheduler.
 */
final class ProducerRecovery {
  private static final Logger LOG = LoggerFactory.getLogger(ProducerRecovery.class);

  /** How much of a log's end is read without a snapshot. */
  private static final long WITHOUT_SNAPSHOT_BYTES = 256L << 20;

  /** How much of it in one step. */
  private static final int STEP_BYTES = 1 << 20;

  private final PartitionLog log;
  private final long nowMs;
  private final ProducerStates states;
  private long offset;
  private long skip = 1;

  /**
   * @param nowMs when producers of which that is not known were seen, milliseconds since 1970
   */
  ProducerRecovery(PartitionLog log, long nowMs) {
    this.log = log;
    this.nowMs = nowMs;
    PartitionLog.Snapshot snapshot = log.snapshot();
    ProducerStates found = snapshot == null ? null : ProducerStates.decode(snapshot.content());
    states = found == null ? new ProducerStates() : found;
    offset = found == null ? offsetWithoutSnapshot() : snapshot.offset();
  }

  /**
   * Far enough back that every batch whose acknowledgement a stop may have swallowed is seen. A
   * producer that was silent for longer gets {@code UNKNOWN_PRODUCER_ID} and starts over; nothing
   * of it was on its way.
   */
  private long offsetWithoutSnapshot() {
    long records = log.logEndOffset() - log.logStartOffset();
    long bytes = log.sizeInBytes();
    if (bytes <= WITHOUT_SNAPSHOT_BYTES) {
      return log.logStartOffset();
    }
    return log.logEndOffset() - (long) ((double) WITHOUT_SNAPSHOT_BYTES / bytes * records);
  }

  /** Whether all is known. */
  boolean isDone() {
    return offset >= log.logEndOffset();
  }

  /** What is known; complete when it {@link #isDone}. */
  ProducerStates states() {
    return states;
  }

  /**
   * Reads some batches.
   *
   * @throws LogException when the log cannot be read
   */
  void step() {
    ByteBuf chunk = ByteBufAllocator.DEFAULT.directBuffer(STEP_BYTES);
    try {
      log.read(offset, log.logEndOffset(), STEP_BYTES, chunk);
      if (!chunk.isReadable()) {
        offset = log.logEndOffset();
      }
      for (int at = 0; at < chunk.writerIndex(); at += RecordBatch.sizeInBytes(chunk, at)) {
        states.onAppended(chunk, at, nowMs);
        offset = RecordBatch.nextOffset(chunk, at);
      }
      skip = 1;
    } catch (LogException e) {
      if (e.code() != ErrorCode.CORRUPT_LOG) {
        throw e;
      }
      // Whoever reads that batch is told; the rest of the partition goes on.
      LOG.warn("producers are looked for behind offset {}: {}", offset, e.getMessage());
      offset =
          e.resumeOffset() > offset
              ? e.resumeOffset()
              : Math.min(log.logEndOffset(), offset + skip);
      skip *= 2;
    } finally {
      chunk.release();
    }
  }
}
