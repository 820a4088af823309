package io.tailrace.broker.replication;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.ReplicatedLog;

/**
 * A log of a partition that is followed, in one leader epoch. Confined to the partition's
 * scheduler.
 *
 * <pre>
 *   DUE      to be named in the next fetch, with its log end
 *   NAMED    the leader knows where to go on
 *   BUSY     what the leader sent is being appended, or a wait after an error goes on
 * </pre>
 */
final class FollowedLog {
  private static final int FIRST_PAUSE_MS = 20;
  private static final int MAX_PAUSE_MS = 1_000;

  enum State {
    DUE,
    NAMED,
    BUSY
  }

  private final Partition partition;
  private final ReplicatedLog log;
  private final int leaderEpoch;
  private final int slot;
  private State state = State.BUSY;
  private int failures;

  FollowedLog(Partition partition, ReplicatedLog log, int slot) {
    this.partition = partition;
    this.log = log;
    this.leaderEpoch = log.leaderEpoch();
    this.slot = slot;
  }

  Partition partition() {
    return partition;
  }

  ReplicatedLog log() {
    return log;
  }

  /** Whether it is the delivery log of the partition and not its records. */
  boolean isDelivery() {
    return !log.equals(partition.replicated());
  }

  int leaderEpoch() {
    return leaderEpoch;
  }

  int slot() {
    return slot;
  }

  State state() {
    return state;
  }

  void setState(State next) {
    state = next;
  }

  void onSuccess() {
    failures = 0;
  }

  /** Counts a failure and says how long to wait, milliseconds. */
  int nextPauseMs() {
    int pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS << Math.min(failures, 10));
    failures++;
    return pauseMs;
  }

  int failures() {
    return failures;
  }

  @Override
  public String toString() {
    return log + " in leader epoch " + leaderEpoch;
  }
}
