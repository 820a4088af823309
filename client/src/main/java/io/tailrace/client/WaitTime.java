package io.tailrace.client;

import java.time.Duration;
import java.util.Objects;

/**
 * Checks durations that callers give, before anything is done with them: refuses those that make no
 * sense, and clamps those that are so long that sums of them would overflow. For the client's own
 * packages; not part of its API.
 */
public final class WaitTime {
  /** Longer waits count as this long. */
  public static final Duration LONGEST = Duration.ofDays(365);

  /** Longer settings in milliseconds count as this long, so that the sum of two fits an int. */
  public static final Duration LONGEST_IN_MILLIS = Duration.ofDays(10);

  private WaitTime() {}

  /**
   * A time that may be zero, clamped to {@link #LONGEST}.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public static Duration zeroOrMore(String name, Duration duration) {
    Objects.requireNonNull(duration, name);
    if (duration.isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative: " + duration);
    }
    return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
  }

  /**
   * A setting in milliseconds that may be zero, clamped to {@link #LONGEST_IN_MILLIS}.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public static Duration zeroOrMoreMillis(String name, Duration duration) {
    Duration checked = zeroOrMore(name, duration);
    return checked.compareTo(LONGEST_IN_MILLIS) > 0 ? LONGEST_IN_MILLIS : checked;
  }

  /**
   * A time in milliseconds that may be zero, clamped to what a long holds.
   *
   * @throws IllegalArgumentException when it is negative
   */
  public static long longMillis(String name, Duration duration) {
    zeroOrMore(name, duration);
    return duration.compareTo(Duration.ofMillis(Long.MAX_VALUE)) >= 0
        ? Long.MAX_VALUE
        : duration.toMillis();
  }

  /**
   * A setting in milliseconds, at least 1, clamped to {@link #LONGEST_IN_MILLIS}.
   *
   * @throws IllegalArgumentException when it is zero or negative
   */
  public static int positiveMillis(String name, Duration duration) {
    Duration checked = zeroOrMoreMillis(name, duration);
    if (checked.isZero()) {
      throw new IllegalArgumentException(name + " must be positive");
    }
    return (int) Math.max(1, checked.toMillis());
  }
}
