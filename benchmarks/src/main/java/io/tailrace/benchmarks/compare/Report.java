package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Peer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;

/** Writes a Markdown section about a comparison. Stateless. */
final class Report {
  private static final DateTimeFormatter TITLE =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'").withZone(ZoneOffset.UTC);

  private Report() {}

  /**
   * Appends a section.
   *
   * @param facts about machine, versions and settings, one line each
   * @param chart the file name of the chart, beside the report
   */
  static void append(
      Path file, Instant when, List<String> facts, List<Outcome> outcomes, String chart) {
    StringBuilder text = new StringBuilder();
    if (!Files.exists(file)) {
      text.append("# Measured side by side\n\nWritten by `bin/bench compare`, newest last.\n");
    }
    text.append("\n## ").append(TITLE.format(when)).append("\n\n");
    facts.forEach(fact -> text.append("- ").append(fact).append('\n'));
    text.append(
        """

        Medians [min..max]. The advantage is the median of the ratios of each pair; above 1 means \
        that Tailrace is better, in rates as in times and bytes.

        | | %s | Tailrace | advantage |
        |---|---|---|---|
        """
            .formatted(
                outcomes.stream()
                    .map(outcome -> outcome.baseline().title())
                    .findFirst()
                    .orElse(Peer.KAFKA.title())));
    for (Outcome outcome : outcomes) {
      for (String metric : outcome.scenario().metrics()) {
        row(text, outcome, metric);
      }
    }
    List<String> failures =
        outcomes.stream().flatMap(outcome -> outcome.failures().stream()).toList();
    if (!failures.isEmpty()) {
      text.append("\nWhat failed; the figures above it are those of the steps before:\n\n");
      failures.forEach(failure -> text.append("- ").append(failure).append('\n'));
    }
    if (outcomes.stream().anyMatch(outcome -> outcome.advantage(metric(outcome)).isPresent())) {
      text.append("\n![advantage](").append(chart).append(")\n");
    }
    try {
      Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String metric(Outcome outcome) {
    return outcome.scenario().metrics().get(0);
  }

  private static void row(StringBuilder text, Outcome outcome, String metric) {
    Optional<Summary> other = outcome.summary(outcome.baseline(), metric);
    Optional<Summary> tailrace = outcome.summary(Peer.TAILRACE, metric);
    if (other.isEmpty() && tailrace.isEmpty()) {
      return;
    }
    text.append("| ")
        .append(outcome.scenario().title())
        .append(": ")
        .append(metric)
        .append(" | ")
        .append(other.map(Summary::forPeople).orElse("-"))
        .append(" | ")
        .append(tailrace.map(Summary::forPeople).orElse("-"))
        .append(" | ")
        .append(outcome.advantage(metric).map(Summary::forPeople).orElse("-"))
        .append(" |\n");
  }
}
