package io.tailrace.broker.simulation;

import java.util.random.RandomGenerator;

/**
 * What clients send in one run, drawn from the seed: from single records to requests of many
 * batches.
 *
 * @param clients each with one producer that sends to every partition
 * @param lingerMs of the producers
 * @param batchBytes of the producers
 * @param maxBurst records that a client sends at once
 * @param maxUnsettled records of a client that are neither acknowledged nor failed
 * @param maxPauseMs between two bursts
 * @param maxPadding bytes that make the records longer
 */
record ClientLoad(
    int clients,
    int lingerMs,
    int batchBytes,
    int maxBurst,
    int maxUnsettled,
    int maxPauseMs,
    int maxPadding) {

  static ClientLoad draw(RandomGenerator random) {
    boolean large = random.nextBoolean();
    return new ClientLoad(
        1 + random.nextInt(2),
        random.nextInt(4),
        large ? 150 + random.nextInt(300) : 200 + random.nextInt(800),
        large ? 10 + random.nextInt(40) : 1 + random.nextInt(8),
        large ? 120 : 60,
        large ? 20 + random.nextInt(100) : 1 + random.nextInt(40),
        1 + random.nextInt(120));
  }
}
