package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogConfig;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * What is simulated, drawn from the seed.
 *
 * @param nodes that lead the partitions in turn
 * @param weights which faults come how often
 * @param faults how many of them come before everything heals
 * @param faultEveryMs the longest time between two of them
 */
record SimulationSettings(
    int nodes,
    int partitions,
    LogConfig log,
    ClientLoad load,
    Fault.Weights weights,
    int faults,
    int faultEveryMs) {

  static SimulationSettings draw(RandomGenerator random, LogConfig.Flush flush) {
    boolean small = random.nextBoolean();
    return new SimulationSettings(
        1 + random.nextInt(2),
        1 + random.nextInt(3),
        new LogConfig(
            small ? 1_000 + random.nextInt(1_000) : 2_000 + random.nextInt(20_000),
            3_600_000,
            -1,
            -1,
            1 << 16,
            flush,
            1 + random.nextInt(30),
            10 + random.nextInt(300)),
        ClientLoad.draw(random),
        new Fault.Weights(random),
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
        load.clients());
  }
}
