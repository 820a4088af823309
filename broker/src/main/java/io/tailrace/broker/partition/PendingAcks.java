package io.tailrace.broker.partition;

import io.tailrace.coordinator.replica.Acknowledgement;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The produce requests whose records are appended and not acknowledged yet, in the order of their
 * offsets. {@link ReplicaState} decides about each. Confined to the partition's scheduler.
 */
final class PendingAcks {
  private final String partition;
  private final ReplicaState replica;
  private final ArrayDeque<PendingAck> acks = new ArrayDeque<>();

  private record PendingAck(
      int epoch, long endOffset, ProduceResult result, ProduceListener listener, long deadlineMs) {}

  /**
   * @param partition its name, for messages
   */
  PendingAcks(String partition, ReplicaState replica) {
    this.partition = partition;
    this.replica = replica;
  }

  /**
   * Gives the result when it may be given: at once, later, or an error in its place.
   *
   * @param epoch the leader epoch under which the records were appended or found
   * @param endOffset behind the last record, exclusive
   * @param deadlineMs when to give up, on the monotonic clock
   */
  void add(
      int epoch, long endOffset, ProduceResult result, ProduceListener listener, long deadlineMs) {
    Acknowledgement now = replica.acknowledgement(epoch, endOffset);
    if (now == Acknowledgement.AWAITED) {
      // A duplicate may lie below records that others wait for: it waits for them, to keep order.
      long end = acks.isEmpty() ? endOffset : Math.max(endOffset, acks.peekLast().endOffset());
      acks.add(new PendingAck(epoch, end, result, listener, deadlineMs));
    } else {
      listener.onProduced(now == Acknowledgement.GIVEN ? result : unknown(now));
    }
  }

  /** Answers the requests about which there is a decision now. */
  void settle() {
    while (!acks.isEmpty()) {
      PendingAck first = acks.peek();
      Acknowledgement now = replica.acknowledgement(first.epoch(), first.endOffset());
      if (now == Acknowledgement.AWAITED) {
        return;
      }
      acks.poll();
      first.listener().onProduced(now == Acknowledgement.GIVEN ? first.result() : unknown(now));
    }
  }

  private ProduceResult unknown(Acknowledgement why) {
    String reason =
        switch (why) {
          case EPOCH_ENDED -> "its leader epoch ended";
          case TOO_FEW_IN_SYNC -> "too few replicas were left in sync";
          case LOG_OFFLINE -> "its log went offline";
          case GIVEN, AWAITED -> throw new IllegalArgumentException(why.toString());
        };
    return ProduceResult.failed(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN,
            partition + ": " + reason + " before the records were acknowledged"));
  }

  /** Fails all with an error. */
  void fail(PartitionError error) {
    for (PendingAck pending = acks.poll(); pending != null; pending = acks.poll()) {
      pending.listener().onProduced(ProduceResult.failed(error));
    }
  }

  /** Fails those whose time has passed. */
  void expire(long nowMs) {
    List<PendingAck> late = new ArrayList<>();
    acks.removeIf(pending -> pending.deadlineMs() <= nowMs && late.add(pending));
    for (PendingAck pending : late) {
      pending
          .listener()
          .onProduced(
              ProduceResult.failed(
                  new PartitionError(
                      ErrorCode.REQUEST_TIMED_OUT,
                      partition + ": not enough replicas confirmed in time")));
    }
  }
}
