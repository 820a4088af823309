package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/**
 * Batches that a follower has fetched and not appended completely. Confined to the partition's
 * scheduler.
 */
final class FetchedBatches {
  static final long NOT_WITHIN_A_BATCH = -1;

  final int leaderEpoch;
  final ByteBuf batches;
  private final Consumer<PartitionError> done;
  private int next;
  private long logStart = NOT_WITHIN_A_BATCH;

  /**
   * @param leaderEpoch the epoch in which they were asked for
   * @param batches whole batches; taken over
   * @param done told once, with null when all were appended
   */
  FetchedBatches(int leaderEpoch, ByteBuf batches, Consumer<PartitionError> done) {
    this.leaderEpoch = leaderEpoch;
    this.batches = batches;
    this.done = done;
    this.next = batches.readerIndex();
  }

  /** Where the first batch begins that is not dealt with. */
  int next() {
    return next;
  }

  int end() {
    return batches.writerIndex();
  }

  void advanceTo(int index) {
    next = index;
  }

  /**
   * Where the log begins within the first batch; {@link #NOT_WITHIN_A_BATCH} when it does not, or
   * that has been noted.
   */
  long logStart() {
    return logStart;
  }

  void setLogStart(long offset) {
    logStart = offset;
  }

  /**
   * Lets the bytes go and tells the outcome.
   *
   * @param error null = all were appended
   */
  void end(PartitionError error) {
    batches.release();
    done.accept(error);
  }
}
