package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogConfig;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * What is simulated, drawn from the seed.
 *
 * @param nodes that lead the partitions in turn
 * @param clients each with one producer that sends to every partition
 * @param lingerMs of the producers
 * @param batchBytes of the producers
 * @param faults how many faults come before everything heals
 * @param faultEveryMs the longest time between two of them
 */
record SimulationSettings(
    int nodes,
    int partitions,
    int clients,
    LogConfig log,
    int lingerMs,
    int batchBytes,
    int faults,
    int faultEveryMs) {

  static SimulationSettings draw(RandomGenerator random, LogConfig.Flush flush) {
    return new SimulationSettings(
        1 + random.nextInt(2),
        1 + random.nextInt(3),
        1 + random.nextInt(2),
        new LogConfig(
            1_000 + random.nextInt(4_000),
            3_600_000,
            -1,
            -1,
            1 << 16,
            flush,
            1 + random.nextInt(30),
            10 + random.nextInt(300)),
        random.nextInt(4),
        200 + random.nextInt(500),
        3 + random.nextInt(10),
        50 + random.nextInt(1_500));
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "log.flush=%s, %d nodes, %d partitions, %d clients",
        log.flush().name().toLowerCase(Locale.ROOT),
        nodes,
        partitions,
        clients);
  }
}
