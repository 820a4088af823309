package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.process.Checkout;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.MeasuredCluster;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.ProcessMemory;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.benchmarks.process.WarmMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** Takes one measurement of one peer. Confined to the main thread. */
final class Measuring {
  private static final long CLIENT_TIMEOUT_S = 1800;

  private final Processes processes;
  private final Map<Peer, Checkout> checkouts;
  private final Path workDirectory;
  private final Settings common;
  private final Map<Peer, String> external;
  private final WarmMemory memory;
  private int runs;

  /**
   * @param checkouts where each peer is
   * @param common durations and sizes that hold for all measurements
   * @param external brokers that already run, as {@code host:port}
   * @param memory touched before rates are measured
   */
  Measuring(
      Processes processes,
      Map<Peer, Checkout> checkouts,
      Path workDirectory,
      Settings common,
      Map<Peer, String> external,
      WarmMemory memory) {
    this.processes = processes;
    this.checkouts = checkouts;
    this.workDirectory = workDirectory;
    this.common = common;
    this.external = external;
    this.memory = memory;
  }

  /** Runs to the end, or to the first failure; results measured until then are kept. */
  Run take(Scenario scenario, Peer peer) {
    runs++;
    Map<String, Double> figures = new LinkedHashMap<>();
    try {
      String address = external.get(peer);
      if (address != null) {
        takeElsewhere(scenario, peer, address, figures);
      } else {
        takeHere(scenario, peer, figures);
      }
      return Run.of(figures);
    } catch (RuntimeException e) {
      return Run.failed(figures, String.valueOf(e.getMessage()));
    }
  }

  private void takeHere(Scenario scenario, Peer peer, Map<String, Double> figures) {
    Path directory = workDirectory.resolve(runs + "-" + peer.id());
    Checkout checkout = checkouts.get(peer);
    if (scenario.isReplicated()) {
      try (MeasuredCluster cluster = MeasuredCluster.of(peer, processes, checkout, directory)) {
        cluster.prepare();
        touchMemory(scenario);
        withClient(scenario, peer, cluster.brokers(), figures);
      }
      return;
    }
    try (MeasuredBroker broker = MeasuredBroker.of(peer, processes, checkout, directory)) {
      broker.prepare();
      touchMemory(scenario);
      switch (scenario.kind()) {
        case PRODUCE, REPLAY, LATENCY -> withClient(scenario, peer, List.of(broker), figures);
        case START -> start(scenario, peer, broker, figures);
        case IDLE -> idle(broker, figures);
        case PARTITIONS -> partitions(scenario, peer, broker, figures);
      }
    }
  }

  private void touchMemory(Scenario scenario) {
    if (scenario.kind() == Scenario.Kind.PRODUCE || scenario.kind() == Scenario.Kind.REPLAY) {
      memory.touch(workDirectory.resolve(runs + "-memory.log"));
    }
  }

  private void takeElsewhere(
      Scenario scenario, Peer peer, String address, Map<String, Double> figures) {
    switch (scenario.kind()) {
      case PRODUCE, REPLAY, LATENCY -> {
        int colon = address.lastIndexOf(':');
        Client client =
            client(
                scenario,
                peer,
                address.substring(0, colon),
                Integer.parseInt(address.substring(colon + 1)),
                Settings.of(
                    "touchMiB=0", "topicSuffix=-" + Long.toString(System.currentTimeMillis(), 36)));
        figures.putAll(client.await());
      }
      case START, IDLE, PARTITIONS ->
          throw new IllegalStateException("needs a broker that it can start and stop");
    }
  }

  private void withClient(
      Scenario scenario, Peer peer, List<MeasuredBroker> brokers, Map<String, Double> figures) {
    brokers.forEach(MeasuredBroker::start);
    brokers.forEach(MeasuredBroker::awaitListening);
    Client client = client(scenario, peer, brokers.get(0), Settings.of());
    // Under load, not afterwards: the mappings of a deleted topic are no longer resident.
    double anonMiB = sum(brokers, ProcessMemory::anonMiB);
    while (!processes.ends(client.process, 1)) {
      anonMiB = Math.max(anonMiB, sum(brokers, ProcessMemory::anonMiB));
    }
    figures.putAll(client.await());
    figures.put("broker peak RssAnon MiB", anonMiB);
    figures.put("broker peak VmRSS MiB", sum(brokers, ProcessMemory::peakRssMiB));
  }

