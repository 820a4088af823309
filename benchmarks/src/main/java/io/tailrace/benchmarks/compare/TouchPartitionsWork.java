package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Driver.Sender;
import io.tailrace.benchmarks.compare.Driver.SenderSettings;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * Creates topics of up to 1,000 partitions each, unless they exist, and writes one record to every
 * partition; says how long that took, and at what time of day the last was acknowledged.
 */
final class TouchPartitionsWork implements Work {
  private static final int PARTITIONS_PER_TOPIC = 1000;

  @Override
  public void run(Connection connection, Settings settings, Results results) {
    int partitions = settings.number("partitions");
    boolean create = settings.text("create").equals("yes");
    SenderSettings sending = new SenderSettings(16 * 1024, 5, "all");
    Tally tally = new Tally();
    long start = System.nanoTime();
    try (Driver driver = connection.open()) {
      List<Sender> senders = new ArrayList<>();
      for (int first = 0; first < partitions; first += PARTITIONS_PER_TOPIC) {
        String topic = "many-" + first;
        int count = Math.min(PARTITIONS_PER_TOPIC, partitions - first);
        if (create) {
          driver.createTopic(topic, count, 1);
        }
        Sender sender = driver.sender(topic, sending, tally);
        senders.add(sender);
        for (int i = 0; i < count; i++) {
          sender.send(i, new byte[100]);
        }
      }
      senders.forEach(Sender::close);
      tally.throwIfFailed();
      if (tally.acknowledged() != partitions) {
        throw new IllegalStateException(tally.acknowledged() + " of " + partitions);
      }
      results.put("seconds", (System.nanoTime() - start) / 1e9);
      results.put(
          "acknowledged at us", (double) ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
    }
  }
}
