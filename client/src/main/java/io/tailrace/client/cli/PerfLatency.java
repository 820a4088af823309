package io.tailrace.client.cli;

import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code tailrace perf latency}: how long a record takes to be acknowledged, and to reach a
 * consumer. Records are sent at a fixed rate, and each counts from the moment at which it was due,
 * so that a stall is seen in every record that it delays.
 */
@Command(
    name = "latency",
    description = "Sends records at a fixed rate and says how long each was on its way.",
    footer = {"", "Example:", "  tailrace perf latency load --rate 1000/s --records 10000"})
final class PerfLatency implements Runnable {
  /** Which run a record is of, and when it was due, nanoseconds. */
  private static final int STAMP_BYTES = 2 * Long.BYTES;

  private static final int HISTOGRAM_DIGITS = 3;
  private static final Duration POLL = Duration.ofMillis(100);

  private final Session session;
  private final long run = new SecureRandom().nextLong();
  private final Histogram acknowledged = new ConcurrentHistogram(HISTOGRAM_DIGITS);
  private final Histogram delivered = new ConcurrentHistogram(HISTOGRAM_DIGITS);
  private final AtomicReference<TailraceException> failure = new AtomicReference<>();

  @Parameters(paramLabel = "TOPIC", description = "Where to send; the topic must exist.")
  private String topic;

  @Option(
      names = "--records",
      paramLabel = "N",
      description = "How many records; 5000 unless given.")
  private long records = 5_000;

  @Option(names = "--rate", paramLabel = "N/s", description = "500/s unless given.")
  private Rate rate = new Rate(500);

  @Mixin private PerfLoad load;

  PerfLatency(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (records < 1) {
      throw CommandException.badInput("--records: " + records + " is not at least 1");
    }
    load.prepare(STAMP_BYTES);
    try (TailraceClient client = session.connect(topic);
        Producer<byte[], byte[]> producer = load.open(session, client, topic, Duration.ZERO);
        Consumer<byte[], byte[]> consumer =
            client
                .<byte[], byte[]>consumer(Serdes.bytes(), Serdes.bytes())
                .assign(topic)
                .startAt(Position.latest())
                .build()) {
      for (TopicPartition partition : consumer.assignment()) {
        consumer.position(partition);
      }
      Thread sender = new Thread(() -> send(producer), "sender");
      sender.start();
      receive(consumer, sender);
      if (failure.get() != null) {
        producer.close(Duration.ZERO);
        throw failure.get();
      }
    }
    new PerfReport()
        .latency("ackLatencyMs", "acknowledged after", acknowledged)
        .latency("endToEndLatencyMs", "at the consumer after", delivered)
        .print(session);
  }

  private void send(Producer<byte[], byte[]> producer) {
    long startNanos = System.nanoTime();
    for (long i = 0; i < records && failure.get() == null; i++) {
      long dueNanos = rate.dueNanos(startNanos, i);
      Rate.awaitDue(dueNanos);
      byte[] value = load.value(i);
      ByteBuffer.wrap(value).putLong(run).putLong(dueNanos);
      producer.send(
          topic,
          null,
          value,
          (metadata, error) -> {
            if (error == null) {
              acknowledged.recordValue(System.nanoTime() - dueNanos);
            } else {
              failure.compareAndSet(null, error);
            }
          });
    }
  }

  private void receive(Consumer<byte[], byte[]> consumer, Thread sender) {
    Progress progress = new Progress(session.terminal(), "received", records);
    long received = 0;
    long quietSinceNanos = System.nanoTime();
    while (received < records && failure.get() == null) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        long nowNanos = System.nanoTime();
        byte[] value = record.value();
        if (value != null && value.length >= STAMP_BYTES) {
          ByteBuffer stamp = ByteBuffer.wrap(value);
          if (stamp.getLong() == run) {
            delivered.recordValue(Math.max(0, nowNanos - stamp.getLong()));
            received++;
            quietSinceNanos = nowNanos;
          }
        }
      }
      progress.update(received);
      boolean quiet =
          System.nanoTime() - quietSinceNanos > session.timeout().toNanos() && !sender.isAlive();
      if (quiet) {
        throw CommandException.refused(
            Quantities.count(received)
                + " of "
                + Quantities.counted(records, "record")
                + " came back within "
                + Quantities.duration(session.timeout())
                + " of the last; --timeout waits longer");
      }
    }
    progress.end();
  }
}
