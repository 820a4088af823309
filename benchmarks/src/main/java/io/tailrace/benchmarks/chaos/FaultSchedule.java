package io.tailrace.benchmarks.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Draws faults from a seed: the same seed and kinds give the same faults. Most are short and hit
 * one broker. Some hit several, some happen while another one lasts, and some begin before the
 * cluster has recovered from the last one. Confined to one thread.
 */
final class FaultSchedule {
  private static final int[] CALM_MS = {200, 1_500, 4_000};

  /** The longest is longer than a session with ZooKeeper. */
  private static final int[] HOLD_MS = {100, 1_500, 10_000};

  /** One fault of so many hits several brokers, and another one goes along with a second fault. */
  private static final int UNUSUAL = 6;

  private final SplittableRandom random;
  private final List<FaultKind> kinds;
  private final int brokers;

  FaultSchedule(long seed, List<FaultKind> kinds, int brokers) {
    this.random = new SplittableRandom(seed);
    this.kinds = List.copyOf(kinds);
    this.brokers = brokers;
  }

  PlannedFault next() {
    List<Integer> order = new ArrayList<>();
    for (int id = 0; id < brokers; id++) {
      order.add(random.nextInt(order.size() + 1), id);
    }
    FaultKind kind = kinds.get(random.nextInt(kinds.size()));
    boolean several = random.nextInt(UNUSUAL) == 0;
    List<Integer> hit =
        switch (kind) {
          case ZOOKEEPER -> List.of();
          case ONEWAY -> order.subList(0, 2);
          default -> order.subList(0, several ? 1 + random.nextInt(brokers) : 1);
        };
    return new PlannedFault(
        kind,
        List.copyOf(hit),
        kind == FaultKind.ZOOKEEPER && random.nextBoolean(),
        draw(CALM_MS),
        draw(HOLD_MS),
        random.nextInt(UNUSUAL) == 0
            ? meanwhile(kind, order.subList(hit.size(), brokers))
            : List.of());
  }

  /** A fault of one of the other brokers, or of ZooKeeper. */
  private List<PlannedFault> meanwhile(FaultKind first, List<Integer> others) {
    FaultKind kind = kinds.get(random.nextInt(kinds.size()));
    boolean possible =
        switch (kind) {
          case ZOOKEEPER -> first != FaultKind.ZOOKEEPER;
          case ONEWAY -> others.size() > 1;
          // A broker that starts waits for ZooKeeper, which comes back later.
          case KILL, RESTART -> !others.isEmpty() && first != FaultKind.ZOOKEEPER;
          case PAUSE, PARTITION -> !others.isEmpty();
        };
    if (!possible) {
      return List.of();
    }
    int hit =
        switch (kind) {
          case ZOOKEEPER -> 0;
          case ONEWAY -> 2;
          default -> 1;
        };
    return List.of(
        new PlannedFault(
            kind,
            List.copyOf(others.subList(0, hit)),
            kind == FaultKind.ZOOKEEPER && random.nextBoolean(),
            0,
            draw(HOLD_MS),
            List.of()));
  }

  /** Up to one of these, each as likely, so that short times are frequent. */
  private int draw(int[] limitsMs) {
    return random.nextInt(limitsMs[random.nextInt(limitsMs.length)]);
  }
}
