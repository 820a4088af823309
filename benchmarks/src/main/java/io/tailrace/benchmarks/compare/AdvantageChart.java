package io.tailrace.benchmarks.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Draws each scenario's advantage as an SVG: a dot at the median, a line from the smallest to the
 * largest, on a logarithmic axis from a tenth to a hundred. Stateless.
 */
final class AdvantageChart {
  private static final int WIDTH = 900;
  private static final int LABELS = 430;
  private static final int ROW = 24;
  private static final int TOP = 40;
  private static final double LOWEST = 0.1;
  private static final double HIGHEST = 100;

  private AdvantageChart() {}

  static void write(Path file, List<Outcome> outcomes) {
    List<Outcome> drawn =
        outcomes.stream().filter(outcome -> headline(outcome).isPresent()).toList();
    int height = TOP + drawn.size() * ROW + 16;
    StringBuilder svg = new StringBuilder();
    append(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\""
            + " font-size=\"12\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
        WIDTH,
        height);
    for (double tick : new double[] {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}) {
      append(
          svg,
          "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>%n"
              + "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%sx</text>%n",
          x(tick),
          x(tick),
          TOP - 12,
          height - 8,
          tick == 1 ? "#444" : "#ddd",
          x(tick),
          TOP - 18,
          Double.toString(tick).replaceAll("\\.0$", ""));
    }
    for (int i = 0; i < drawn.size(); i++) {
      row(svg, drawn.get(i), TOP + i * ROW + 8);
    }
    svg.append("</svg>\n");
    try {
      Files.writeString(file, svg);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void row(StringBuilder svg, Outcome outcome, int y) {
    Summary advantage = headline(outcome).orElseThrow();
    String colour = advantage.median() >= 1 ? "#0a7d38" : "#b3261e";
    String metric = outcome.scenario().metrics().get(0);
    append(
        svg,
        "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s: %s</text>%n",
        LABELS - 12,
        y + 4,
        outcome.scenario().title(),
        metric);
    append(
        svg,
        "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>%n"
            + "<circle cx=\"%.1f\" cy=\"%d\" r=\"5\" fill=\"%s\"/>%n",
        x(advantage.min()),
        x(advantage.max()),
        y,
        y,
        colour,
        x(advantage.median()),
        y,
        colour);
  }

  private static Optional<Summary> headline(Outcome outcome) {
    return outcome.advantage(outcome.scenario().metrics().get(0));
  }

  private static double x(double ratio) {
    double bounded = Math.max(LOWEST, Math.min(HIGHEST, ratio));
    double share = Math.log(bounded / LOWEST) / Math.log(HIGHEST / LOWEST);
    return LABELS + share * (WIDTH - LABELS - 20);
  }

  private static void append(StringBuilder svg, String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values));
  }
}
