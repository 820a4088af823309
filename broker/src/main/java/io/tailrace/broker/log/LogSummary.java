package io.tailrace.broker.log;

/**
 * The contents of a log, as far as known without opening it: a segment that a killed process left
 * open counts with its first offset only. Immutable.
 *
 * @param open whether it is open, so that all of this is exact
 * @param sizeInBytes of all batches
 * @param segmentCount segments that hold batches
 * @param expiresAtMs until then retention finds nothing to do, milliseconds since 1970; {@link
 *     #NEVER} when it never will while nothing is appended and no setting is changed
 */
public record LogSummary(
    boolean open,
    long logStartOffset,
    long logEndOffset,
    long sizeInBytes,
    int segmentCount,
    long expiresAtMs) {
  public static final long NEVER = Long.MAX_VALUE;

  /** A log that holds nothing. */
  public static final LogSummary EMPTY = new LogSummary(false, 0, 0, 0, 0, NEVER);
}
