package io.tailrace.broker.replication;

import io.tailrace.broker.partition.Partition;

/**
 * A partition that is followed, in one leader epoch. Confined to the partition's scheduler.
 *
 * <pre>
 *   DUE      to be named in the next fetch, with its log end
 *   NAMED    the leader knows where to go on
 *   BUSY     what the leader sent is being appended, or a wait after an error goes on
 * </pre>
 */
final class FollowedPartition {
  private static final int FIRST_PAUSE_MS = 20;
  private static final int MAX_PAUSE_MS = 1_000;

  enum State {
    DUE,
    NAMED,
    BUSY
  }

  private final Partition partition;
  private final int leaderEpoch;
  private final int slot;
  private State state = State.BUSY;
  private int failures;

  FollowedPartition(Partition partition, int slot) {
    this.partition = partition;
    this.leaderEpoch = partition.leaderEpoch();
    this.slot = slot;
  }

  Partition partition() {
    return partition;
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
    return partition + " in leader epoch " + leaderEpoch;
  }
}
