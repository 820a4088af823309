package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Driver.Receiver;
import io.tailrace.benchmarks.compare.Driver.Sender;
import io.tailrace.benchmarks.compare.Driver.SenderSettings;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Sends at a fixed rate and measures from the moment a record <em>was due</em> to the moment the
 * consumer has it: when the sender falls behind, the waiting counts (no coordinated omission).
 */
final class LatencyWork implements Work {
  /** Sleeping ends some 0.1 ms late, more now and then: that is no latency of a broker's. */
  private static final long SPIN_NS = TimeUnit.MICROSECONDS.toNanos(200);

  private static final long LATEST_ARRIVAL_NS = TimeUnit.SECONDS.toNanos(60);

  @Override
  public void run(Connection connection, Settings settings, Results results) throws Exception {
    String topic = "latency" + settings.text("topicSuffix");
    int partitions = settings.number("partitions");
    int rate = settings.number("rate");
    int warmup = settings.number("warmupS") * rate;
    int total = warmup + settings.number("measureS") * rate;
    Tally tally = new Tally();
    try (Driver driver = connection.open()) {
      Elections elections = Elections.ofNewTopic(driver, topic, settings);
      try (Driver reading = connection.open();
          Sender sender = driver.sender(topic, SenderSettings.of(settings), tally)) {
        Receiving receiving = new Receiving(reading, topic, partitions, warmup, total);
        receiving.thread.start();
        sendOnSchedule(sender, new Payloads(settings.number("recordBytes")), rate, total);
        receiving.thread.join();
        Histogram histogram = receiving.result();
        tally.throwIfFailed();
        results.put("p50 ms", histogram.getValueAtPercentile(50) / 1e6);
        results.put("p90 ms", histogram.getValueAtPercentile(90) / 1e6);
        results.put("p99 ms", histogram.getValueAtPercentile(99) / 1e6);
        results.put("p99.9 ms", histogram.getValueAtPercentile(99.9) / 1e6);
        results.put("max ms", histogram.getMaxValue() / 1e6);
        results.put(Scenario.ELECTIONS, elections.count());
      }
      if (driver.recordsIn(topic, partitions) != total) {
        throw new IllegalStateException("not every record is stored");
      }
      driver.deleteTopic(topic);
    }
  }

  private static void sendOnSchedule(Sender sender, Payloads payloads, int rate, int total) {
    long start = System.nanoTime();
    for (int i = 0; i < total; i++) {
      long due = start + i * TimeUnit.SECONDS.toNanos(1) / rate;
      for (long early = due - System.nanoTime(); early > 0; early = due - System.nanoTime()) {
        if (early > SPIN_NS) {
          LockSupport.parkNanos(early - SPIN_NS);
        } else {
          Thread.onSpinWait();
        }
      }
      sender.send(payloads.nextWith(due));
    }
  }

  /** The consumer's side, on its own thread. */
  private static final class Receiving implements Runnable {
    final Thread thread = new Thread(this, "receiver");
    private final Receiver receiver;
    private final int warmup;
    private final int total;
    private final Histogram histogram = new Histogram(3);
    private final AtomicReference<RuntimeException> failure = new AtomicReference<>();
    private int received;

    Receiving(Driver driver, String topic, int partitions, int warmup, int total) {
      this.receiver = driver.receiver(topic, partitions);
      this.warmup = warmup;
      this.total = total;
    }

    @Override
    public void run() {
      try (receiver) {
        long lastArrival = System.nanoTime();
        while (received < total) {
          if (receiver.poll(500, this::onValue) > 0) {
            lastArrival = System.nanoTime();
          } else if (System.nanoTime() - lastArrival > LATEST_ARRIVAL_NS) {
            throw new IllegalStateException("received " + received + " of " + total);
          }
        }
      } catch (RuntimeException e) {
        failure.set(e);
      }
    }

    private void onValue(byte[] value) {
      if (received++ >= warmup) {
        histogram.recordValue(Math.max(0, System.nanoTime() - Payloads.numberIn(value)));
      }
    }

    /** Valid once the thread has ended. */
    Histogram result() {
      RuntimeException e = failure.get();
      if (e != null) {
        throw e;
      }
      return histogram;
    }
  }
}
