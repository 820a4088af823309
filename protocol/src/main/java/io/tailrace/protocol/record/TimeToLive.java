package io.tailrace.protocol.record;

import java.util.List;

/**
 * How long queues deliver a message: the header {@code ttl} of a record, milliseconds in decimal
 * digits, counted from the record's timestamp. Afterwards it is a dead letter, unless a consumer
 * holds it. Batches with such records say so in their attributes ({@link RecordBatch#isTimed}), so
 * that all others need not be looked into.
 */
public final class TimeToLive {
  /** The header's name. The first one counts. */
  public static final String HEADER = "ttl";

  /** In place of a time to live that cannot be read. */
  public static final long INVALID = MillisHeader.INVALID;

  private TimeToLive() {}

  /** Whether a record with these headers has a time to live, or was to have one. */
  static boolean isIn(List<RecordHeader> headers) {
    return MillisHeader.find(headers, HEADER) != null;
  }

  /** The time in milliseconds; 0 when there is none, {@link #INVALID} when it cannot be read. */
  public static long ttlMs(List<RecordHeader> headers) {
    return MillisHeader.read(headers, HEADER);
  }

  /**
   * When a record expires, milliseconds since 1970; {@code Long.MAX_VALUE} = never, also when its
   * time to live cannot be read.
   */
  public static long expiresMs(StoredRecord record) {
    long ttlMs = ttlMs(record.headers());
    return ttlMs <= 0 ? Long.MAX_VALUE : record.timestampMs() + ttlMs;
  }
}
