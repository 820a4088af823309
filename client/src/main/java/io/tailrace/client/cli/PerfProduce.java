package io.tailrace.client.cli;

import io.tailrace.client.Producer;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tailrace perf produce}: how fast records are taken. */
@Command(
    name = "produce",
    description = "Sends records and says how fast they were acknowledged.",
    footer = {"", "Example:", "  tailrace perf produce load --records 1000000 --record-bytes 1024"})
final class PerfProduce implements Runnable {
  private static final int HISTOGRAM_DIGITS = 3;
  private static final Duration LINGER = Duration.ofMillis(5);

  private final Session session;

  @Parameters(paramLabel = "TOPIC", description = "Where to send; the topic must exist.")
  private String topic;

  @Option(
      names = "--records",
      paramLabel = "N",
      description = "How many records; 1000000 unless given.")
  private long records = 1_000_000;

  @Option(names = "--rate", paramLabel = "N/s", description = "No faster than this.")
  private Rate rate;

  @Mixin private PerfLoad load;

  PerfProduce(Session session) {
    this.session = session;
  }

  @Override
  public void run() {
    if (records < 1) {
      throw CommandException.badInput("--records: " + records + " is not at least 1");
    }
    load.prepare(0);
    Histogram latencies = new ConcurrentHistogram(HISTOGRAM_DIGITS);
    AtomicReference<TailraceException> failure = new AtomicReference<>();
    try (TailraceClient client = session.connect(topic);
        Producer<byte[], byte[]> producer = load.open(session, client, topic, LINGER)) {
      Progress progress = new Progress(session.terminal(), "sent", records);
      long startNanos = System.nanoTime();
      for (long i = 0; i < records && failure.getPlain() == null; i++) {
        if (rate != null) {
          Rate.awaitDue(rate.dueNanos(startNanos, i));
        }
        long sentNanos = System.nanoTime();
        producer.send(
            topic,
            null,
            load.value(i),
            (metadata, error) -> {
              if (error == null) {
                latencies.recordValue(System.nanoTime() - sentNanos);
              } else {
                failure.compareAndSet(null, error);
              }
            });
        progress.update(i);
      }
      if (failure.get() == null) {
        producer.flush();
      }
      Duration elapsed = Duration.ofNanos(System.nanoTime() - startNanos);
      progress.end();
      if (failure.get() != null) {
        producer.close(Duration.ZERO);
        throw failure.get();
      }
      new PerfReport()
          .throughput(records, records * load.recordBytes(), elapsed)
          .latency("ackLatencyMs", "acknowledged after", latencies)
          .print(session);
    }
  }
}
