package io.tailrace.benchmarks.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws faults from a seed: the same seed and kinds give the same faults. Most are short and hit
 * one broker; some hit several, and some begin before the cluster has recovered from the last one.
 * Confined to one thread.
 */
final class FaultSchedule {
  private static final int[] CALM_MS = {200, 1_500, 4_000};
  private static final int[] HOLD_MS = {100, 1_500, 8_000};

  private final SplittableRandom random;
  private final List<FaultKind> kinds;
  private final int brokers;

  FaultSchedule(long seed, List<FaultKind> kinds, int brokers) {
    this.random = new SplittableRandom(seed);
    this.kinds = List.copyOf(kinds);
    this.brokers = brokers;
  }

  PlannedFault next() {
    FaultKind kind = kinds.get(random.nextInt(kinds.size()));
    List<Integer> order = new ArrayList<>();
    for (int id = 0; id < brokers; id++) {
      order.add(random.nextInt(order.size() + 1), id);
    }
    int several = random.nextInt(6) == 0 ? 1 + random.nextInt(brokers) : 1;
    return new PlannedFault(kind, order.subList(0, several), draw(CALM_MS), draw(HOLD_MS));
  }

  /** Up to one of these, each as likely, so that short times are frequent. */
  private int draw(int[] limitsMs) {
    return random.nextInt(limitsMs[random.nextInt(limitsMs.length)]);
  }
}
