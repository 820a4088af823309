package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Peer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All figures of one scenario, pair by pair. Not thread-safe. */
final class Outcome {
  private final Scenario scenario;
  private final Map<Peer, List<Run>> figures = new EnumMap<>(Peer.class);

  Outcome(Scenario scenario) {
    this.scenario = scenario;
  }

  Scenario scenario() {
    return scenario;
  }

  /** Adds the run of a peer's next pair. */
  void add(Peer peer, Run ofOnePair) {
    figures.computeIfAbsent(peer, p -> new ArrayList<>()).add(ofOnePair);
  }

  /** The value that a peer reached in a metric. */
  Optional<Summary> summary(Peer peer, String metric) {
    List<Double> reached =
        figures.getOrDefault(peer, List.of()).stream()
            .filter(run -> run.figures().containsKey(metric))
            .map(run -> run.figures().get(metric))
            .toList();
    return reached.isEmpty() ? Optional.empty() : Optional.of(Summary.of(reached));
  }

  /** Whom Tailrace is compared with. */
  Peer baseline() {
    return figures.containsKey(Peer.EARLIER) ? Peer.EARLIER : Peer.KAFKA;
  }

  /** How many times better Tailrace was, pair by pair; above 1 is better in every metric. */
  Optional<Summary> advantage(String metric) {
    if (!Scenario.isCompared(metric)) {
      return Optional.empty();
    }
    List<Run> others = figures.getOrDefault(baseline(), List.of());
    List<Run> tailrace = figures.getOrDefault(Peer.TAILRACE, List.of());
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < Math.min(others.size(), tailrace.size()); i++) {
      Double theirs = others.get(i).figures().get(metric);
      Double ours = tailrace.get(i).figures().get(metric);
      if (theirs != null && ours != null && theirs > 0 && ours > 0) {
        ratios.add(Scenario.moreIsBetter(metric) ? ours / theirs : theirs / ours);
      }
    }
    return ratios.isEmpty() ? Optional.empty() : Optional.of(Summary.of(ratios));
  }

  /** One line for each peer that failed: how often, and the first reason. */
  List<String> failures() {
    List<String> lines = new ArrayList<>();
    figures.forEach(
        (peer, runs) -> {
          List<String> reasons = runs.stream().flatMap(run -> run.failure().stream()).toList();
          if (!reasons.isEmpty()) {
            lines.add(
                String.format(
                    "%s failed in %d of %d runs of \"%s\": %s",
                    peer.title(), reasons.size(), runs.size(), scenario.title(), reasons.get(0)));
          }
        });
    return lines;
  }
}
