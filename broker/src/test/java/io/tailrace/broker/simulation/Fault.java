package io.tailrace.broker.simulation;

import java.util.EnumMap;
import java.util.Map;
import java.util.random.RandomGenerator;

/** What may happen to a node. Each run draws how often it meets which. */
enum Fault {
  KILL,
  STOP,
  POWER_CUT,
  KILL_THEN_POWER_CUT,
  FAILED_SYNC,
  FAILED_WRITE,
  FULL_DISK,
  DROPPED_CONNECTIONS,
  SLOW_NETWORK,
  SLOW_DISK,
  HELD_SYNCS,
  HELD_SYNCS_THEN_KILL,
  HELD_SYNCS_THEN_POWER_CUT,
  ELECTION;

  private static final int MAX_WEIGHT = 8;

  /** How often one run meets which fault: it never meets some, and others all the time. */
  static final class Weights {
    private final Map<Fault, Integer> weights = new EnumMap<>(Fault.class);
    private final int sum;

    Weights(RandomGenerator random) {
      int total = 0;
      for (Fault fault : values()) {
        int weight = random.nextBoolean() ? 0 : 1 + random.nextInt(MAX_WEIGHT);
        weights.put(fault, weight);
        total += weight;
      }
      if (total == 0) {
        weights.put(ELECTION, 1);
        total = 1;
      }
      sum = total;
    }

    Fault draw(RandomGenerator random) {
      int at = random.nextInt(sum);
      for (Map.Entry<Fault, Integer> each : weights.entrySet()) {
        at -= each.getValue();
        if (at < 0) {
          return each.getKey();
        }
      }
      throw new AssertionError("the weights do not add up to " + sum);
    }
  }
}
