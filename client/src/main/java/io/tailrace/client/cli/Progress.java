package io.tailrace.client.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Says on standard error how far long work has come: as a bar on a screen, as a line now and then
 * otherwise. Confined to the thread of the command.
 */
final class Progress {
  private static final int BAR_WIDTH = 30;
  private static final long BAR_INTERVAL_NANOS = 100_000_000;
  private static final long LINE_INTERVAL_NANOS = 5_000_000_000L;

  private final PrintStream err;
  private final boolean bar;
  private final String verb;
  private final long total;
  private final LongSupplier nanoTime;
  private final long startedNanos;
  private long saidNanos;
  private int lastWidth;

  /**
   * Begins.
   *
   * @param verb the work done on records, as in "copied"
   * @param total records to be done; about, if need be
   */
  Progress(Terminal terminal, String verb, long total) {
    this(terminal, verb, total, System::nanoTime);
  }

  /**
   * Begins, by another clock.
   *
   * @param nanoTime as {@link System#nanoTime}
   */
  Progress(Terminal terminal, String verb, long total, LongSupplier nanoTime) {
    this.err = terminal.err();
    this.bar = terminal.progressBars();
    this.verb = verb;
    this.total = total;
    this.nanoTime = nanoTime;
    this.startedNanos = nanoTime.getAsLong();
    this.saidNanos = startedNanos;
  }

  Duration elapsed() {
    return Duration.ofNanos(nanoTime.getAsLong() - startedNanos);
  }

  /** To be called often; says something only when it is time. */
  void update(long done) {
    long now = nanoTime.getAsLong();
    if (now - saidNanos < (bar ? BAR_INTERVAL_NANOS : LINE_INTERVAL_NANOS)) {
      return;
    }
    saidNanos = now;
    String text = describe(done, Duration.ofNanos(now - startedNanos));
    if (bar) {
      overwrite(barOf(done) + " " + text);
    } else {
      err.println(text);
    }
  }

  /** Clears the bar. */
  void end() {
    if (bar && lastWidth > 0) {
      err.print("\r" + " ".repeat(lastWidth) + "\r");
      err.flush();
    }
  }

  private void overwrite(String line) {
    err.print("\r" + line + " ".repeat(Math.max(0, lastWidth - line.length())));
    err.flush();
    lastWidth = line.length();
  }

  private String barOf(long done) {
    int filled = (int) (BAR_WIDTH * fraction(done));
    return "[" + "=".repeat(filled) + " ".repeat(BAR_WIDTH - filled) + "]";
  }

  private double fraction(long done) {
    return total <= 0 ? 1 : Math.min(1.0, (double) done / total);
  }

  String describe(long done, Duration elapsed) {
    double rate = Quantities.perSecond(done, elapsed);
    String left =
        rate > 0 && done < total
            ? ", "
                + Quantities.duration(Duration.ofSeconds((long) Math.ceil((total - done) / rate)))
                + " left"
            : "";
    return String.format(
        Locale.ROOT,
        "%s %s of %s (%.0f %%), %s/s%s",
        verb,
        Quantities.count(done),
        Quantities.counted(total, "record"),
        fraction(done) * 100,
        Quantities.count(Math.round(rate)),
        left);
  }
}
