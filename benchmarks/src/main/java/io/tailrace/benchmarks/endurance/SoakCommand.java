package io.tailrace.benchmarks.endurance;

import io.tailrace.benchmarks.process.BrokerProcess;
import io.tailrace.benchmarks.process.Installation;
import io.tailrace.benchmarks.process.Peer;
import io.tailrace.benchmarks.process.ProcessMemory;
import io.tailrace.benchmarks.process.Processes;
import io.tailrace.client.Topic;
import java.io.IOException;
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
      "After the first minutes no column may grow. Every record must come back, once and in order."
    },
    mixinStandardHelpOptions = true)
public final class SoakCommand implements Callable<Integer> {
  @Option(names = "--minutes", description = "How long (default ${DEFAULT-VALUE}).")
  private int minutes = 30;

  @Option(
      names = "--rate",
      description =
          "Records a second (default ${DEFAULT-VALUE}); take half of what bench compare showed for"
              + " this machine.")
  private int rate = 20_000;

  @Option(names = "--record-bytes", description = "Of each value (default ${DEFAULT-VALUE}).")
  private int recordBytes = 1024;

  @Option(
      names = "--retain-mib",
      description = "Older segments are deleted beyond this (default ${DEFAULT-VALUE}).")
  private int retainMiB = 2048;

  private final Path root = Path.of(System.getProperty("tailrace.root", "."));

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path directory =
        root.resolve("benchmarks/target/soak/" + System.currentTimeMillis()).toAbsolutePath();
    try (BrokerProcess broker =
        BrokerProcess.of(
            Peer.TAILRACE, new Processes(), Installation.at(root, "1g", "1g"), directory)) {
      broker.prepare();
      broker.start();
      broker.awaitListening();
      Topic topic =
          Topic.named("soak")
              .partitions(1)
              .config("retention.bytes", Long.toString((long) retainMiB << 20))
              .config("segment.bytes", Long.toString(256L << 20));
      try (Witness witness =
              new Witness(BrokerProcess.HOST + ":" + broker.port(), topic, recordBytes, rate);
          JvmMemory brokerJvm = JvmMemory.of(broker.pid());
          JvmMemory clientJvm = JvmMemory.here()) {
        witness.start();
        watch(broker, witness, brokerJvm, clientJvm);
        witness.finish();
      }
      System.out.println("Every record came back, once and in order.");
      return 0;
    } catch (IllegalStateException e) {
      System.out.println("FAILED: " + e.getMessage() + ": " + e.getCause());
      return 1;
    }
  }

  private void watch(
      BrokerProcess broker, Witness witness, JvmMemory brokerJvm, JvmMemory clientJvm) {
    System.out.println(
        "minute   records/s  slowest ms | broker: heap after GC, direct, RssAnon MiB, descriptors"
            + " | client: the same");
    long receivedBefore = 0;
    long start = System.nanoTime();
    for (int minute = 1; minute <= minutes; minute++) {
      long due = start + TimeUnit.MINUTES.toNanos(minute);
      while (System.nanoTime() < due) {
        BrokerProcess.pause(100);
        witness.throwIfFailed();
        if (!broker.isAlive()) {
          throw new IllegalStateException("the broker died; see " + broker.log());
        }
      }
      long received = witness.received();
      // The slowest record is taken first: the collections that follow are the watcher's doing.
      double slowestMs = witness.takeSlowestMs();
      System.out.printf(
          "%6d %,11d %11.1f | %s | %s%n",
          minute,
          (received - receivedBefore) / 60,
          slowestMs,
          line(brokerJvm, broker.pid()),
          line(clientJvm, ProcessHandle.current().pid()));
      witness.takeSlowestMs();
      receivedBefore = received;
    }
  }

  private static String line(JvmMemory jvm, long pid) {
    double heap = jvm.heapAfterGcMiB();
    ProcessMemory memory = ProcessMemory.of(pid);
    return String.format(
        "%7.1f %7.1f %7.1f %5d", heap, jvm.directMiB(), memory.anonMiB(), memory.descriptors());
  }
}
