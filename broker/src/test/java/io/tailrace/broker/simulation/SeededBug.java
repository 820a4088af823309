package io.tailrace.broker.simulation;

/** Mistakes that the simulation must find; each is made by a double of the real thing. */
enum SeededBug {
  /** With {@code log.flush=ack} all that a log holds when it is opened counts as synced. */
  HIGH_WATERMARK_AT_LOG_END,
  /** A failed sync is tried again as if nothing had happened. */
  FAILED_SYNC_FORGOTTEN,
  /** Batches before the one that failed are acknowledged at once. */
  EARLY_ACK_ON_PARTIAL_FAILURE,
  /** A batch that was appended before is acknowledged at once. */
  DUPLICATE_ANSWERED_UNSYNCED,
  /** A torn tail is cut when the log is opened, the producers' state that tells of it stays. */
  PRODUCER_STATE_OUTLIVES_ITS_LOG
}
