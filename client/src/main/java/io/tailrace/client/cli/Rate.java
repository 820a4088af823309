package io.tailrace.client.cli;

import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many records to handle in a second at most.
 *
 * @param perSecond more than 0
 */
record Rate(double perSecond) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,12})(?:/(s|m|h))?");

  /**
   * Reads {@code 500}, {@code 500/s}, {@code 30/m} or {@code 100/h}.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  static Rate parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches() || Long.parseLong(matcher.group(1)) == 0) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a rate; write for instance 500/s, 30/m or 100/h");
    }
    double seconds =
        switch (matcher.group(2) == null ? "s" : matcher.group(2)) {
          case "m" -> 60;
          case "h" -> 3600;
          default -> 1;
        };
    return new Rate(Long.parseLong(matcher.group(1)) / seconds);
  }

  /** When the given record is due. */
  long dueNanos(long startNanos, long index) {
    return startNanos + (long) (index / perSecond * 1e9);
  }

  /** Sleeps until a moment of {@link System#nanoTime}. */
  static void awaitDue(long dueNanos) {
    long waitNanos = dueNanos - System.nanoTime();
    while (waitNanos > 0) {
      LockSupport.parkNanos(waitNanos);
      waitNanos = dueNanos - System.nanoTime();
    }
  }
}
