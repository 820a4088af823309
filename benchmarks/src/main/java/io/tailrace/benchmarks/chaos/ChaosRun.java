package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.HistoryChecker;
import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.client.TailraceClient;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One run: a cluster, clients that use it, faults for a while, healing, and the check of the
 * history. Confined to one thread.
 */
public final class ChaosRun {
  private static final String TOPIC = "chaos";
  private static final int BROKERS = 3;

  /** One record of so many is larger than the topic allows. */
  private static final int REFUSED = 300;

  private static final List<Duration> PATIENCE =
      List.of(Duration.ofSeconds(2), Duration.ofSeconds(10), Duration.ofMinutes(2));

  /** The last member of the group leaves and joins again all the time. */
  private static final List<Duration> STAYS =
      List.of(Duration.ofDays(1), Duration.ofDays(1), Duration.ofSeconds(4));

  /**
   * What to run.
   *
   * @param length how long faults are made
   * @param kinds which kinds
   * @param seed decides on the faults and their times
   * @param recordsPerSecond of each producer
   * @param root of the checkout
   * @param directory a new one, for the history and all data
   */
  public record Settings(
      Duration length,
      List<FaultKind> kinds,
      long seed,
      int partitions,
      int recordsPerSecond,
      Path root,
      Path directory) {}

  private final Settings settings;
  private final PrintStream out;

  /**
   * A run.
   *
   * @param out where it says what it does
   */
  public ChaosRun(Settings settings, PrintStream out) {
    this.settings = settings;
    this.out = out;
  }

  /** Where the history is. */
  public static Path historyIn(Path directory) {
    return directory.resolve("history.jsonl");
  }

  /** Runs, and returns what is wrong: nothing, when all is well. */
  public List<String> run() throws InterruptedException {
    Path historyFile = historyIn(settings.directory());
    Load.Shape shape =
        new Load.Shape(
            TOPIC, settings.partitions(), settings.recordsPerSecond(), REFUSED, PATIENCE, STAYS);
    try (HistoryFile history = new HistoryFile(historyFile);
        ClusterNetwork network = network();
        TestedCluster cluster =
            new TestedCluster(network, BROKERS, settings.root(), settings.directory(), List.of())) {
      cluster.start();
      try (TailraceClient observer = TailraceClient.connect(cluster.bootstrap())) {
        Patience.create(observer.admin(), shape.toCreate());
        Recorder recorder = new Recorder(history, "observer");
        try (Load load =
            new Load(cluster.bootstrap(), history, shape, new SplittableRandom(settings.seed()))) {
          load.start();
          injectFaults(new FaultInjector(cluster, network, recorder), load);
          cluster.heal();
          new FinalState(observer, recorder, shape).note(load);
          out.printf(Locale.ROOT, "%,d records acknowledged.%n", load.acknowledgements().count());
        }
      }
    } catch (IllegalStateException | CompletionException e) {
      return List.of("the run could not be finished: " + e.getMessage());
    }
    return HistoryChecker.check(historyFile);
  }

  private ClusterNetwork network() {
    return settings.kinds().stream().anyMatch(FaultKind::needsNetwork)
        ? new NamespaceNetwork(BROKERS)
        : new LoopbackNetwork();
  }

  private void injectFaults(FaultInjector injector, Load load) throws InterruptedException {
    FaultSchedule schedule = new FaultSchedule(settings.seed(), settings.kinds(), BROKERS);
    Patience.await("every partition to acknowledge", load.acknowledgements()::allSince);
    load.acknowledgements().takeLongestGapMs();
    long start = System.nanoTime();
    long end = start + settings.length().toNanos();
    while (System.nanoTime() < end) {
      PlannedFault fault = schedule.next();
      Thread.sleep(fault.calmMs());
      long atMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      injector.inject(fault);
      out.printf(
          Locale.ROOT,
          "%7.1f s: %s for %.1f s; %,d records acknowledged, longest gap %,d ms%n",
          atMs / 1e3,
          Stream.concat(Stream.of(fault), fault.meanwhile().stream())
              .map(PlannedFault::describe)
              .collect(Collectors.joining(", meanwhile ")),
          (System.nanoTime() - start) / 1e9 - atMs / 1e3,
          load.acknowledgements().count(),
          load.acknowledgements().takeLongestGapMs());
    }
    out.println("Faults: " + injector.done());
  }
}
