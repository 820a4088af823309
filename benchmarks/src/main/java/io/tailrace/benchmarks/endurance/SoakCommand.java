package io.tailrace.benchmarks.endurance;

import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.benchmarks.process.Checkout;
import io.tailrace.benchmarks.process.MeasuredBroker;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.benchmarks.process.TailraceBroker;
import io.tailrace.client.Topic;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bench soak}. */
@Command(
    name = "soak",
    description = {
      "Runs a broker of its own under a steady load, and prints what broker and client hold once a"
          + " minute.",
      "Heaps of broker and client have 512 MiB, all of it touched at the start.",
      "Fails when something has grown by 1 %% or more between the second minute and the last, or"
          + " when a record does not come back, once and in order."
    },
    mixinStandardHelpOptions = true)
public final class SoakCommand implements Callable<Integer> {
  private static final int SETTLED_MINUTE = 2;
  private static final double GROWTH_LIMIT = 0.01;
  private static final int BURST_S = 20;
  private static final String HEAP = "512m";

  @Option(names = "--minutes", description = "How long, ${DEFAULT-VALUE} unless said; more than 2.")
  private int minutes = 10;

  @Option(
      names = "--rate",
      description = "Records a second; half of what a first burst reaches, unless said.")
  private int rate;

  @Option(names = "--record-bytes", description = "Of each value (default ${DEFAULT-VALUE}).")
  private int recordBytes = 1024;

  @Option(
      names = "--retain-mib",
      description = "Older segments are deleted beyond this (default ${DEFAULT-VALUE}).")
  private int retainMiB = 2048;

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws InterruptedException {
    if (minutes <= SETTLED_MINUTE) {
      System.out.println("--minutes " + minutes + ": give more than " + SETTLED_MINUTE);
      return 2;
    }
    Path directory =
        root.resolve("benchmarks/target/soak/" + System.currentTimeMillis()).toAbsolutePath();
    try (TailraceBroker broker =
        (TailraceBroker)
            MeasuredBroker.of(
                Peer.TAILRACE, new Processes(), Checkout.at(root, HEAP, HEAP), directory)) {
      broker.prepare();
      // Otherwise the figures breathe with the heap's size, and with how many segments wait to go.
      broker.fixHeap();
      broker.set("log.check.interval.ms=1000");
      broker.start();
      broker.awaitListening();
      int load = rate > 0 ? rate : Math.max(1, burst(broker) / 2);
      System.out.printf("%,d records of %,d bytes a second%n", load, recordBytes);
      String grown;
      try (Witness witness = witness(broker, "soak", load)) {
        witness.start();
        grown = watch(broker, witness);
        witness.finish();
      }
      System.out.println("Every record came back, once and in order.");
      if (!grown.isEmpty()) {
        System.out.println("GREW: " + grown);
        return 1;
      }
      System.out.printf(
          "Nothing grew by 1 %% between the minutes %d and %d.%n", SETTLED_MINUTE, minutes);
      return 0;
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage() + ": " + e.getCause());
      return 1;
    }
  }

  /** The highest rate of the machine, in consumed records per second. */
  private int burst(MeasuredBroker broker) throws InterruptedException {
    try (Witness witness = witness(broker, "burst", Integer.MAX_VALUE)) {
      witness.start();
      MeasuredBroker.pause(TimeUnit.SECONDS.toMillis(BURST_S) / 2);
      long before = witness.received();
      MeasuredBroker.pause(TimeUnit.SECONDS.toMillis(BURST_S) / 2);
      int perSecond = (int) ((witness.received() - before) / (BURST_S / 2));
      witness.finish();
      witness.deleteTopic();
      return perSecond;
    }
  }

  private Witness witness(MeasuredBroker broker, String topic, int recordsPerSecond) {
    return new Witness(
        MeasuredBroker.HOST + ":" + broker.port(),
        Topic.named(topic)
            .partitions(1)
            .config("retention.bytes", Long.toString((long) retainMiB << 20))
            .config("segment.bytes", Long.toString(256L << 20)),
        recordBytes,
        recordsPerSecond);
  }

  /** Returns what grew. */
  private String watch(TailraceBroker broker, Witness witness) {
    System.out.println(
        "minute   records/s  slowest ms | broker: live heap, direct, RssAnon MiB, descriptors"
            + " | client: the same");
    Footprint settledBroker = null;
    Footprint settledClient = null;
    Footprint lastBroker = null;
    Footprint lastClient = null;
    long receivedBefore = 0;
    long start = System.nanoTime();
    long lookedAt = start;
    for (int minute = 1; minute <= minutes; minute++) {
      long due = start + TimeUnit.MINUTES.toNanos(minute);
      while (System.nanoTime() < due) {
        MeasuredBroker.pause(100);
        witness.throwIfFailed();
        if (!broker.isAlive()) {
          throw new IllegalStateException("the broker died; see " + broker.log());
        }
      }
      long received = witness.received();
      long now = System.nanoTime();
      // The slowest record is taken first: the collections that follow are the watcher's doing.
      double slowestMs = witness.takeSlowestMs();
      lastBroker = Footprint.leastOf(() -> Footprint.of(broker.pid(), broker::directMemoryBytes));
      lastClient =
          Footprint.leastOf(
              () -> Footprint.of(ProcessHandle.current().pid(), SoakCommand::directMemoryBytes));
      System.out.printf(
          "%6d %,11.0f %11.1f | %s | %s%n",
          minute,
          (received - receivedBefore) * 1e9 / (now - lookedAt),
          slowestMs,
          lastBroker,
          lastClient);
      if (minute == SETTLED_MINUTE) {
        settledBroker = lastBroker;
        settledClient = lastClient;
      }
      witness.takeSlowestMs();
      receivedBefore = received;
      lookedAt = now;
    }
    String server = lastBroker.growthBeyond(GROWTH_LIMIT, settledBroker);
    String client = lastClient.growthBeyond(GROWTH_LIMIT, settledClient);
    return (server.isEmpty() ? "" : "broker: " + server + " ")
        + (client.isEmpty() ? "" : "client: " + client);
  }

  private static double directMemoryBytes() {
    return PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory()
        + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
  }
}
