package io.tailrace.client.cli;

import io.tailrace.client.Position;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.Supplier;

/**
 * Reads a place in a partition as people type it: {@code earliest}, {@code latest}, an offset, or a
 * time. A plain number is an offset up to {@value #FIRST_EPOCH_MS} and milliseconds since 1970 from
 * there (1973-03-03) on; {@code offset:N} and {@code @MILLISECONDS} leave no doubt.
 */
final class PositionText {
  static final long FIRST_EPOCH_MS = 100_000_000_000L;

  private static final String OFFSET_PREFIX = "offset:";

  private PositionText() {}

  /**
   * Reads a position.
   *
   * @param now what relative times are relative to
   * @param zone that of times that do not name one
   * @throws IllegalArgumentException with what is wrong
   */
  static Position parse(String text, Instant now, Supplier<ZoneId> zone) {
    if (text.equals("earliest")) {
      return Position.earliest();
    }
    if (text.equals("latest")) {
      return Position.latest();
    }
    if (text.startsWith(OFFSET_PREFIX) && isNumber(text.substring(OFFSET_PREFIX.length()))) {
      return Position.offset(Long.parseLong(text.substring(OFFSET_PREFIX.length())));
    }
    if (isNumber(text) && Long.parseLong(text) < FIRST_EPOCH_MS) {
      return Position.offset(Long.parseLong(text));
    }
    boolean marked = text.startsWith("@") && isNumber(text.substring(1));
    Instant time = TimeText.instant(marked ? text.substring(1) : text, now, zone);
    if (time == null || time.toEpochMilli() < 0) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is no position; write earliest, latest, an offset, a time such as"
              + " 2026-11-01T08:30 or 1793520000000, or a time before now such as -15m");
    }
    return Position.at(time);
  }

  private static boolean isNumber(String text) {
    return text.matches("\\d{1,18}");
  }
}
