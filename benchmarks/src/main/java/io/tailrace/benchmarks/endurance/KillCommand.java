package io.tailrace.benchmarks.endurance;

import io.tailrace.benchmarks.process.Checkout;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.client.Topic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench kill}. */
@Command(
    name = "kill",
    description = {
      "Kills a broker of its own with SIGKILL, again and again, while a client writes and reads.",
      "The kills come at random times, also while the broker starts; segments are small, so that"
          + " they roll all the time. One idempotent producer lives through all of it. In the end"
          + " every record must be stored, once and in order. Exit code 0 when all that held."
    },
    mixinStandardHelpOptions = true)
public final class KillCommand implements Callable<Integer> {
  private static final int RECORD_BYTES = 1_000;
  private static final int RECORDS_PER_SECOND = 5_000;
  private static final int SEGMENT_BYTES = 1 << 20;

  /** One kill of so many hits a broker that is starting, if it is not faster than that. */
  private static final int KILLS_OF_A_STARTING_BROKER = 4;

  private static final int STARTING_MS = 1_000;
  private static final int SERVING_MS = 800;
  private static final int ROUNDS_PER_LINE = 20;
  private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(1);

  @Option(names = "--rounds", description = "How many kills (default ${DEFAULT-VALUE}).")
  private int rounds = 300;

  @Option(names = "--seed", description = "Repeats the times of an earlier run.")
  private long seed = System.nanoTime();

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws InterruptedException, IOException {
    System.out.println("Seed " + seed);
    Path directory =
        root.resolve("benchmarks/target/kill/" + Long.toString(seed, 36)).toAbsolutePath();
    try (MeasuredBroker broker =
        MeasuredBroker.of(
            Peer.TAILRACE, new Processes(), Checkout.at(root, "1g", "1g"), directory)) {
      broker.prepare();
      broker.start();
      broker.awaitListening();
      String address = MeasuredBroker.HOST + ":" + broker.port();
      Topic topic =
          Topic.named("killed")
              .partitions(1)
              .config("segment.bytes", Integer.toString(SEGMENT_BYTES));
      long sent;
      try (Witness witness = new Witness(address, topic, RECORD_BYTES, RECORDS_PER_SECOND)) {
        witness.start();
        killAgainAndAgain(broker, witness);
        witness.finish();
        sent = witness.received();
      }
      long stored = StoredRecords.count(address, topic.name());
      if (stored != sent) {
        throw new IllegalStateException(sent + " records came back, " + stored + " are stored");
      }
      System.out.printf("%,d kills, %,d records: all stored, once and in order.%n", rounds, stored);
      return 0;
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage() + ": " + e.getCause());
      return 1;
    }
  }

  private void killAgainAndAgain(MeasuredBroker broker, Witness witness) {
    SplittableRandom random = new SplittableRandom(seed);
    int whileStarting = 0;
    long start = System.nanoTime();
    for (int round = 1; round <= rounds; round++) {
      if (random.nextInt(KILLS_OF_A_STARTING_BROKER) == 0) {
        whileStarting++;
        MeasuredBroker.pause(random.nextInt(STARTING_MS));
      } else {
        awaitRecords(witness);
        MeasuredBroker.pause(random.nextInt(SERVING_MS));
      }
      witness.throwIfFailed();
      broker.kill();
      broker.start();
      if (round % ROUNDS_PER_LINE == 0 || round == rounds) {
        System.out.printf(
            "%4d s: %,d kills, %,d of them soon after a start; %,d records came back%n",
            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start),
            round,
            whileStarting,
            witness.received());
      }
    }
    awaitRecords(witness);
  }

  /** Waits until records go through the broker again. */
  private static void awaitRecords(Witness witness) {
    long before = witness.received();
    long deadline = System.nanoTime() + PATIENCE_NS;
    while (witness.received() == before) {
      witness.throwIfFailed();
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("no record came through for a minute after a restart");
      }
      MeasuredBroker.pause(1);
    }
  }
}
