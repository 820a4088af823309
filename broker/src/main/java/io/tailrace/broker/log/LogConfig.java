package io.tailrace.broker.log;

/**
 * Settings of one log.
 *
 * @param segmentBytes a segment that has reached this size is closed and a new one begun
 * @param segmentMs so is one whose first append is this old, milliseconds
 * @param retentionBytes the oldest closed segments go while the rest is still larger than this; -1
 *     = no bound
 * @param retentionMs closed segments go once their youngest record is this old, milliseconds; -1 =
 *     never
 * @param maxBatchBytes the largest batch that will be appended
 * @param flush when appended records are synced to the device
 * @param flushIntervalRecords with {@link Flush#INTERVAL}: after so many records
 * @param flushIntervalMs with {@link Flush#INTERVAL}: after so many milliseconds
 * @param compaction how the log is compacted; null = it is not
 */
public record LogConfig(
    long segmentBytes,
    long segmentMs,
    long retentionBytes,
    long retentionMs,
    int maxBatchBytes,
    Flush flush,
    long flushIntervalRecords,
    long flushIntervalMs,
    Compaction compaction) {

  /** Settings of a log that is not compacted. */
  public LogConfig(
      long segmentBytes,
      long segmentMs,
      long retentionBytes,
      long retentionMs,
      int maxBatchBytes,
      Flush flush,
      long flushIntervalRecords,
      long flushIntervalMs) {
    this(
        segmentBytes,
        segmentMs,
        retentionBytes,
        retentionMs,
        maxBatchBytes,
        flush,
        flushIntervalRecords,
        flushIntervalMs,
        null);
  }

  /** When appended records are synced to the device. */
  public enum Flush {
    /** The operating system decides; survives the death of the process, not that of the machine. */
    NONE,
    /** After a number of records or milliseconds. */
    INTERVAL,
    /** Before a record is acknowledged. */
    ACK
  }

  /**
   * How a log is compacted: of the records with the same key only the last stays, and that only for
   * a while when it has no value.
   *
   * @param minDirtyRatio cleaning begins when this share of the closed segments' bytes has not been
   *     cleaned yet; 0 to 1
   * @param minLagMs a segment is not cleaned before its last append is this old, milliseconds
   * @param maxLagMs cleaning begins, whatever the share, when the first append that was not cleaned
   *     is this old, milliseconds
   * @param deleteRetentionMs a record without value stays so long after the cleaning that removed
   *     the older records of its key, milliseconds
   */
  public record Compaction(
      double minDirtyRatio, long minLagMs, long maxLagMs, long deleteRetentionMs) {}

  /** These settings, for a log that is compacted. */
  public LogConfig with(Compaction how) {
    return new LogConfig(
        segmentBytes,
        segmentMs,
        retentionBytes,
        retentionMs,
        maxBatchBytes,
        flush,
        flushIntervalRecords,
        flushIntervalMs,
        how);
  }

  /** 1 GiB segments, kept for 7 days, batches up to 1 MiB, never synced on purpose. */
  public static LogConfig defaults() {
    return new LogConfig(
        1L << 30, 7 * 24 * 3_600_000L, -1, 7 * 24 * 3_600_000L, 1 << 20, Flush.NONE, 10_000, 1_000);
  }
}
