package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.Action;
import io.tailrace.benchmarks.history.HistoryChecker;
import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.benchmarks.history.Operation;
import io.tailrace.benchmarks.history.Phase;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One run: a cluster, clients that use it, faults for a while, healing, and the check of the
 * history. Confined to one thread.
 */
public final class ChaosRun {
  private static final String TOPIC = "chaos";
  private static final int BROKERS = 3;

  /** Small, so that segments roll and are read while sealed. */
  private static final int SEGMENT_BYTES = 1 << 20;

  private static final int MAX_MESSAGE_BYTES = 64 << 10;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

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
  private final List<String> violations = new ArrayList<>();

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
    try (HistoryFile history = new HistoryFile(historyFile);
        ClusterNetwork network = network();
        TestedCluster cluster =
            new TestedCluster(network, BROKERS, settings.root(), settings.directory(), List.of())) {
      cluster.start();
      try (TailraceClient observer = TailraceClient.connect(cluster.bootstrap())) {
        observer
            .admin()
            .createTopic(
                Topic.named(TOPIC)
                    .partitions(settings.partitions())
                    .config("segment.bytes", Integer.toString(SEGMENT_BYTES))
                    .config("max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES)))
            .join();
        Recorder recorder = new Recorder(history, "observer");
        try (Load load = load(cluster, history)) {
          load.start();
          injectFaults(new FaultInjector(cluster, network, recorder), load);
          heal(cluster, load, recorder);
          FinalState state = new FinalState(observer, recorder, TOPIC);
          drain(load, state);
        }
      }
    }
    violations.addAll(HistoryChecker.check(historyFile));
    return List.copyOf(violations);
  }

  private Load load(TestedCluster cluster, HistoryFile history) {
    return new Load(
        cluster.bootstrap(),
        history,
        new Load.Shape(
            TOPIC, settings.partitions(), settings.recordsPerSecond(), MAX_MESSAGE_BYTES),
        new SplittableRandom(settings.seed()));
  }

  private ClusterNetwork network() {
    return settings.kinds().stream().anyMatch(FaultKind::needsNetwork)
        ? new NamespaceNetwork(BROKERS)
        : new LoopbackNetwork();
  }

  private void injectFaults(FaultInjector injector, Load load) throws InterruptedException {
    FaultSchedule schedule = new FaultSchedule(settings.seed(), settings.kinds(), BROKERS);
    await("records to be acknowledged", () -> load.acknowledgements().count() > 0);
    load.acknowledgements().takeLongestGapMs();
    long start = System.nanoTime();
    long end = start + settings.length().toNanos();
    while (System.nanoTime() < end) {
      PlannedFault fault = schedule.next();
      Thread.sleep(fault.calmMs());
      long atMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      injector.inject(fault);
      out.printf(
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

  private void heal(TestedCluster cluster, Load load, Recorder recorder) {
    cluster.heal();
    recorder.took(Operation.of(recorder.client(), Phase.OK, Action.HEAL));
    load.acknowledgements().heal();
    tryAwait(load.acknowledgements()::allHealed);
  }

  private void drain(Load load, FinalState state) throws InterruptedException {
    load.finishSending();
    tryAwait(() -> state.outOfSync(settings.partitions()).isEmpty());
    Set<Integer> behind = state.outOfSync(settings.partitions());
    state.noteSync(settings.partitions(), behind);
    Map<TopicPartition, Long> ends = state.ends();
    tryAwait(() -> load.consumedUpTo(ends));
    load.finishReading();
    state.noteRecords();
    state.noteReplicas();
    out.printf("%,d records acknowledged.%n", load.acknowledgements().count());
  }

  /** Waits for something that the history shows, whether it comes or not. */
  private static boolean tryAwait(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      MeasuredBroker.pause(50);
    }
    return true;
  }

  private static void await(String what, BooleanSupplier condition) {
    if (!tryAwait(condition)) {
      throw new IllegalStateException("waited in vain for " + what);
    }
  }
}
