package io.tailrace.protocol.record;

import java.util.List;

/** A header whose value is a number of milliseconds in decimal digits. The first one counts. */
final class MillisHeader {
  /** In place of a value that cannot be read. */
  static final long INVALID = -1;

  /** Longer ones have so many digits that they cannot be meant. */
  private static final int MAX_DIGITS = 15;

  private MillisHeader() {}

  /** The first header of that name; null when there is none. */
  static RecordHeader find(List<RecordHeader> headers, String name) {
    for (int i = 0; i < headers.size(); i++) {
      if (headers.get(i).key().equals(name)) {
        return headers.get(i);
      }
    }
    return null;
  }

  /** The value; 0 when there is no such header, {@link #INVALID} when it cannot be read. */
  static long read(List<RecordHeader> headers, String name) {
    RecordHeader header = find(headers, name);
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
}
