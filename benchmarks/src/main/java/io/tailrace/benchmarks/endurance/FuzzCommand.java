package io.tailrace.benchmarks.endurance;

import io.tailrace.benchmarks.process.Checkout;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.ProcessMemory;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.client.Topic;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench fuzz}. */
@Command(
    name = "fuzz",
    description = {
      "Attacks a broker of its own with mutated frames, and checks that it lives.",
      "A well-behaved client writes and reads meanwhile: it must lose nothing and see nothing"
          + " twice or out of order, also across the broker's restart at the end. Exit code 0 when"
          + " all that held."
    },
    mixinStandardHelpOptions = true)
public final class FuzzCommand implements Callable<Integer> {
  @Option(names = "--minutes", description = "How long (default ${DEFAULT-VALUE}).")
  private double minutes = 5;

  @Option(names = "--attackers", description = "Threads that attack (${DEFAULT-VALUE}).")
  private int attackers = 2;

  @Option(names = "--seed", description = "Repeats what an earlier run sent.")
  private long seed = System.nanoTime();

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws InterruptedException, IOException {
    System.out.println("Seed " + seed);
    Path directory =
        root.resolve("benchmarks/target/fuzz/" + Long.toString(seed, 36)).toAbsolutePath();
    try (MeasuredBroker broker =
        MeasuredBroker.of(
            Peer.TAILRACE, new Processes(), Checkout.at(root, "1g", "1g"), directory)) {
      broker.prepare();
      broker.start();
      broker.awaitListening();
      long survived = attack(broker);
      restartAndCount(broker, survived);
      long errors = printErrors(broker.log());
      System.out.println("The broker lived, and no record was lost, repeated or moved.");
      return errors == 0 ? 0 : 1;
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage() + causeOf(e));
      return 1;
    }
  }

  /** Returns how many records the witness wrote and read. */
  private long attack(MeasuredBroker broker) throws InterruptedException {
    String address = MeasuredBroker.HOST + ":" + broker.port();
    List<Attacker> attacking = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    try (Witness witness = new Witness(address, Topic.named("witness").partitions(1), 100, 200)) {
      witness.start();
      for (int i = 0; i < attackers; i++) {
        Attacker attacker =
            new Attacker(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), broker.port()), seed + i);
        attacking.add(attacker);
        threads.add(new Thread(attacker, "attacker-" + i));
      }
      threads.forEach(Thread::start);
      try {
        watch(broker, witness, attacking);
      } finally {
        attacking.forEach(Attacker::stop);
      }
      for (Thread thread : threads) {
        thread.join();
      }
      witness.finish();
      return witness.received();
    }
  }

  private void watch(MeasuredBroker broker, Witness witness, List<Attacker> attacking) {
    long start = System.nanoTime();
    long length = (long) (minutes * TimeUnit.MINUTES.toNanos(1));
    long nextLine = TimeUnit.SECONDS.toNanos(15);
    while (System.nanoTime() - start < length) {
      MeasuredBroker.pause(200);
      if (!broker.isAlive()) {
        throw new IllegalStateException("the broker died; see " + broker.log());
      }
      witness.throwIfFailed();
      if (System.nanoTime() - start >= nextLine) {
        nextLine += TimeUnit.SECONDS.toNanos(15);
        ProcessMemory memory = broker.memory();
        System.out.printf(
            "%4d s: %,d hostile connections (%,d not accepted), witness %,d records, slowest"
                + " %.0f ms; broker RssAnon %.0f MiB, %d descriptors%n",
            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
            attacking.stream().mapToLong(Attacker::connections).sum(),
            attacking.stream().mapToLong(Attacker::refusedConnections).sum(),
            witness.received(),
            witness.takeSlowestMs(),
            memory.anonMiB(),
            memory.descriptors());
      }
    }
  }

  private static void restartAndCount(MeasuredBroker broker, long expected) {
    broker.stop();
    broker.start();
    broker.awaitListening();
    long stored = StoredRecords.count(MeasuredBroker.HOST + ":" + broker.port(), "witness");
    if (stored != expected) {
      throw new IllegalStateException(
          "after the restart " + stored + " of " + expected + " records were there");
    }
  }

  /** Every ERROR line of the broker counts as an error. */
  private static long printErrors(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      List<String> errors = lines.filter(line -> line.contains(" ERROR ")).toList();
      errors.stream().limit(10).forEach(line -> System.out.println("broker: " + line));
      if (!errors.isEmpty()) {
        System.out.println("FAILED: " + errors.size() + " errors in " + log);
      }
      return errors.size();
    }
  }

  private static String causeOf(Throwable e) {
    return e.getCause() == null ? "" : ": " + e.getCause();
  }
}
