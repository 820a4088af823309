package io.tailrace.benchmarks.compare;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/**
 * Median and range of some figures.
 *
 * @param median the middle, or the mean of the two middles
 */
record Summary(double median, double min, double max) {

  static Summary of(Collection<Double> figures) {
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no figures");
    }
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Summary(median, sorted[0], Arrays.stream(sorted).max().orElseThrow());
  }

  /** {@code 12.3 [11.0..14.2]}, or the one figure there is. */
  String forPeople() {
    return min == max
        ? shorten(median)
        : shorten(median) + " [" + shorten(min) + ".." + shorten(max) + "]";
  }

  /** Three significant digits, or all digits before the point. */
  static String shorten(double figure) {
    double size = Math.abs(figure);
    if (size >= 100) {
      return String.format(Locale.ROOT, "%,.0f", figure);
    }
    return String.format(
        Locale.ROOT, size >= 10 ? "%.1f" : size >= 1 || size == 0 ? "%.2f" : "%.3f", figure);
  }
}
