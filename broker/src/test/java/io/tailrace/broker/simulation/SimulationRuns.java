package io.tailrace.broker.simulation;

import java.io.PrintStream;

/**
 * Runs simulations: each seed twice, since a run that does not follow from its seed alone cannot be
 * repeated.
 */
final class SimulationRuns {
  private final PrintStream out;
  private final SeededBug bug;
  private long steps;
  private int seeds;

  /**
   * @param out gets a line about the settings of a seed that fails, and how to repeat it
   * @param bug the mistake that is made; null = none
   */
  SimulationRuns(PrintStream out, SeededBug bug) {
    this.out = out;
    this.bug = bug;
  }

  /** Steps that were taken, each seed's counted once. */
  long steps() {
    return steps;
  }

  /** Seeds that were run. */
  int seeds() {
    return seeds;
  }

  /**
   * Runs one seed twice.
   *
   * @throws SimulationFailure when an invariant is broken, or the two runs differ
   */
  void run(long seed) {
    Simulation first = runOnce(seed);
    Simulation second = runOnce(seed);
    if (first.trace() != second.trace()) {
      fail(seed, first, new SimulationFailure("the two runs of the seed differ"));
    }
    steps += first.steps();
    seeds++;
  }

  private Simulation runOnce(long seed) {
    Simulation simulation = new Simulation(seed, bug);
    try {
      simulation.run();
      return simulation;
    } catch (RuntimeException e) {
      throw fail(seed, simulation, e);
    }
  }

  private SimulationFailure fail(long seed, Simulation simulation, RuntimeException cause) {
    String message =
        "seed "
            + seed
            + " fails after "
            + simulation.steps()
            + " steps: "
            + cause.getMessage()
            + "; repeat it with: ./mvnw -pl broker -am test -Dtest=SimulationTest"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.seed="
            + seed
            + (bug == null ? "" : " -Dsimulation.bug=" + bug);
    out.println(message + " (" + simulation + ")");
    throw new SimulationFailure(message, cause);
  }
}
