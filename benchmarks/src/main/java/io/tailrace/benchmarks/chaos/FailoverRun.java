package io.tailrace.benchmarks.chaos;

import io.tailrace.benchmarks.history.HistoryChecker;
import io.tailrace.benchmarks.history.HistoryFile;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.client.BrokerDescription;
import io.tailrace.client.ClusterDescription;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Takes a leader away again and again while one producer sends, and measures the longest time that
 * a partition acknowledges nothing. Confined to one thread.
 */
final class FailoverRun {
  private static final int BROKERS = 3;
  private static final int ZOOKEEPER = -1;

  /** How long the load runs undisturbed before each fault. */
  private static final int CALM_MS = 1_000;

  /** How long a fault goes on after all partitions acknowledge again. */
  private static final int LINGER_MS = 500;

  /** How long it takes at most until all sessions with ZooKeeper have expired or gone on. */
  private static final int SETTLING_MS = 10_000;

  /** Which broker is taken away, and how. */
  enum Kind {
    /** {@code kill -9} of a broker that is not the controller. */
    KILL,
    /** {@code kill -9} of the controller. */
    CONTROLLER,
    /** SIGSTOP of any broker. */
    PAUSE,
    /** Any broker is stopped in order and started again. */
    RESTART,
    /** ZooKeeper is killed, or frozen in every other round, and comes back after a while. */
    ZOOKEEPER
  }

  /**
   * What to run.
   *
   * @param rounds how many times a broker is taken away
   * @param away how long ZooKeeper is away
   * @param recordsPerSecond to all partitions together
   * @param root of the checkout
   * @param directory a new one, for the history and all data
   */
  record Settings(
      Kind kind,
      int rounds,
      long seed,
      Duration away,
      int partitions,
      int recordsPerSecond,
      Path root,
      Path directory) {}

  /**
   * One round.
   *
   * @param broker which was taken away; -1 = ZooKeeper
   * @param controller whether that was the controller
   * @param gapMs the longest time that a partition acknowledged nothing
   * @param ledMs when the metadata named another leader for every partition, since the fault; 0
   *     after a restart, and for ZooKeeper
   * @param acknowledgedMs when every partition had acknowledged a record that was sent after the
   *     fault, since the fault; 0 after a restart, and for ZooKeeper
   */
  record Round(int broker, boolean controller, long gapMs, long ledMs, long acknowledgedMs) {}

  /**
   * All rounds.
   *
   * @param violations of the history
   */
  record Result(List<Round> rounds, List<String> violations) {}

  private final Settings settings;
  private final PrintStream out;
  private final SplittableRandom random;
  private final List<Round> rounds = new ArrayList<>();

  FailoverRun(Settings settings, PrintStream out) {
    this.settings = settings;
    this.out = out;
    this.random = new SplittableRandom(settings.seed());
  }

  Result run() throws InterruptedException {
    Path historyFile = ChaosRun.historyIn(settings.directory());
    Load.Shape shape =
        new Load.Shape(
            "failover",
            settings.partitions(),
            settings.recordsPerSecond(),
            0,
            List.of(Duration.ofMinutes(2)),
            List.of());
    try (HistoryFile history = new HistoryFile(historyFile);
        ClusterNetwork network = new LoopbackNetwork();
        TestedCluster cluster =
            new TestedCluster(network, BROKERS, settings.root(), settings.directory(), List.of())) {
      cluster.start();
      try (TailraceClient observer = TailraceClient.connect(cluster.bootstrap())) {
        Patience.create(observer.admin(), shape.toCreate());
        FinalState state = new FinalState(observer, new Recorder(history, "observer"), shape);
        try (Load load = new Load(cluster.bootstrap(), history, shape, random.split())) {
          load.start();
          for (int i = 1; i <= settings.rounds(); i++) {
            rounds.add(round(cluster, observer, state, load.acknowledgements()));
            report(i);
          }
          state.note(load);
        }
      }
    } catch (IllegalStateException | CompletionException e) {
      return new Result(rounds, List.of("the run could not be finished: " + e.getMessage()));
    }
    return new Result(rounds, HistoryChecker.check(historyFile));
  }

