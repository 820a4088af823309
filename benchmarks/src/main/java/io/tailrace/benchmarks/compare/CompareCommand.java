package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Checkout;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.benchmarks.process.WarmMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench compare}. */
@Command(
    name = "compare",
    description = {
      "Compares Tailrace with Kafka, or with an earlier Tailrace, side by side on this machine.",
      "Every measurement has a fresh broker process, a fresh client process and a warm-up; the"
          + " peers take turns. Nothing else should run meanwhile."
    },
    mixinStandardHelpOptions = true)
public final class CompareCommand implements Callable<Integer> {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  @Option(
      names = "--works",
      split = ",",
      paramLabel = "NAME",
      description = "Only these works, or all below a name such as produce/1KiB; see --list.")
  private List<String> works = List.of("");

  @Option(names = "--list", description = "Lists the works and ends.")
  private boolean list;

  @Option(
      names = "--peers",
      split = ",",
      paramLabel = "PEER",
      description = "kafka, earlier, tailrace; default kafka,tailrace.")
  private List<String> peers;

  @Option(
      names = "--earlier",
      paramLabel = "CHECKOUT",
      description =
          "Compares with the Tailrace of another checkout, which its own bin/bench has built,"
              + " instead of Kafka.")
  private Path earlier;

  @Option(
      names = "--replicated",
      description =
          "On three brokers of each peer: three replicas, two in sync at least; producing and"
              + " latency.")
  private boolean replicated;

  @Option(names = "--pairs", description = "Measurements of each peer and work (default 5).")
  private Integer pairs;

  @Option(names = "--warmup", paramLabel = "SECONDS", description = "Default 15.")
  private Integer warmupS;

  @Option(names = "--duration", paramLabel = "SECONDS", description = "Default 20.")
  private Integer measureS;

  @Option(names = "--idle", paramLabel = "SECONDS", description = "Before memory is read; 60.")
  private Integer idleS;

  @Option(
      names = "--quick",
      description = "A crude first look of some minutes: one pair, few works, short times.")
  private boolean quick;

