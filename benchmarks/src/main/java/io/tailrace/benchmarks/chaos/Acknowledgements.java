package io.tailrace.benchmarks.chaos;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * When acknowledgements came, of all producers: the longest time that a partition acknowledged
 * nothing, and which partitions acknowledge again since a moment. Thread-safe.
 */
final class Acknowledgements {
  private final long[] lastNanos;
  private final long[] longestNanos;
  private final boolean[] again;
  private long count;
  private long sinceNanos;

  Acknowledgements(int partitions) {
    this.lastNanos = new long[partitions];
    this.longestNanos = new long[partitions];
    this.again = new boolean[partitions];
    Arrays.fill(lastNanos, System.nanoTime());
    this.sinceNanos = System.nanoTime();
  }

  /** A record is acknowledged that was sent at this time, by {@link System#nanoTime()}. */
  synchronized void acknowledged(int partition, long sentNanos) {
    long now = System.nanoTime();
    longestNanos[partition] = Math.max(longestNanos[partition], now - lastNanos[partition]);
    lastNanos[partition] = now;
    again[partition] |= sentNanos - sinceNanos > 0;
    count++;
  }

  synchronized long count() {
    return count;
  }

  /**
   * The longest time since the last call that a partition acknowledged nothing, in milliseconds.
   */
  synchronized long takeLongestGapMs() {
    long now = System.nanoTime();
    long longest = 0;
    for (int i = 0; i < lastNanos.length; i++) {
      longest = Math.max(longest, Math.max(longestNanos[i], now - lastNanos[i]));
      longestNanos[i] = 0;
    }
    return TimeUnit.NANOSECONDS.toMillis(longest);
  }

  /** From now on {@link #allSince} asks for records that are sent after this call. */
  synchronized void markNow() {
    sinceNanos = System.nanoTime();
    Arrays.fill(again, false);
  }

  /** Whether every partition has acknowledged a record that was sent after the mark. */
  synchronized boolean allSince() {
    for (boolean each : again) {
      if (!each) {
        return false;
      }
    }
    return true;
  }
}
