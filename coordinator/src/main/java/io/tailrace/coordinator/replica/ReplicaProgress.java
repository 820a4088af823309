package io.tailrace.coordinator.replica;

import io.tailrace.coordinator.cluster.InSyncReplica;

/**
 * How far one follower has got, as its leader knows it. A follower counts as caught up at the
 * moment at which the leader's log ended where the follower's acknowledged end is now: so also one
 * that syncs slowly under a steady load counts as long as it follows within the lag time.
 */
final class ReplicaProgress {
  static final long UNKNOWN = -1;

  private InSyncReplica follower;
  private long logEnd = UNKNOWN;
  private long syncedEnd = UNKNOWN;
  private long caughtUpMs;
  private long goal = UNKNOWN;
  private long goalSetMs;

  /**
   * @param nowMs from when on the follower's lag is counted
   */
  ReplicaProgress(long nowMs) {
    this.caughtUpMs = nowMs;
  }

  /** The follower under the registration of its last report; null before the first. */
  InSyncReplica follower() {
    return follower;
  }

  long caughtUpMs() {
    return caughtUpMs;
  }

  long logEnd() {
    return logEnd;
  }

  long syncedEnd() {
    return syncedEnd;
  }

  long end(boolean synced) {
    return synced ? Math.min(syncedEnd, logEnd) : logEnd;
  }

  /** Whether a report comes from a registration that has been replaced. */
  boolean isStale(InSyncReplica reporting) {
    return follower != null && reporting.brokerEpoch() < follower.brokerEpoch();
  }

  /**
   * The leader's log is about to grow: a follower that has all of it was caught up until now, also
   * when it has not had a reason to report for long.
   *
   * @param leaderEnd the leader's log end until now
   */
  void onLeaderGrows(long leaderEnd, boolean synced, long nowMs) {
    if (end(synced) >= leaderEnd) {
      caughtUpMs = Math.max(caughtUpMs, nowMs);
    }
  }

  /**
   * Takes over a report.
   *
   * @param synced whether the acknowledged end is the synced one
   * @param leaderEnd the leader's log end now
   */
  void onReport(
      InSyncReplica reporting,
      long newLogEnd,
      long newSyncedEnd,
      boolean synced,
      long leaderEnd,
      long nowMs) {
    if (!reporting.equals(follower)) {
      follower = reporting;
      goal = UNKNOWN;
    }
    logEnd = newLogEnd;
    syncedEnd = newSyncedEnd;
    long end = end(synced);
    if (end >= leaderEnd) {
      caughtUpMs = nowMs;
      goal = UNKNOWN;
      return;
    }
    if (goal != UNKNOWN && end >= goal) {
      caughtUpMs = Math.max(caughtUpMs, goalSetMs);
      goal = UNKNOWN;
    }
    if (goal == UNKNOWN) {
      goal = leaderEnd;
      goalSetMs = nowMs;
    }
  }
}
