package io.tailrace.benchmarks.endurance;

import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.ProcessMemory;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.function.DoubleSupplier;

/**
 * The resources of a process at one time.
 *
 * @param heapMiB what live objects take on the heap
 * @param directMiB memory outside the heap that the JDK's and the network's buffers hold
 * @param anonMiB resident memory that no file backs
 * @param descriptors open files and sockets
 */
record Footprint(double heapMiB, double directMiB, double anonMiB, double descriptors) {
  private static final double MIB = 1 << 20;
  private static final int LOOKS = 7;
  private static final long BETWEEN_LOOKS_MS = 500;

  /** Reads one process. */
  interface Source {
    Footprint read();
  }

  /**
   * The minimum of several samples: work in flight differs from sample to sample, leaks are in all
   * of them.
   */
  static Footprint leastOf(Source source) {
    Footprint least = source.read();
    for (int i = 1; i < LOOKS; i++) {
      MeasuredBroker.pause(BETWEEN_LOOKS_MS);
      Footprint next = source.read();
      least =
          new Footprint(
              Math.min(least.heapMiB, next.heapMiB),
              Math.min(least.directMiB, next.directMiB),
              Math.min(least.anonMiB, next.anonMiB),
              Math.min(least.descriptors, next.descriptors));
    }
    return least;
  }

  /**
   * Reads a process, after a full collection.
   *
   * @param directBytes what its buffers outside the heap hold, the JDK's and the network's
   */
  static Footprint of(long pid, DoubleSupplier directBytes) {
    double heap = JvmMemory.liveHeapMiB(pid);
    ProcessMemory memory = ProcessMemory.of(pid);
    return new Footprint(
        heap, directBytes.getAsDouble() / MIB, memory.anonMiB(), memory.descriptors());
  }

  /**
   * What grew by more than a share of itself since an earlier look.
   *
   * @param share for instance 0.01
   * @return empty when nothing did
   */
  String growthBeyond(double share, Footprint earlier) {
    StringJoiner grown = new StringJoiner(", ");
    describeGrowth(grown, "heap after GC", earlier.heapMiB, heapMiB, share);
    describeGrowth(grown, "direct memory", earlier.directMiB, directMiB, share);
    describeGrowth(grown, "RssAnon", earlier.anonMiB, anonMiB, share);
    describeGrowth(grown, "descriptors", earlier.descriptors, descriptors, share);
    return grown.toString();
  }

  private static void describeGrowth(
      StringJoiner grown, String what, double before, double now, double share) {
    if (now > before * (1 + share)) {
      grown.add(
          String.format(
              Locale.ROOT, "%s by %.1f %% (%.2f to %.2f)", what, growth(before, now), before, now));
    }
  }

  private static double growth(double before, double now) {
    return before == 0 ? 100 : (now - before) / before * 100;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%7.2f %7.2f %7.1f %5.0f", heapMiB, directMiB, anonMiB, descriptors);
  }
}
