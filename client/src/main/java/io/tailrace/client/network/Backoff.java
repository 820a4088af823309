package io.tailrace.client.network;

import java.util.random.RandomGenerator;

/**
 * Waits that double with each failure in a row, up to a bound, give or take a fifth, so that
 * clients that failed together do not come back together. Confined to one thread.
 */
public final class Backoff {
  private final int firstMs;
  private final int maxMs;
  private final RandomGenerator random;
  private int failures;

  /** Makes one without failures. */
  public Backoff(int firstMs, int maxMs, RandomGenerator random) {
    this.firstMs = firstMs;
    this.maxMs = maxMs;
    this.random = random;
  }

  /** Counts a failure and says how long to wait, in milliseconds. */
  public int nextMs() {
    long base = Math.min(maxMs, (long) firstMs << Math.min(failures, 20));
    failures++;
    return (int) (base * (0.8 + 0.4 * random.nextDouble()));
  }

  /** Failures in a row. */
  public int failures() {
    return failures;
  }

  /** Forgets the failures. */
  public void reset() {
    failures = 0;
  }
}
