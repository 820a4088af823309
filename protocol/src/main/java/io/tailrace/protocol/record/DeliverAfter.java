package io.tailrace.protocol.record;

import java.util.List;

/**
 * How long queues hold a message back: the header {@code deliver-after} of a record, milliseconds
 * in decimal digits, counted from the record's timestamp. Batches with such records say so in their
 * attributes ({@link RecordBatch#isDelayed}), so that all others need not be looked into.
 */
public final class DeliverAfter {
  /** The header's name. The first one counts. */
  public static final String HEADER = "deliver-after";

  /** In place of a delay that cannot be read. */
  public static final long INVALID = -1;

  /** Longer ones have so many digits that they cannot be meant. */
  private static final int MAX_DIGITS = 15;

  private DeliverAfter() {}

  /** Whether a record with these headers is held back, or was to be. */
  static boolean isIn(List<RecordHeader> headers) {
    return find(headers) != null;
  }

  private static RecordHeader find(List<RecordHeader> headers) {
    for (int i = 0; i < headers.size(); i++) {
      if (headers.get(i).key().equals(HEADER)) {
        return headers.get(i);
      }
    }
    return null;
  }

  /** The delay in milliseconds; 0 when there is none, {@link #INVALID} when it cannot be read. */
  public static long delayMs(List<RecordHeader> headers) {
    RecordHeader header = find(headers);
    if (header == null) {
      return 0;
    }
    byte[] digits = header.value();
    if (digits == null || digits.length == 0 || digits.length > MAX_DIGITS) {
      return INVALID;
    }
    long ms = 0;
    for (byte digit : digits) {
      if (digit < '0' || digit > '9') {
        return INVALID;
      }
      ms = ms * 10 + digit - '0';
    }
    return ms;
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
