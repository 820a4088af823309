package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Driver.Receiver;
import io.tailrace.benchmarks.compare.Driver.Sender;
import io.tailrace.benchmarks.compare.Driver.SenderSettings;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Fills a topic, then reads it from its beginning, again and again, with a new consumer each time;
 * the records are in the page cache. The clock of a pass starts before its consumer is made: a
 * client that fetches ahead gets nothing for free.
 */
final class ReplayWork implements Work {
  private static final SenderSettings FILLING = new SenderSettings(128 * 1024, 10, "all");
  private static final long STALLED_NS = TimeUnit.SECONDS.toNanos(60);

  @Override
  public void run(Connection connection, Settings settings, Results results) {
    String topic = "replay" + settings.text("topicSuffix");
    int partitions = settings.number("partitions");
    int recordBytes = settings.number("recordBytes");
    long records = settings.number("replayMiB") * (long) (1 << 20) / recordBytes;
    Tally tally = new Tally();
    long expected = 0;
    try (Driver driver = connection.open()) {
      driver.createTopic(topic, partitions, 1);
      try (Sender sender = driver.sender(topic, FILLING, tally)) {
        Payloads payloads = new Payloads(recordBytes);
        for (long i = 0; i < records; i++) {
          byte[] value = payloads.next();
          expected += Arrays.hashCode(value);
          sender.send(value);
        }
      }
      tally.throwIfFailed();
      verify(driver, topic, partitions, records, expected);
      readFor(driver, topic, partitions, records, settings.number("warmupS"));
      double perSecond = readFor(driver, topic, partitions, records, settings.number("measureS"));
      results.put("records/s", perSecond);
      results.put("MiB/s", perSecond * recordBytes / (1 << 20));
      driver.deleteTopic(topic);
    }
  }

  /** Reads once, without a clock: exactly the values that were sent must come. */
  private static void verify(
      Driver driver, String topic, int partitions, long records, long expected) {
    long[] hashes = {0};
    try (Receiver receiver = driver.receiver(topic, partitions)) {
      Checksum checksum = new Checksum();
      while (checksum.values < records) {
        poll(
            receiver,
            value -> {
              checksum.add(value);
              hashes[0] += Arrays.hashCode(value);
            });
      }
      if (checksum.values != records || hashes[0] != expected) {
        throw new IllegalStateException("other values came back than were sent: " + checksum);
      }
    }
  }

  /** Whole passes until the time is over; returns the records of a second. */
  private static double readFor(
      Driver driver, String topic, int partitions, long records, int seconds) {
    long read = 0;
    long took = 0;
    while (took < TimeUnit.SECONDS.toNanos(seconds)) {
      long start = System.nanoTime();
      Checksum checksum = new Checksum();
      try (Receiver receiver = driver.receiver(topic, partitions)) {
        while (checksum.values < records) {
          poll(receiver, checksum::add);
        }
        took += System.nanoTime() - start;
      }
      if (checksum.values != records) {
        throw new IllegalStateException("read " + checksum + " of " + records);
      }
      read += records;
    }
    return read * 1e9 / took;
  }

  /** Waits until at least one record comes. */
  private static int poll(Receiver receiver, Consumer<byte[]> onValue) {
    long deadline = System.nanoTime() + STALLED_NS;
    while (System.nanoTime() < deadline) {
      int count = receiver.poll(1000, onValue);
      if (count > 0) {
        return count;
      }
    }
    throw new IllegalStateException("nothing came for a minute");
  }

  /** Touches every value, so that none is optimised away. */
  private static final class Checksum {
    private long values;
    private long sum;

    void add(byte[] value) {
      values++;
      sum += value[value.length - 1];
    }

    @Override
    public String toString() {
      return values + " values, sum " + sum;
    }
  }
}
