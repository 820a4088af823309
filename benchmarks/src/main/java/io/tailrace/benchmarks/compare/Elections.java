package io.tailrace.benchmarks.compare;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Counts how often a topic's partitions change their leader epoch. Confined to one thread. */
final class Elections {
  private static final long PATIENCE_NS = TimeUnit.MINUTES.toNanos(1);
  private static final long LOOK_AGAIN_NS = TimeUnit.MILLISECONDS.toNanos(200);

  private final Driver driver;
  private final String topic;
  private final int partitions;
  private final long before;

  private Elections(Driver driver, String topic, int partitions) {
    this.driver = driver;
    this.topic = topic;
    this.partitions = partitions;
    this.before = driver.leaderEpochs(topic, partitions);
  }

  /**
   * Creates the topic that a work needs. Brokers that have just started may not know each other
   * yet, and are asked again.
   *
   * @param settings {@code partitions} and {@code replicas}
   */
  static Elections ofNewTopic(Driver driver, String topic, Settings settings) {
    int partitions = settings.number("partitions");
    int replicas = settings.number("replicas");
    long deadline = System.nanoTime() + PATIENCE_NS;
    boolean created = false;
    while (true) {
      try {
        if (!created) {
          driver.createTopic(topic, partitions, replicas);
          created = true;
        }
        return new Elections(driver, topic, partitions);
      } catch (RuntimeException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(LOOK_AGAIN_NS);
      }
    }
  }

  /** How many there were since the topic was made. */
  double count() {
    return driver.leaderEpochs(topic, partitions) - before;
  }
}
