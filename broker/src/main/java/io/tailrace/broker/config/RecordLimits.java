package io.tailrace.broker.config;

/**
 * What producers may send to a topic.
 *
 * @param maxUncompressedBytes of the records of one compressed batch
 * @param timestampAfterMaxMs how far a timestamp may be ahead of the broker's clock, milliseconds
 * @param maxDelayMs how far {@code deliver-after} may put off a message, milliseconds
 * @param inboxMaxBytes as many bytes a partition of a queue's inbox may hold; -1 = no bound
 * @param keysRequired whether records without key are refused
 */
public record RecordLimits(
    int maxUncompressedBytes,
    long timestampAfterMaxMs,
    long maxDelayMs,
    long inboxMaxBytes,
    boolean keysRequired) {

  /**
   * The largest timestamp that is accepted.
   *
   * @param nowMs and the result are milliseconds since 1970
   */
  public long maxTimestampMs(long nowMs) {
    long max = nowMs + timestampAfterMaxMs;
    return max < nowMs ? Long.MAX_VALUE : max;
  }
}
