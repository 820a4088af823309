package io.tailrace.benchmarks.chaos;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A fault that is going to happen.
 *
 * @param kind what is done
 * @param brokers to which brokers, in this order; for {@link FaultKind#ONEWAY} the sender and the
 *     receiver; empty for {@link FaultKind#ZOOKEEPER}
 * @param frozen whether ZooKeeper is frozen instead of killed
 * @param calmMs how long nothing is done before it
 * @param holdMs how long it lasts
 * @param meanwhile faults of other servers that begin and end while it lasts
 */
record PlannedFault(
    FaultKind kind,
    List<Integer> brokers,
    boolean frozen,
    int calmMs,
    int holdMs,
    List<PlannedFault> meanwhile) {

  /** For histories and people: {@code kill 0,2}. */
  String describe() {
    return kind
        + (frozen ? " frozen" : "")
        + (brokers.isEmpty() ? "" : " ")
        + brokers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
