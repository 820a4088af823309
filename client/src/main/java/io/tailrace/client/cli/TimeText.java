package io.tailrace.client.cli;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads durations and points in time as people type them. */
final class TimeText {
  private static final Pattern PART = Pattern.compile("(\\d+)(ms|s|m|h|d|w)");

  /** ISO-8601, and what {@code date}, {@code git} and logs print: a blank for the T, +0200. */
  private static final Pattern ISO =
      Pattern.compile(
          "(?<date>\\d{4}-\\d{2}-\\d{2})"
              + "(?:[Tt ](?<time>[0-9:.]+) ?(?<offset>[Zz]|[+-]\\d{2}(?::?\\d{2})?)?)?");

  private TimeText() {}

  /**
   * Reads a duration: {@code 10s}, {@code 500ms}, {@code 1h30m}, {@code 7d}, {@code 2w}.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  static Duration duration(String text) {
    Matcher matcher = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    try {
      while (matcher.find() && matcher.start() == end) {
        long amount = Long.parseLong(matcher.group(1));
        sum =
            sum.plus(
                switch (matcher.group(2)) {
                  case "ms" -> Duration.ofMillis(amount);
                  case "s" -> Duration.ofSeconds(amount);
                  case "m" -> Duration.ofMinutes(amount);
                  case "h" -> Duration.ofHours(amount);
                  case "d" -> Duration.ofDays(amount);
                  default -> Duration.ofDays(Math.multiplyExact(7L, amount));
                });
        end = matcher.end();
      }
    } catch (NumberFormatException | ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is too long a duration", e);
    }
    if (end == 0 || end < text.length()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a duration; write for instance 500ms, 10s, 15m, 1h30m or 7d");
    }
    return sum;
  }

  /**
   * Reads a point in time: ISO-8601 (in the local time zone unless it names one), milliseconds
   * since 1970, {@code now}, or relative to now ({@code -15m}).
   *
   * @return null when the text is none of those
   */
  static Instant instant(String text, Instant now, Supplier<ZoneId> zone) {
    if (text.equals("now")) {
      return now;
    }
    if (text.startsWith("-")) {
      try {
        return now.minus(duration(text.substring(1)));
      } catch (IllegalArgumentException | ArithmeticException e) {
        return null;
      }
    }
    if (text.matches("\\d{1,18}")) {
      return Instant.ofEpochMilli(Long.parseLong(text));
    }
    return isoInstant(text, zone);
  }

  private static Instant isoInstant(String text, Supplier<ZoneId> zone) {
    Matcher parts = ISO.matcher(text);
    if (!parts.matches()) {
      return null;
    }
    String date = parts.group("date");
    String time = parts.group("time");
    String offset = parts.group("offset");
    try {
      if (time == null) {
        return LocalDate.parse(date).atStartOfDay(zone.get()).toInstant();
      }
      LocalDateTime local = LocalDateTime.parse(date + "T" + time);
      return offset == null
          ? local.atZone(zone.get()).toInstant()
          : local.toInstant(ZoneOffset.of(offset.equals("z") ? "Z" : offset));
    } catch (DateTimeException e) {
      return null;
    }
  }
}
