package io.tailrace.broker.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Fresh seeds of a {@link SimulatedCluster} for a while, and a recorded seed for each mistake of
 * {@link ClusterBug}, which must be found. System properties say otherwise: {@code cluster.seed}
 * runs that seed only, {@code cluster.steps} runs fresh seeds until so many steps were taken, and
 * {@code cluster.bug} makes one of the mistakes.
 */
class SimulatedClusterTest {
  private static final long MAX_NANOS = 12_000_000_000L;
  private static final long MAX_SEARCH_NANOS = 60_000_000_000L;
  private static final long MAX_STEPS = 100_000;
  private static final Logger TAILRACE = (Logger) LoggerFactory.getLogger("io.tailrace");

  private static Level before;

  /** Brokers lose each other on purpose. */
  @BeforeAll
  static void keepTheLogSilent() {
    before = TAILRACE.getLevel();
    TAILRACE.setLevel(Level.OFF);
  }

  @AfterAll
  static void letTheLogSpeak() {
    TAILRACE.setLevel(before);
  }

  @Test
  void keepsItsPromisesWhateverHappens() {
    String name = System.getProperty("cluster.bug");
    ClusterBug bug = name == null ? null : ClusterBug.valueOf(name);
    Long seed = Long.getLong("cluster.seed");
    long steps = seed == null ? runFreshSeeds(bug, Long.getLong("cluster.steps")) : run(seed, bug);
    assertTrue(steps > 0);
  }

  private static long runFreshSeeds(ClusterBug bug, Long stepsWanted) {
    long wanted = stepsWanted == null ? MAX_STEPS : stepsWanted;
    long begin = System.nanoTime();
    long seed = ThreadLocalRandom.current().nextLong(1L << 40);
    System.err.println("simulating clusters of fresh seeds from " + seed);
    long steps = 0;
    while (steps < wanted && (stepsWanted != null || System.nanoTime() - begin < MAX_NANOS)) {
      steps += run(seed++, bug);
    }
    System.err.println("simulated " + steps + " steps of clusters");
    return steps;
  }

  private static long run(long seed, ClusterBug bug) {
    SimulatedCluster cluster = new SimulatedCluster(seed, bug);
    try {
      cluster.run();
    } catch (RuntimeException e) {
      String message =
          "seed " + seed + (bug == null ? "" : " with " + bug) + " fails: " + e.getMessage();
      throw new SimulationFailure(message + " (" + cluster + ")", e);
    }
    return cluster.steps();
  }

  @Test
  void aSeedAlwaysGivesTheSameHistory() {
    SimulatedCluster first = new SimulatedCluster(4711, null);
    SimulatedCluster second = new SimulatedCluster(4711, null);
    first.run();
    second.run();
    assertEquals(first.trace(), second.trace());
    assertEquals(first.toString(), second.toString());
  }

  /**
   * By the recorded seed, or by fresh ones within a minute: what a seed does changes with the code.
   */
  @ParameterizedTest
  @EnumSource
  void findsEachMistake(ClusterBug bug) {
    SimulationFailure found =
        assertThrows(
            SimulationFailure.class,
            () -> {
              run(bug.seed(), bug);
              System.err.println("seed " + bug.seed() + " does not find " + bug + " any more");
              long begin = System.nanoTime();
              for (long seed = 1; System.nanoTime() - begin < MAX_SEARCH_NANOS; seed++) {
                run(seed, bug);
              }
            });
    System.err.println(found.getMessage());
  }
}
