package io.tailrace.benchmarks.chaos;

import java.util.Locale;

/** What is done to a cluster. */
public enum FaultKind {
  /** {@code kill -9} of brokers, which are started again later. */
  KILL,
  /** SIGSTOP of brokers, and SIGCONT later. */
  PAUSE,
  /** Brokers are stopped in order and started again. */
  RESTART,
  /** ZooKeeper is killed and started again, or frozen. */
  ZOOKEEPER,
  /** Brokers are cut off from everything: the other brokers, ZooKeeper and clients. */
  PARTITION,
  /** What one broker sends to another one is lost, and what comes back is not. */
  ONEWAY;

  /** Whether it needs a network in which links can be cut. */
  boolean needsNetwork() {
    return this == PARTITION || this == ONEWAY;
  }

  /** The name in options and histories. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
