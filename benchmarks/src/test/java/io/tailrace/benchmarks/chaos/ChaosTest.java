package io.tailrace.benchmarks.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two minutes of {@code bin/chaos}. Its length in seconds is {@code -Dchaos.seconds}, its seed
 * {@code -Dchaos.seed}; without one it takes a fresh seed, which the failure names.
 */
class ChaosTest {
  private static final int SECONDS = Integer.getInteger("chaos.seconds", 120);

  @TempDir Path directory;

  @Test
  void aClusterUnderFaultsKeepsItsPromises() throws InterruptedException {
    long seed = Long.getLong("chaos.seed", System.nanoTime());
    List<String> violations =
        new ChaosRun(
                new ChaosRun.Settings(
                    Duration.ofSeconds(SECONDS),
                    kinds(),
                    seed,
                    6,
                    100,
                    Path.of("..").toAbsolutePath().normalize(),
                    directory),
                System.out)
            .run();
    assertEquals(List.of(), violations, "seed " + seed);
    List<Operation> faults = new ArrayList<>();
    List<Operation> acknowledged = new ArrayList<>();
    HistoryFile.read(
        ChaosRun.historyIn(directory),
        operation -> {
          if (operation.action() == Action.FAULT) {
            faults.add(operation);
          } else if (operation.action() == Action.SEND && operation.phase() == Phase.OK) {
            acknowledged.add(operation);
          }
        });
    assertTrue(!faults.isEmpty() && !acknowledged.isEmpty(), "the run did nothing");
  }

  private static List<FaultKind> kinds() {
    String problem = NamespaceNetwork.problem();
    if (problem == null) {
      return List.of(FaultKind.values());
    }
    System.out.println("ChaosTest skips faults of the network: " + problem);
    return Stream.of(FaultKind.values()).filter(kind -> !kind.needsNetwork()).toList();
  }
}
