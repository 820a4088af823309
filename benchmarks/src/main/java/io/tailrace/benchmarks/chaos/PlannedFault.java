package io.tailrace.benchmarks.chaos;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A fault that is going to happen.
 *
 * @param kind what is done
 * @param brokers to which brokers, in this order; empty when it concerns none
 * @param calmMs how long nothing is done before it
 * @param holdMs how long it lasts
 */
record PlannedFault(FaultKind kind, List<Integer> brokers, int calmMs, int holdMs) {

  /** For histories and people: {@code kill 0,2}. */
  @Override
  public String toString() {
    return kind + " " + brokers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
