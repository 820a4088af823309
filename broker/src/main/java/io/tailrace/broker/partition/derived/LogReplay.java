package io.tailrace.broker.partition.derived;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Works out the states that are derived from a log: from the snapshot that was found with it and
 * the batches behind that, or from the last batches alone when no snapshot can be used. Step by
 * step, so that the thread's other partitions and connections are served meanwhile. Confined to the
 * log's scheduler.
 */
public final class LogReplay {
  private static final Logger LOG = LoggerFactory.getLogger(LogReplay.class);

  /** How much of a log's end is read without a snapshot. */
  private static final long WITHOUT_SNAPSHOT_BYTES = 256L << 20;

  /** How much of it in one step. */
  private static final int STEP_BYTES = 1 << 20;

  private final PartitionLog log;
  private final DerivedStates states;
  private final long nowMs;
  private long offset;
  private long skip = 1;

  LogReplay(PartitionLog log, DerivedStates states, long nowMs) {
    this.log = log;
    this.states = states;
    this.nowMs = nowMs;
    if (states.load(log.snapshot())) {
      // The log start may have passed it since the log was opened.
      offset = Math.max(log.snapshot().offset(), log.logStartOffset());
    } else {
      offset = offsetWithoutSnapshot();
      if (offset > log.logStartOffset()) {
        states.onSkipped(log, offset);
      }
    }
  }

  /**
   * Far enough back that every batch whose acknowledgement a stop may have swallowed is seen. A
   * producer that was silent for longer gets {@code UNKNOWN_PRODUCER_ID} and starts over; nothing
   * of it was on its way.
   */
  private long offsetWithoutSnapshot() {
    long records = log.logEndOffset() - log.logStartOffset();
    long bytes = log.sizeInBytes();
    if (bytes <= WITHOUT_SNAPSHOT_BYTES || states.needWholeLog()) {
      return log.logStartOffset();
    }
    return log.logEndOffset() - (long) ((double) WITHOUT_SNAPSHOT_BYTES / bytes * records);
  }

  /** Whether all batches have been seen. */
  public boolean isDone() {
    return offset >= log.logEndOffset();
  }

  /**
   * Reads some batches.
   *
   * @throws LogException when the log cannot be read, or a part of it, without which one of the
   *     states must not be used
   */
  public void step() {
    ByteBuf chunk = ByteBufAllocator.DEFAULT.directBuffer(STEP_BYTES);
    try {
      log.read(offset, log.logEndOffset(), STEP_BYTES, chunk);
      if (!chunk.isReadable()) {
        offset = log.logEndOffset();
      }
      for (int at = 0; at < chunk.writerIndex(); at += RecordBatch.sizeInBytes(chunk, at)) {
        states.apply(chunk, at, nowMs);
        offset = RecordBatch.nextOffset(chunk, at);
      }
      skip = 1;
    } catch (LogException e) {
      if (e.code() != ErrorCode.CORRUPT_LOG) {
        throw e;
      }
      String refusal = states.refusalOfDamage();
      if (refusal != null) {
        throw new LogException(ErrorCode.CORRUPT_LOG, e.getMessage() + "; " + refusal, e);
      }
      // A consumer that reads that batch gets the error; the rest of the partition goes on.
      states.onGap();
      LOG.warn("the log is replayed from behind offset {}: {}", offset, e.getMessage());
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
