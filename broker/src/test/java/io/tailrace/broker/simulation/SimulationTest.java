package io.tailrace.broker.simulation;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Fresh seeds for half a minute, and a recorded seed for each seeded bug. System properties say
 * otherwise: {@code simulation.seed} runs that seed only, {@code simulation.steps} runs fresh seeds
 * until so many steps were taken, and {@code simulation.bug} makes one of {@link SeededBug}.
 */
class SimulationTest {
  private static final long MAX_NANOS = 25_000_000_000L;
  private static final long MAX_STEPS = 300_000;
  private static final Logger TAILRACE = (Logger) LoggerFactory.getLogger("io.tailrace");

  private static Level before;

  /** Thousands of partitions go offline on purpose. */
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
    String bug = System.getProperty("simulation.bug");
    SimulationRuns runs =
        new SimulationRuns(System.err, bug == null ? null : SeededBug.valueOf(bug));
    Long seed = Long.getLong("simulation.seed");
    if (seed != null) {
      runs.run(seed);
    } else {
      runFreshSeeds(runs, Long.getLong("simulation.steps"));
    }
    assertTrue(runs.seeds() > 0);
  }

  private static void runFreshSeeds(SimulationRuns runs, Long stepsWanted) {
    long steps = stepsWanted == null ? MAX_STEPS : stepsWanted;
    long begin = System.nanoTime();
    long first = ThreadLocalRandom.current().nextLong(1L << 40);
    System.err.println("simulating fresh seeds from " + first);
    for (long seed = first;
        runs.steps() < steps && (stepsWanted != null || System.nanoTime() - begin < MAX_NANOS);
        seed++) {
      runs.run(seed);
    }
    System.err.println("simulated " + runs.steps() + " steps of " + runs.seeds() + " seeds");
  }

  /** Recorded: each of these seeds has failed once. */
  @ParameterizedTest
  @ValueSource(longs = {1, 175, 466, 605, 290180374170L, 273548905906L})
  void keepsItsPromisesWithEverySeedThatHasFailed(long seed) {
    new SimulationRuns(System.err, null).run(seed);
  }

  /** Recorded: each of these seeds is clean, and finds the mistake. */
  @ParameterizedTest
  @CsvSource({
    "HIGH_WATERMARK_AT_LOG_END, 142, acknowledged and lost",
    "FAILED_SYNC_FORGOTTEN, 132, acknowledged and lost",
    "EARLY_ACK_ON_PARTIAL_FAILURE, 55, the high watermark is",
    "DUPLICATE_ANSWERED_UNSYNCED, 79, the high watermark is",
    "PRODUCER_STATE_OUTLIVES_ITS_LOG, 18, is there twice"
  })
  void findsASeededBugByARecordedSeed(SeededBug bug, long seed, String finding) {
    new SimulationRuns(System.err, null).run(seed);
    SimulationRuns wrong = new SimulationRuns(System.err, bug);
    SimulationFailure found = assertThrows(SimulationFailure.class, () -> wrong.run(seed));
    assertTrue(found.getMessage().contains(finding), found.getMessage());
  }
}
