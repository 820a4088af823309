package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.RecordBatch;
import java.util.Arrays;

/**
 * The batches of one produce request for one partition, and how many of them have been appended.
 * Confined to the partition's scheduler.
 */
final class PendingAppend {
  static final int ACKS_ALL = -1;

  final ByteBuf batches;
  final int acks;
  final int expectedEpoch;
  final long timeoutMs;
  final ProduceListener listener;

  private final int end;
  private final long[] baseOffsets;
  private final long[] endOffsets;
  private int next;
  private int count;
  private long endOffset;
  private int epoch = Partition.ANY_EPOCH;
  private long waitsSinceMs;
  private PartitionError error;

  /**
   * @param batches holds them at {@code index}; whole batches, checked
   * @param timeoutMs how long to wait for other replicas
   */
  PendingAppend(
      ByteBuf batches,
      int index,
      int length,
      int acks,
      int expectedEpoch,
      long timeoutMs,
      ProduceListener listener) {
    this.batches = batches;
    this.next = index;
    this.end = index + length;
    this.acks = acks;
    this.expectedEpoch = expectedEpoch;
    this.timeoutMs = timeoutMs;
    this.listener = listener;
    int all = RecordBatch.countIn(batches, index, length);
    this.baseOffsets = new long[all];
    this.endOffsets = new long[all];
  }

  boolean isComplete() {
    return next >= end;
  }

  /** Where the first batch begins that has not been dealt with. */
  int next() {
    return next;
  }

  /** Where the last batch ends. */
  int end() {
    return end;
  }

  /** Batches that have been dealt with. */
  int count() {
    return count;
  }

  /** The leader epoch under which the first batch was dealt with. */
  int epoch() {
    return epoch;
  }

  /** Notes under which leader epoch batches are about to be appended. */
  void begin(int leaderEpoch) {
    epoch = leaderEpoch;
  }

  /** The next batch is in the log at this offset, from now or from an earlier request. */
  void onDealtWith(long baseOffset) {
    long behind = baseOffset + RecordBatch.lastOffsetDelta(batches, next) + 1;
    baseOffsets[count] = baseOffset;
    endOffsets[count] = behind;
    count++;
    endOffset = Math.max(endOffset, behind);
    next += RecordBatch.sizeInBytes(batches, next);
  }

  /** What must be below the high watermark before the request is acknowledged; 0 = nothing. */
  long endOffset() {
    return endOffset;
  }

  void requireEndOffset(long offset) {
    endOffset = Math.max(endOffset, offset);
  }

  /** The leading batches whose records are all below the offset. */
  int countBelow(long offset) {
    int below = 0;
    while (below < count && endOffsets[below] <= offset) {
      below++;
    }
    return below;
  }

  /** Why the first batch that has not been dealt with will not be; null when all were. */
  PartitionError error() {
    return error;
  }

  void fail(PartitionError cause) {
    error = cause;
  }

  /** When it began to wait for the log, on the monotonic clock. */
  long waitsSinceMs() {
    return waitsSinceMs;
  }

  void waitFrom(long nowMs) {
    waitsSinceMs = nowMs;
  }

  ProduceResult result(int batchesGiven, long logStartOffset) {
    return new ProduceResult(error, Arrays.copyOf(baseOffsets, batchesGiven), logStartOffset);
  }
}
