package io.tailrace.client.processor;

/**
 * How often a record is tried, and how long a failed one waits: the first back-off, then each one
 * longer by the multiplier, up to the longest.
 *
 * @param attempts how often at most, the first time included; at least 1
 * @param firstMs milliseconds
 * @param multiplier at least 1
 * @param maxMs milliseconds
 */
public record RetryPolicy(int attempts, long firstMs, double multiplier, long maxMs) {

  /** Checks that the values are in range. */
  public RetryPolicy {
    if (attempts < 1 || firstMs < 0 || maxMs < firstMs || !(multiplier >= 1)) {
      throw new IllegalArgumentException(
          "retries take at least one attempt, a multiplier of at least 1, and a longest back-off"
              + " that is no shorter than the first");
    }
  }

  /**
   * The wait before the next attempt, milliseconds.
   *
   * @param failures so far; at least 1
   */
  long backoffMs(int failures) {
    return (long) Math.min((double) maxMs, firstMs * Math.pow(multiplier, failures - 1));
  }
}
