package io.tailrace.benchmarks.compare;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.benchmarks.process.Peer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutcomeTest {
  private final Outcome outcome = new Outcome(scenario("records/s", "p99 ms"));

  @Test
  void comparesPairByPairAndNotMedianWithMedian() {
    // The machine is twice as fast in the second pair: the ratios are what stays.
    add(100, 300);
    add(200, 400);
    add(150, 375);
    assertEquals(new Summary(2.5, 2, 3), outcome.advantage("records/s").orElseThrow());
    assertEquals(
        new Summary(150, 100, 200), outcome.summary(Peer.KAFKA, "records/s").orElseThrow());
  }

  @Test
  void doesNotCompareWhatOnlySaysHowItWasMeasured() {
    outcome.add(Peer.KAFKA, Run.of(Map.of(Scenario.UNWRITTEN, 40.0)));
    outcome.add(Peer.TAILRACE, Run.of(Map.of(Scenario.UNWRITTEN, 80.0)));
    assertTrue(outcome.advantage(Scenario.UNWRITTEN).isEmpty());
    assertEquals(80, outcome.summary(Peer.TAILRACE, Scenario.UNWRITTEN).orElseThrow().median());
  }

  @Test
  void aboveOneIsBetterAlsoWhereLessIsBetter() {
    outcome.add(Peer.KAFKA, Run.of(Map.of("p99 ms", 80.0)));
    outcome.add(Peer.TAILRACE, Run.of(Map.of("p99 ms", 20.0)));
    assertEquals(4, outcome.advantage("p99 ms").orElseThrow().median());
  }

  @Test
  void aLossShowsAsALoss() {
    outcome.add(Peer.KAFKA, Run.of(Map.of("p99 ms", 20.0, "records/s", 100.0)));
    outcome.add(Peer.TAILRACE, Run.of(Map.of("p99 ms", 80.0, "records/s", 50.0)));
    assertEquals(0.25, outcome.advantage("p99 ms").orElseThrow().median());
    assertEquals(0.5, outcome.advantage("records/s").orElseThrow().median());
  }

  @Test
  void comparesWithAnEarlierTailraceWhereThereIsOne(@TempDir Path folder) throws Exception {
    outcome.add(Peer.EARLIER, Run.of(Map.of("records/s", 200.0)));
    outcome.add(Peer.TAILRACE, Run.of(Map.of("records/s", 100.0)));
    assertEquals(0.5, outcome.advantage("records/s").orElseThrow().median());
    Path file = folder.resolve("RESULTS.md");
    Report.append(file, Instant.EPOCH, List.of(), List.of(outcome), "c.svg");
    String text = Files.readString(file);
    assertTrue(text.contains("| | Tailrace before | Tailrace | advantage |"), text);
    assertTrue(text.contains("| a test: records/s | 200 | 100 | 0.500 |"), text);
  }

  @Test
  void aFailedRunLeavesItsPairOutAndIsCounted() {
    add(100, 300);
    outcome.add(Peer.KAFKA, Run.failed(Map.of(), "it died"));
    outcome.add(Peer.TAILRACE, Run.of(Map.of("records/s", 1e9)));
    add(100, 200);
    assertEquals(new Summary(2.5, 2, 3), outcome.advantage("records/s").orElseThrow());
    assertEquals(List.of("Kafka failed in 1 of 3 runs of \"a test\": it died"), outcome.failures());
  }

  @Test
  void theReportShowsBothPeersAndTheAdvantage(@TempDir Path folder) throws Exception {
    add(1000, 2500);
    Path file = folder.resolve("RESULTS.md");
    AdvantageChart.write(folder.resolve("c.svg"), List.of(outcome));
    Report.append(file, Instant.EPOCH, List.of("2 cores"), List.of(outcome), "c.svg");
    Report.append(file, Instant.EPOCH, List.of("2 cores"), List.of(outcome), "c.svg");

    String text = Files.readString(file);
    assertTrue(text.contains("| a test: records/s | 1,000 | 2,500 | 2.50 |"), text);
    assertEquals(2, text.split("## 1970-01-01 00:00 UTC", -1).length - 1);
    assertEquals(1, text.split("# Measured side by side", -1).length - 1);
    assertTrue(Files.readString(folder.resolve("c.svg")).contains("a test: records/s"));
  }

  @Test
  void whatWasMeasuredBeforeAFailureIsShownWithTheFailure(@TempDir Path folder) throws Exception {
    outcome.add(Peer.KAFKA, Run.of(Map.of("records/s", 200.0)));
    outcome.add(Peer.TAILRACE, Run.failed(Map.of("records/s", 100.0), "out of descriptors"));
    Path file = folder.resolve("RESULTS.md");
    Report.append(file, Instant.EPOCH, List.of(), List.of(outcome), "c.svg");
    String text = Files.readString(file);
    assertTrue(text.contains("| a test: records/s | 200 | 100 | 0.500 |"), text);
    assertTrue(text.contains("Tailrace failed in 1 of 1 runs"), text);
    assertTrue(text.contains("out of descriptors"), text);
  }

  @Test
  void theMiddleOfAnEvenNumberLiesBetween() {
    assertEquals(new Summary(2.5, 1, 4), Summary.of(List.of(4.0, 1.0, 3.0, 2.0)));
  }

  private void add(double kafka, double tailrace) {
    outcome.add(Peer.KAFKA, Run.of(Map.of("records/s", kafka)));
    outcome.add(Peer.TAILRACE, Run.of(Map.of("records/s", tailrace)));
  }

  private static Scenario scenario(String... metrics) {
    return new Scenario("test", "a test", Scenario.Kind.PRODUCE, Settings.of(), List.of(metrics));
  }
}
