package io.tailrace.benchmarks.chaos;

import java.util.BitSet;

/**
 * What came back, of all producers: the longest time without an acknowledgement, and which
 * partitions acknowledge again after healing. Thread-safe.
 */
final class Acknowledgements {
  private final int partitions;
  private final BitSet healed = new BitSet();
  private long count;
  private long lastNanos = System.nanoTime();
  private long longestNanos;
  private long healedNanos = Long.MAX_VALUE;

  Acknowledgements(int partitions) {
    this.partitions = partitions;
  }

  /** A record is acknowledged that was sent at this time, by {@link System#nanoTime()}. */
  synchronized void acknowledged(int partition, long sentNanos) {
    long now = System.nanoTime();
    longestNanos = Math.max(longestNanos, now - lastNanos);
    lastNanos = now;
    count++;
    if (healedNanos != Long.MAX_VALUE && sentNanos - healedNanos > 0) {
      healed.set(partition);
    }
  }

  synchronized long count() {
    return count;
  }

  /** The longest time between two acknowledgements since the last call, in milliseconds. */
  synchronized long takeLongestGapMs() {
    long gap = Math.max(longestNanos, System.nanoTime() - lastNanos);
    longestNanos = 0;
    return gap / 1_000_000;
  }

  /** All faults have ended. */
  synchronized void heal() {
    healedNanos = System.nanoTime();
  }

  /** Whether every partition has acknowledged a record that was sent after healing. */
  synchronized boolean allHealed() {
    return healed.cardinality() == partitions;
  }
}
