package io.tailrace.client.cli;

import java.time.Duration;
import java.util.Locale;

/** Writes numbers, durations and rates for people. */
final class Quantities {
  private static final double MEGABYTE = 1_000_000;

  private Quantities() {}

  /** With commas: {@code 1,234,567}. */
  static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** One or many: {@code 1 record}, {@code 2 records}. */
  static String counted(long number, String noun) {
    return count(number) + " " + noun + (number == 1 ? "" : "s");
  }

  /** {@code 850 ms}, {@code 3.2 s}, {@code 4 min 5 s}. */
  static String duration(Duration duration) {
    long ms = duration.toMillis();
    if (ms < 1000) {
      return ms + " ms";
    }
    if (ms < 60_000) {
      return ms % 1000 == 0 ? ms / 1000 + " s" : String.format(Locale.ROOT, "%.1f s", ms / 1000.0);
    }
    return ms / 60_000 + " min " + ms / 1000 % 60 + " s";
  }

  static double perSecond(long amount, Duration duration) {
    return duration.isZero() ? 0 : amount * 1e9 / duration.toNanos();
  }

  /** Millions of bytes a second, rounded to what people compare. */
  static String megabytesPerSecond(long bytes, Duration duration) {
    return String.format(Locale.ROOT, "%.1f MB/s", perSecond(bytes, duration) / MEGABYTE);
  }

  static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