  @Option(
      names = "--tailrace",
      paramLabel = "HOST:PORT",
      description = "A Tailrace broker that already runs.")
  private String tailrace;

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = "A Kafka broker that already runs.")
  private String kafka;

  @Option(
      names = "--touch-mib",
      paramLabel = "MIB",
      description = {
        "Free memory that is touched before each rate is measured, so that no peer waits for the"
            + " host of a virtual machine to give it; 0 = none. Usually 60 %% of what is available."
      })
  private Long touchMiB;

  @Option(names = "--broker-heap", paramLabel = "SIZE", description = "Of both brokers; 1g.")
  private String brokerHeap = "1g";

  @Option(names = "--client-heap", paramLabel = "SIZE", description = "Of both clients; 1g.")
  private String clientHeap = "1g";

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description =
          "The Markdown file that gets a new section (default"
              + " benchmarks/target/compare/report.md).")
  private Path report;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "For data and logs of the brokers (default benchmarks/target/compare).")
  private Path directory;

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() {
    List<Scenario> all = replicated ? Scenario.replicated() : Scenario.all();
    List<Scenario> chosen = all.stream().filter(this::isChosen).toList();
    if (list || chosen.isEmpty()) {
      all.forEach(s -> System.out.printf("%-26s %s%n", s.id(), s.title()));
      return list ? 0 : 2;
    }
    Instant when = Instant.now();
    Path work =
        (directory == null ? root.resolve("benchmarks/target/compare") : directory)
            .toAbsolutePath()
            .resolve(STAMP.format(when));
    Checkout checkout = Checkout.at(root, brokerHeap, clientHeap);
    long touched = touchMiB == null ? WarmMemory.usualMebibytes() : touchMiB;
    Settings common =
        Settings.of(
            "warmupS=" + or(warmupS, quick ? 4 : 15),
            "measureS=" + or(measureS, quick ? 5 : 20),
            "idleS=" + or(idleS, quick ? 10 : 60),
            "replayMiB=" + (quick ? 256 : 1024),
            "touchMiB=" + touched,
            "topicSuffix=");
    Map<Peer, String> external = new EnumMap<>(Peer.class);
    Optional.ofNullable(kafka).ifPresent(address -> external.put(Peer.KAFKA, address));
    Optional.ofNullable(tailrace).ifPresent(address -> external.put(Peer.TAILRACE, address));
    Map<Peer, Checkout> checkouts = new EnumMap<>(Peer.class);
    checkouts.put(Peer.KAFKA, checkout);
    checkouts.put(Peer.TAILRACE, checkout);
    if (earlier != null) {
      checkouts.put(Peer.EARLIER, Checkout.at(earlier, brokerHeap, clientHeap));
    }
    if (!checkouts.keySet().containsAll(measured())) {
      throw new IllegalArgumentException("--peers earlier needs --earlier CHECKOUT");
    }
    Processes processes = new Processes();
    Measuring measuring =
        new Measuring(
            processes, checkouts, work, common, external, new WarmMemory(processes, touched));
    List<Outcome> outcomes = measureAll(chosen, measuring, work);
    publish(when, checkout, common, external, outcomes);
    return outcomes.stream().allMatch(outcome -> outcome.failures().isEmpty()) ? 0 : 1;
  }

  private boolean isChosen(Scenario scenario) {
    if (quick && works.equals(List.of(""))) {
      return List.of(
              "produce/1KiB/1p/default",
              "produce/1KiB/1p/tuned",
              "produce/100B/1p/tuned",
              "replay/1KiB",
              "latency/1KiB",
              "start",
              "idle")
          .contains(scenario.id());
    }
    return works.stream()
        .anyMatch(
            work ->
                work.isEmpty()
                    || scenario.id().equals(work)
                    || scenario.id().startsWith(work + "/"));
  }

  private List<Peer> measured() {
    return peers == null
        ? List.of(earlier == null ? Peer.KAFKA : Peer.EARLIER, Peer.TAILRACE)
        : peers.stream().map(Peer::of).toList();
  }

  /** Work by work, so that a pair is close in time; who begins alternates. */
  private List<Outcome> measureAll(List<Scenario> chosen, Measuring measuring, Path work) {
    List<Peer> inOrder = measured();
    int count = or(pairs, quick ? 1 : 5);
    List<Outcome> outcomes = new ArrayList<>();
    for (Scenario scenario : chosen) {
      Outcome outcome = new Outcome(scenario);
      outcomes.add(outcome);
      System.out.println(scenario.title());
      for (int pair = 0; pair < count; pair++) {
        for (int i = 0; i < inOrder.size(); i++) {
          Peer peer = inOrder.get(pair % 2 == 0 ? i : inOrder.size() - 1 - i);
          Run run = measuring.take(scenario, peer);
          outcome.add(peer, run);
          print(scenario, peer, run);
          record(work, scenario, peer, run.figures());
        }
      }
    }
    return outcomes;
  }

  private static void print(Scenario scenario, Peer peer, Run run) {
    System.out.printf("  %-15s", peer.title());
    scenario.metrics().stream()
        .filter(run.figures()::containsKey)
        .forEach(
            metric ->
                System.out.printf("%s %s   ", Summary.shorten(run.figures().get(metric)), metric));
    System.out.println();
    run.failure().ifPresent(reason -> System.out.println("    FAILED: " + reason));
  }

  /** Keeps the raw figures, one line each, beside the logs. */
  private static void record(Path work, Scenario scenario, Peer peer, Map<String, Double> figures) {
    StringBuilder lines = new StringBuilder();
    figures.forEach(
        (metric, figure) ->
            lines
                .append(String.join(",", scenario.id(), peer.id(), metric, figure.toString()))
                .append('\n'));
    try {
      Files.writeString(
          work.resolve("figures.csv"), lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void publish(
      Instant when,
      Checkout checkout,
      Settings common,
      Map<Peer, String> external,
      List<Outcome> outcomes) {
    Path file = report == null ? root.resolve("benchmarks/target/compare/report.md") : report;
    List<String> facts = new ArrayList<>(Machine.facts(root));
    if (earlier != null) {
      facts.add("Tailrace before: commit " + Machine.commit(earlier));
    }
    facts.add(
        "Brokers -Xmx"
            + checkout.brokerHeap()
            + ", clients -Xmx"
            + checkout.clientHeap()
            + (replicated
                ? "; three brokers, replication factor 3, two replicas in sync at least"
                : "; replication factor 1")
            + ", acks=all, no compression, noise as data, no fsync before"
            + " the acknowledgement (the default of both); client and broker share the machine");
    facts.add(
        "Pairs "
            + or(pairs, quick ? 1 : 5)
            + "; "
            + common.and("topicSuffix", "-")
            + (external.isEmpty() ? "" : "; already running: " + external));
    // To the minute, so that no run takes another's place.
    String minute = when.toString().substring(0, 16).replace('T', '-').replace(":", "");
    String chart = "results-" + minute + ".svg";
    Path folder = file.toAbsolutePath().getParent();
    if (outcomes.stream().anyMatch(o -> o.advantage(o.scenario().metrics().get(0)).isPresent())) {
      AdvantageChart.write(folder.resolve(chart), outcomes);
    }
    Report.append(file, when, facts, outcomes, chart);
    System.out.println("Appended to " + file);
  }

  private static int or(Integer chosen, int otherwise) {
    return chosen == null ? otherwise : chosen;
  }
}
