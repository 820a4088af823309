package io.tailrace.benchmarks.chaos;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bin/chaos}. */
@Command(
    name = "chaos",
    description = {
      "Makes faults on a cluster of three brokers of its own, while producers and consumers use it,"
          + " and checks the history of all that they did: no acknowledged record is lost, moved or"
          + " doubled, an offset has one value on all replicas, a failed record is in no log, ends"
          + " and commits never move back, consumers and groups skip nothing, and everything goes"
          + " on after healing.",
      "Exit code 0 when all of that holds. On a violation, the history and the data stay."
    },
    mixinStandardHelpOptions = true)
public final class ChaosCommand implements Callable<Integer> {
  @Option(names = "--minutes", description = "How long faults are made (default ${DEFAULT-VALUE}).")
  private double minutes = 2;

  @Option(
      names = "--faults",
      split = ",",
      description = "Which: ${COMPLETION-CANDIDATES} (default: all).")
  private List<FaultKind> faults = List.of(FaultKind.values());

  @Option(names = "--seed", description = "Repeats the faults of an earlier run.")
  private long seed = System.nanoTime();

  @Option(names = "--partitions", description = "Of the topic (default ${DEFAULT-VALUE}).")
  private int partitions = 6;

  @Option(
      names = "--rate",
      description = "Records per second of each of the producers (default ${DEFAULT-VALUE}).")
  private int recordsPerSecond = 200;

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws InterruptedException, IOException {
    Path directory =
        root.resolve("benchmarks/target/chaos/" + Long.toString(seed, 36)).toAbsolutePath();
    System.out.println("Seed " + seed + ", history in " + ChaosRun.historyIn(directory));
    List<FaultKind> possible = new ArrayList<>(faults);
    String problem =
        faults.stream().anyMatch(FaultKind::needsNetwork) ? NamespaceNetwork.problem() : null;
    if (problem != null) {
      possible.removeIf(FaultKind::needsNetwork);
      System.out.println(
          "Skipped, because network namespaces cannot be made here: partition, oneway ("
              + problem
              + ")");
      if (possible.isEmpty()) {
        return 1;
      }
    }
    List<String> violations =
        new ChaosRun(
                new ChaosRun.Settings(
                    Duration.ofMillis(Math.round(minutes * 60_000)),
                    possible,
                    seed,
                    partitions,
                    recordsPerSecond,
                    root,
                    directory),
                System.out)
            .run();
    violations.forEach(violation -> System.out.println("VIOLATION: " + violation));
    if (violations.isEmpty()) {
      System.out.println("No violations.");
      return 0;
    }
    System.out.println("The data is in " + directory + "; --seed " + seed + " repeats the faults.");
    return 1;
  }
}
