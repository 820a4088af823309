package io.tailrace.benchmarks.chaos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench failover}. */
@Command(
    name = "failover",
    description = {
      "Takes brokers of a cluster of three away, one at a time, while a producer with acks=all"
          + " sends to partitions of which two replicas must be in sync, and measures the longest"
          + " time that a partition acknowledges nothing. In the end the history is checked as by"
          + " bin/chaos: nothing is lost, doubled or moved, and replicas are equal.",
      "kill takes a broker that is not the controller, controller the one that is; pause and"
          + " restart take any; zookeeper takes ZooKeeper away, and no broker. Exit code 0 when"
          + " the history holds."
    },
    mixinStandardHelpOptions = true)
public final class FailoverCommand implements Callable<Integer> {
  @Option(
      names = "--kind",
      required = true,
      description = "How: ${COMPLETION-CANDIDATES}, in any case.")
  private FailoverRun.Kind kind;

  @Option(names = "--rounds", description = "How many times (default ${DEFAULT-VALUE}).")
  private int rounds = 20;

  @Option(names = "--seed", description = "Repeats the choice of brokers of an earlier run.")
  private long seed = System.nanoTime();

  @Option(
      names = "--away",
      description = "For how many seconds ZooKeeper is away (default ${DEFAULT-VALUE}).")
  private int awaySeconds = 20;

  @Option(names = "--partitions", description = "Of the topic (default ${DEFAULT-VALUE}).")
  private int partitions = 6;

  @Option(names = "--rate", description = "Records per second (default ${DEFAULT-VALUE}).")
  private int recordsPerSecond = 1_200;

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws InterruptedException {
    Path directory =
        root.resolve("benchmarks/target/failover/" + Long.toString(seed, 36)).toAbsolutePath();
    System.out.println("Seed " + seed + ", history in " + ChaosRun.historyIn(directory));
    FailoverRun.Result result =
        new FailoverRun(
                new FailoverRun.Settings(
                    kind,
                    rounds,
                    seed,
                    Duration.ofSeconds(awaySeconds),
                    partitions,
                    recordsPerSecond,
                    root,
                    directory),
                System.out)
            .run();
    summarize("controller", result, FailoverRun.Round::controller);
    summarize("not the controller", result, round -> !round.controller());
    result.violations().forEach(violation -> System.out.println("VIOLATION: " + violation));
    System.out.println(
        result.violations().isEmpty()
            ? "Nothing was lost, doubled or moved; the replicas are equal."
            : "The data is in " + directory);
    return result.violations().isEmpty() ? 0 : 1;
  }

  private static void summarize(
      String what, FailoverRun.Result result, Predicate<FailoverRun.Round> which) {
    List<Long> gaps =
        result.rounds().stream().filter(which).map(FailoverRun.Round::gapMs).sorted().toList();
    if (!gaps.isEmpty()) {
      System.out.printf(
          Locale.ROOT,
          "%s: %d rounds, longest gap %,d ms median, %,d ms worst%n",
          what,
          gaps.size(),
          gaps.get(gaps.size() / 2),
          gaps.get(gaps.size() - 1));
    }
  }
}
