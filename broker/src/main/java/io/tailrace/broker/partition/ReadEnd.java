package io.tailrace.broker.partition;

/** How far a read of a partition goes. */
public enum ReadEnd {
  /** To the high watermark: what is committed, for consumers. */
  HIGH_WATERMARK,
  /** To the end of the log, for followers. */
  LOG_END
}
