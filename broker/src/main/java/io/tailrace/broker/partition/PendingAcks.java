package io.tailrace.broker.partition;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayDeque;

/**
 * The producers that wait until one partition's high watermark has passed what they appended, in
 * the order of their offsets. Confined to the partition's scheduler.
 */
final class PendingAcks {
  private final String partition;
  private final ArrayDeque<PendingAck> acks = new ArrayDeque<>();

  private record PendingAck(
      long endOffset, ProduceResult result, ProduceListener listener, long deadlineMs) {}

  /**
   * @param partition its name, for messages
   */
  PendingAcks(String partition) {
    this.partition = partition;
  }

  /**
   * Leaves a result to be given when it is true.
   *
   * @param endOffset behind the last record, exclusive; not below that of any added before
   * @param deadlineMs when to give up, on the monotonic clock
   */
  void add(long endOffset, ProduceResult result, ProduceListener listener, long deadlineMs) {
    acks.add(new PendingAck(endOffset, result, listener, deadlineMs));
  }

  /**
   * Answers those whose records are all below the high watermark.
   *
   * @param highWatermark exclusive
   */
  void complete(long highWatermark) {
    while (!acks.isEmpty() && acks.peek().endOffset() <= highWatermark) {
      PendingAck ready = acks.poll();
      ready.listener().onProduced(ready.result());
    }
  }

  /** Answers all with an error. */
  void fail(PartitionError error) {
    for (PendingAck pending = acks.poll(); pending != null; pending = acks.poll()) {
      pending.listener().onProduced(ProduceResult.failed(error));
    }
  }

  /** Gives up on those whose time has passed and before whom nobody has longer to wait. */
  void expire(long nowMs) {
    while (!acks.isEmpty() && acks.peek().deadlineMs() <= nowMs) {
      PendingAck late = acks.poll();
      late.listener()
          .onProduced(
              ProduceResult.failed(
                  new PartitionError(
                      ErrorCode.REQUEST_TIMED_OUT,
                      partition + ": not enough replicas confirmed in time")));
    }
  }
}
