package io.tailrace.broker.config;

import java.util.function.Predicate;

/**
 * Which values of a type a setting takes. Immutable.
 *
 * @param description continues "must be ..."; empty when every value is allowed
 */
public record Constraint<T>(String description, Predicate<T> allows) {

  /** Every value of the type. */
  public static <T> Constraint<T> any() {
    return new Constraint<>("", value -> true);
  }

  public static <N extends Number> Constraint<N> atLeast(long least) {
    return new Constraint<>("at least " + least, value -> value.longValue() >= least);
  }

  /** A share of a whole. */
  public static Constraint<Double> share() {
    return new Constraint<>("from 0 to 1", value -> value >= 0 && value <= 1);
  }

  public static <N extends Number> Constraint<N> between(long least, long most) {
    return new Constraint<>(
        "from " + least + " to " + most,
        value -> value.longValue() >= least && value.longValue() <= most);
  }
}