  private static double sum(List<MeasuredBroker> brokers, ToDoubleFunction<ProcessMemory> figure) {
    return brokers.stream().map(MeasuredBroker::memory).mapToDouble(figure).sum();
  }

  private void start(
      Scenario scenario, Peer peer, MeasuredBroker broker, Map<String, Double> figures) {
    Client client = client(scenario, peer, broker, Settings.of());
    // The client's own start shall not be part of the broker's.
    MeasuredBroker.pause(1500);
    Instant started = broker.start();
    figures.put("seconds", secondsTo(client.await(), started));
  }

  private void idle(MeasuredBroker broker, Map<String, Double> figures) {
    broker.start();
    broker.awaitListening();
    MeasuredBroker.pause(TimeUnit.SECONDS.toMillis(common.number("idleS")));
    ProcessMemory memory = broker.memory();
    figures.put("RssAnon MiB", memory.anonMiB());
    figures.put("VmRSS MiB", memory.rssMiB());
  }

  private void partitions(
      Scenario scenario, Peer peer, MeasuredBroker broker, Map<String, Double> figures) {
    long settleMs = TimeUnit.SECONDS.toMillis(common.number("idleS")) / 4;
    broker.start();
    broker.awaitListening();
    MeasuredBroker.pause(settleMs);
    ProcessMemory before = broker.memory();
    Settings create = Settings.of("create=yes");
    Settings touch = Settings.of("create=no");
    figures.put(
        "create and write all s", client(scenario, peer, broker, create).await().get("seconds"));
    MeasuredBroker.pause(settleMs);
    ProcessMemory after = broker.memory();
    figures.put("added RssAnon MiB", after.anonMiB() - before.anonMiB());
    figures.put("added VmRSS MiB", after.rssMiB() - before.rssMiB());
    figures.put("descriptors", (double) after.descriptors());
    figures.put("maps", (double) after.maps());

    long stopping = System.nanoTime();
    broker.stop();
    figures.put("stop s", (System.nanoTime() - stopping) / 1e9);
    Instant restarted = broker.start();
    broker.awaitListening();
    figures.put(
        "restart and write all s",
        secondsTo(client(scenario, peer, broker, touch).await(), restarted));

    broker.kill();
    Instant revived = broker.start();
    broker.awaitListening();
    figures.put(
        "restart after kill and write all s",
        secondsTo(client(scenario, peer, broker, touch).await(), revived));
  }

  private static double secondsTo(Map<String, Double> figures, Instant since) {
    return (figures.get("acknowledged at us") - ChronoUnit.MICROS.between(Instant.EPOCH, since))
        / 1e6;
  }

  private Client client(Scenario scenario, Peer peer, MeasuredBroker broker, Settings more) {
    return client(scenario, peer, MeasuredBroker.HOST, broker.port(), more);
  }

  private Client client(Scenario scenario, Peer peer, String host, int port, Settings more) {
    Path output = workDirectory.resolve(runs + "-" + peer.id() + "-client.log");
    List<String> command = checkouts.get(peer).client(peer, ClientMain.class);
    command.addAll(
        List.of(peer.library().id(), host, Integer.toString(port), scenario.kind().work()));
    command.addAll(common.and(scenario.settings()).and(more).assignments());
    try {
      Files.deleteIfExists(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Client(processes.start(command, Map.of(), output), output);
  }

  /** A running client process. */
  private final class Client {
    private final Process process;
    private final Path output;

    Client(Process process, Path output) {
      this.process = process;
      this.output = output;
    }

    Map<String, Double> await() {
      if (!processes.ends(process, CLIENT_TIMEOUT_S)) {
        processes.kill(process);
        throw new IllegalStateException("the client did not end; see " + output);
      }
      if (process.exitValue() != 0) {
        throw new IllegalStateException("the client failed; see " + output);
      }
      Map<String, Double> figures = new LinkedHashMap<>();
      try (Stream<String> lines = Files.lines(output)) {
        lines
            .filter(line -> line.startsWith(ClientMain.RESULT))
            .map(line -> line.substring(ClientMain.RESULT.length()))
            .forEach(
                line -> {
                  int space = line.indexOf(' ');
                  figures.put(line.substring(space + 1), Double.valueOf(line.substring(0, space)));
                });
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return figures;
    }
  }
}
