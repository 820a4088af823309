package io.tailrace.broker.simulation;

/** Mistakes that a {@link SimulatedCluster} can make on purpose: its invariants must find each. */
enum ClusterBug {
  /** Records are acknowledged when the leader has appended them. */
  EARLY_ACKNOWLEDGEMENT,
  /** A follower cuts its log to its high watermark, not where the leader's log diverges. */
  TRUNCATION_BY_HIGH_WATERMARK,
  /** An in-sync set that is proposed counts before it is confirmed. */
  PENDING_IN_SYNC_SET_COUNTED
}
