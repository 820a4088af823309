package io.tailrace.benchmarks.compare;

import io.tailrace.benchmarks.compare.Driver.Sender;
import io.tailrace.benchmarks.compare.Driver.SenderSettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/**
 * Waits for a broker that is starting, creates a topic and sends one record; says at what time of
 * day it was acknowledged.
 */
final class FirstAckWork implements Work {
  private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(2);

  @Override
  public void run(Connection connection, Settings settings, Results results) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_NS;
    while (!accepts(connection)) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("nothing listens on port " + connection.port());
      }
      Thread.sleep(2);
    }
    Tally tally = new Tally();
    try (Driver driver = connection.open()) {
      driver.createTopic("first", 1, 1);
      try (Sender sender = driver.sender("first", new SenderSettings(16 * 1024, 0, "all"), tally)) {
        sender.send(new byte[100]);
        while (tally.acknowledged() == 0) {
          tally.throwIfFailed();
          Thread.onSpinWait();
        }
        results.put(
            "acknowledged at us", (double) ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now()));
      }
    }
  }

  private static boolean accepts(Connection connection) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(connection.host(), connection.port()), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
