package io.tailrace.broker.simulation;

/**
 * Mistakes that a {@link SimulatedCluster} can make on purpose: its invariants must find each. With
 * each goes a seed that has found it.
 */
enum ClusterBug {
  /** Records are acknowledged when the leader has appended them. */
  EARLY_ACKNOWLEDGEMENT(1),
  /** A fetch counts for its broker's newest registration, under whichever it was sent. */
  NO_BROKER_EPOCH(1282),
  /** Followers' fetches say neither the epoch of their leader nor that of their last batch. */
  NO_LEADER_EPOCH(11),
  /** A follower cuts its log to its high watermark, not where the leader's log diverges. */
  TRUNCATION_BY_HIGH_WATERMARK(2),
  /** A follower that has truncated once does not ask again whether its log is a prefix. */
  ONE_ROUND_TRUNCATION(23),
  /** What follows from a log, such as what producers appended, outlives its truncation. */
  PRODUCER_STATE_NOT_CUT(23),
  /** A batch that is sent twice is appended twice. */
  LOST_DEDUPE(1),
  /** A proposal of an in-sync set is refused, and written later all the same. */
  STALE_IN_SYNC_WRITE(46),
  /** A broker whose disk was replaced by an empty one goes on under its directory's id. */
  EMPTY_DISK_COUNTED_WHOLE(4),
  /** A new leader epoch in which the leader stays the same is not taken over. */
  SAME_LEADER_EPOCH_IGNORED(1),
  /** A log's high watermark is its end when it is opened. */
  HIGH_WATERMARK_AT_LOG_END(2),
  /** An in-sync set that is proposed counts before it is confirmed. */
  PENDING_IN_SYNC_SET_COUNTED(4);

  private final long seed;

  ClusterBug(long seed) {
    this.seed = seed;
  }

  long seed() {
    return seed;
  }
}
