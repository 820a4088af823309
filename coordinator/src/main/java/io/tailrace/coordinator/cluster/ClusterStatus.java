package io.tailrace.coordinator.cluster;

/**
 * How a process stands with the metadata store. Immutable.
 *
 * @param problem one sentence for people; empty when {@link Kind#CONNECTED}
 */
public record ClusterStatus(Kind kind, String problem) {

  /** What is wrong, if anything. */
  public enum Kind {
    /** The store answers, and holds this process's cluster. */
    CONNECTED,
    /** There is no connection: what is known may be outdated, and nothing can be changed. */
    AWAY,
    /** The store holds another cluster or none: nothing is led, read or written. */
    WRONG_CLUSTER,
    /** Another process is this broker. */
    REPLACED,
    /** The process has left the cluster, or is about to. */
    LEFT
  }

  /** Whether the process does not register again when its registration ends. */
  public boolean leaving() {
    return switch (kind) {
      case CONNECTED, AWAY -> false;
      case WRONG_CLUSTER, REPLACED, LEFT -> true;
    };
  }

  static final ClusterStatus CONNECTED = new ClusterStatus(Kind.CONNECTED, "");
  static final ClusterStatus AWAY =
      new ClusterStatus(Kind.AWAY, "there is no connection to ZooKeeper");
  static final ClusterStatus LEFT =
      new ClusterStatus(Kind.LEFT, "the broker is leaving the cluster");
}