  private Round round(
      TestedCluster cluster,
      TailraceClient observer,
      FinalState state,
      Acknowledgements acknowledgements) {
    Patience.await("all replicas to be in sync", () -> state.outOfSync().isEmpty());
    spreadLeaders(observer);
    acknowledgements.markNow();
    Patience.await("every partition to acknowledge", acknowledgements::allSince);
    MeasuredBroker.pause(CALM_MS);
    int controller = controller(observer);
    int victim = victim(controller);
    ServerProcess broker = victim < 0 ? cluster.zookeeper() : cluster.broker(victim);
    acknowledgements.takeLongestGapMs();
    long ledMs = 0;
    long acknowledgedMs = 0;
    switch (settings.kind()) {
      case KILL, CONTROLLER, PAUSE -> {
        long start = System.nanoTime();
        if (settings.kind() == Kind.PAUSE) {
          broker.pause();
        } else {
          broker.kill();
        }
        acknowledgements.markNow();
        Patience.await("other leaders", () -> state.areAllLedWithout(victim));
        ledMs = msSince(start);
        Patience.await("all partitions to acknowledge again", acknowledgements::allSince);
        acknowledgedMs = Math.max(ledMs, msSince(start));
        MeasuredBroker.pause(LINGER_MS);
      }
      case RESTART -> {
        broker.stop();
        broker.start();
        broker.awaitServing();
        Patience.await("the broker to be in sync again", () -> state.outOfSync().isEmpty());
      }
      case ZOOKEEPER -> {
        if (rounds.size() % 2 == 0) {
          broker.kill();
        } else {
          broker.pause();
        }
        MeasuredBroker.pause(settings.away().toMillis());
        cluster.heal();
        MeasuredBroker.pause(SETTLING_MS);
        acknowledgements.markNow();
        Patience.await("all partitions to acknowledge again", acknowledgements::allSince);
      }
    }
    long gapMs = acknowledgements.takeLongestGapMs();
    cluster.heal();
    return new Round(victim, victim == controller, gapMs, ledMs, acknowledgedMs);
  }

  private static long msSince(long startNanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
  }

  /** Each broker leads some partitions, so that every one that is taken away is missed. */
  private static void spreadLeaders(TailraceClient observer) {
    Patience.await(
        "the preferred leaders",
        () -> {
          try {
            observer.admin().electPreferredLeaders("").join();
            return true;
          } catch (CompletionException e) {
            if (TailraceException.of(e).retriable()) {
              return false;
            }
            throw e;
          }
        });
  }

  private static int controller(TailraceClient observer) {
    List<Integer> found = new ArrayList<>();
    Patience.await(
        "a controller",
        () -> {
          ClusterDescription cluster = observer.admin().describeCluster().join();
          List<Integer> alive = cluster.brokers().stream().map(BrokerDescription::id).toList();
          cluster.controller().stream().filter(alive::contains).forEach(found::add);
          return !found.isEmpty() && alive.size() == BROKERS;
        });
    return found.get(found.size() - 1);
  }

  private int victim(int controller) {
    return switch (settings.kind()) {
      case CONTROLLER -> controller;
      case KILL -> (controller + 1 + random.nextInt(BROKERS - 1)) % BROKERS;
      case PAUSE, RESTART -> random.nextInt(BROKERS);
      case ZOOKEEPER -> ZOOKEEPER;
    };
  }

  private void report(int number) {
    Round round = rounds.get(number - 1);
    out.printf(
        Locale.ROOT,
        "round %d: %s%s, longest gap %,d ms%s%n",
        number,
        round.broker() == ZOOKEEPER ? "ZooKeeper" : "broker " + round.broker(),
        round.controller() ? " (the controller)" : "",
        round.gapMs(),
        round.ledMs() == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ", all led after %,d ms, all acknowledged after %,d ms",
                round.ledMs(),
                round.acknowledgedMs()));
  }
}
