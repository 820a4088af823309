package io.tailrace.broker.log.chronicle;

/**
 * Bounds of the thread that compacts the logs of a store.
 *
 * @param keyMapBytes memory for the keys of one pass over a log, while it lasts
 * @param maxBytesPerSecond reads and writes no more than this, on average
 * @param producerExpirationMs how long a producer that is silent is remembered: the last batch of a
 *     producer whose segment is older needs not stay, milliseconds
 */
public record CleanerLimits(long keyMapBytes, long maxBytesPerSecond, long producerExpirationMs) {

  /** 128 MiB for keys, 64 MiB a second, producers for a day. */
  public static CleanerLimits defaults() {
    return new CleanerLimits(128L << 20, 64L << 20, 24 * 3_600_000L);
  }
}
