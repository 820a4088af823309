package io.tailrace.protocol.record;

import java.util.List;

/**
 * How long queues hold a message back: the header {@code deliver-after} of a record, milliseconds
 * in decimal digits, counted from the record's timestamp. Batches with such records say so in their
 * attributes ({@link RecordBatch#isTimed}), so that all others need not be looked into.
 */
public final class DeliverAfter {
  /** The header's name. The first one counts. */
  public static final String HEADER = "deliver-after";

  /** In place of a delay that cannot be read. */
  public static final long INVALID = MillisHeader.INVALID;

  private DeliverAfter() {}

  /** Whether a record with these headers is held back, or was to be. */
  static boolean isIn(List<RecordHeader> headers) {
    return MillisHeader.find(headers, HEADER) != null;
  }

  /** The delay in milliseconds; 0 when there is none, {@link #INVALID} when it cannot be read. */
  public static long delayMs(List<RecordHeader> headers) {
    return MillisHeader.read(headers, HEADER);
  }

  /**
   * When a record may be delivered, milliseconds since 1970; 0 = at once, also when the delay
   * cannot be read.
   */
  public static long dueMs(StoredRecord record) {
    long delayMs = delayMs(record.headers());
    return delayMs <= 0 ? 0 : Math.max(1, record.timestampMs() + delayMs);
  }
}
