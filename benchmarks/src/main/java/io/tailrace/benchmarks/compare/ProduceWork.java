package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Driver.Sender;
import io.tailrace.benchmarks.compare.Driver.SenderSettings;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * One thread sends as fast as the library lets it; counts records that are acknowledged between the
 * end of the warm-up and the end of the measurement.
 */
final class ProduceWork implements Work {
  /** The clock is looked at once in so many records. */
  private static final int RECORDS_PER_LOOK = 64;

  private static final long TIMEOUT_NS = TimeUnit.MINUTES.toNanos(3);

  @Override
  public void run(Connection connection, Settings settings, Results results) {
    String topic = "produce" + settings.text("topicSuffix");
    int recordBytes = settings.number("recordBytes");
    Payloads payloads = new Payloads(recordBytes);
    Tally tally = new Tally();
    try (Driver driver = connection.open()) {
      Elections elections = Elections.ofNewTopic(driver, topic, settings);
      try (Sender sender = driver.sender(topic, SenderSettings.of(settings), tally)) {
        touchAll(sender, settings.number("partitions"), payloads, tally);
        send(sender, payloads, tally, settings.number("warmupS"));
        awaitAcknowledged(payloads.taken(), tally);
        PageCache.ready(settings.number("touchMiB"));
        double perSecond;
        UnwrittenMemory unwritten = new UnwrittenMemory();
        try (unwritten) {
          perSecond = send(sender, payloads, tally, settings.number("measureS"));
        }
        unwritten.mostPercent().ifPresent(most -> results.put(Scenario.UNWRITTEN, most));
        results.put("records/s", perSecond);
        results.put("MiB/s", perSecond * recordBytes / (1 << 20));
      }
      tally.throwIfFailed();
      long sent = payloads.taken();
      long stored = driver.recordsIn(topic, settings.number("partitions"));
      // A rate of records that are not there is worth nothing.
      if (tally.acknowledged() != sent || stored != sent) {
        throw new IllegalStateException(
            sent + " sent, " + tally.acknowledged() + " acknowledged, " + stored + " stored");
      }
      results.put("stored", (double) stored);
      results.put(Scenario.ELECTIONS, elections.count());
      driver.deleteTopic(topic);
    }
  }

  /**
   * Writes one record to every partition and waits for it: brokers that are still at work on a new
   * topic's partitions are not measured by it.
   */
  private static void touchAll(Sender sender, int partitions, Payloads payloads, Tally tally) {
    for (int i = 0; i < partitions; i++) {
      sender.send(i, payloads.next());
    }
    awaitAcknowledged(partitions, tally);
  }

  private static void awaitAcknowledged(long records, Tally tally) {
    long deadline = System.nanoTime() + TIMEOUT_NS;
    while (tally.acknowledged() < records) {
      tally.throwIfFailed();
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            tally.acknowledged() + " of " + records + " records are acknowledged");
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Sends for so long and returns the acknowledged records of a second. */
  private static double send(Sender sender, Payloads payloads, Tally tally, int seconds) {
    long acknowledgedBefore = tally.acknowledged();
    long start = System.nanoTime();
    long length = TimeUnit.SECONDS.toNanos(seconds);
    long elapsed;
    do {
      for (int i = 0; i < RECORDS_PER_LOOK; i++) {
        sender.send(payloads.next());
      }
      elapsed = System.nanoTime() - start;
    } while (elapsed < length);
    tally.throwIfFailed();
    return (tally.acknowledged() - acknowledgedBefore) * 1e9 / elapsed;
  }
}
