package io.tailrace.broker.log.chronicle;

/**
 * Spreads work over time: says how long to pause so that no more than a number of bytes is moved a
 * second. A pause that was left out counts for the next second at most. Confined to one thread.
 */
final class Throttle {
  private static final long SECOND_NS = 1_000_000_000L;

  private final long bytesPerSecond;
  private long freeAtNs = Long.MIN_VALUE;

  Throttle(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  /**
   * Takes in that bytes were moved.
   *
   * @param nowNs by a clock that never goes back
   * @return how long to pause now, nanoseconds
   */
  long pauseNs(long bytes, long nowNs) {
    long from = Math.max(freeAtNs, nowNs - SECOND_NS);
    freeAtNs = from + (long) ((double) bytes / bytesPerSecond * SECOND_NS);
    return Math.max(0, freeAtNs - nowNs);
  }
}
