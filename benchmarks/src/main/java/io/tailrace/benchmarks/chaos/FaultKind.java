package io.tailrace.benchmarks.chaos;

import java.util.Locale;

/** What is done to a cluster. */
public enum FaultKind {
  /** {@code kill -9} of brokers, which are started again later. */
  KILL,
  /** SIGSTOP of brokers, and SIGCONT later. */
  PAUSE,
  /** Brokers are stopped in order and started again. */
  RESTART;

  /** The name in options and histories. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
