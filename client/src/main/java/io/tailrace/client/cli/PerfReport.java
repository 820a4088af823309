package io.tailrace.client.cli;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Puts the result of a measurement together. */
final class PerfReport {
  private static final double[] PERCENTILES = {50, 90, 99, 99.9, 100};
  private static final String[] NAMES = {"p50", "p90", "p99", "p999", "max"};
  private static final double NANOS_PER_MS = 1e6;

  private final Map<String, Object> document = new LinkedHashMap<>();
  private final StringBuilder text = new StringBuilder();

  /** Adds how much went through in a time. */
  PerfReport throughput(long records, long bytes, Duration elapsed) {
    document.put("records", records);
    document.put("bytes", bytes);
    document.put("seconds", Quantities.rounded(elapsed.toNanos() / 1e9));
    document.put("recordsPerSecond", Math.round(Quantities.perSecond(records, elapsed)));
    document.put(
        "megabytesPerSecond", Quantities.rounded(Quantities.perSecond(bytes, elapsed) / 1e6));
    text.append(
        String.format(
            Locale.ROOT,
            "%s in %s: %s records/s, %s%n",
            Quantities.counted(records, "record"),
            Quantities.duration(elapsed),
            Quantities.count(Math.round(Quantities.perSecond(records, elapsed))),
            Quantities.megabytesPerSecond(bytes, elapsed)));
    return this;
  }

  /**
   * Adds how long something took.
   *
   * @param name in the document, as in {@code ackLatencyMs}
   * @param title for people
   * @param nanos durations in nanoseconds
   */
  PerfReport latency(String name, String title, Histogram nanos) {
    Map<String, Object> percentiles = new LinkedHashMap<>();
    text.append(title).append(':');
    for (int i = 0; i < PERCENTILES.length; i++) {
      double ms = nanos.getValueAtPercentile(PERCENTILES[i]) / NANOS_PER_MS;
      percentiles.put(NAMES[i], Quantities.rounded(ms));
      text.append(String.format(Locale.ROOT, "%s %s %.2f ms", i == 0 ? "" : ",", NAMES[i], ms));
    }
    text.append('\n');
    document.put(name, percentiles);
    return this;
  }

  void print(Session session) {
    session.print(document, () -> session.terminal().println(text.toString().strip()));
  }
}
