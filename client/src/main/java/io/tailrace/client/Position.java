package io.tailrace.client;

import java.time.Instant;
import java.util.Objects;

/**
 * A place in a partition, or a way to find one. Immutable.
 *
 * <p>Used as the end of a range, a position is exclusive: {@code replay(topic, earliest(),
 * offset(10))} ends with offset 9.
 */
public sealed interface Position {

  /** The oldest record that is still there. */
  static Position earliest() {
    return Earliest.INSTANCE;
  }

  /** Behind the newest record that consumers may see (the high watermark) at the time of asking. */
  static Position latest() {
    return Latest.INSTANCE;
  }

  /**
   * This offset.
   *
   * @param offset not negative
   */
  static Position offset(long offset) {
    return new Offset(offset);
  }

  /**
   * The first record whose timestamp is at or after this time; {@link #latest()} when no record is
   * that young.
   */
  static Position at(Instant time) {
    return new At(time);
  }

  /** See {@link Position#earliest()}. */
  enum Earliest implements Position {
    /** The only one. */
    INSTANCE;

    @Override
    public String toString() {
      return "earliest";
    }
  }

  /** See {@link Position#latest()}. */
  enum Latest implements Position {
    /** The only one. */
    INSTANCE;

    @Override
    public String toString() {
      return "latest";
    }
  }

  /**
   * See {@link Position#offset(long)}.
   *
   * @param offset not negative
   */
  record Offset(long offset) implements Position {
    /** Checks the offset. */
    public Offset {
      if (offset < 0) {
        throw new IllegalArgumentException("offset " + offset + " is negative");
      }
    }

    @Override
    public String toString() {
      return Long.toString(offset);
    }
  }

  /**
   * See {@link Position#at(Instant)}.
   *
   * @param time rounded down to milliseconds, which is what records carry
   */
  record At(Instant time) implements Position {
    /** Checks the time. */
    public At {
      Objects.requireNonNull(time, "time");
      if (time.toEpochMilli() < 0) {
        throw new IllegalArgumentException("time " + time + " is before 1970");
      }
    }

    @Override
    public String toString() {
      return time.toString();
    }
  }
}
