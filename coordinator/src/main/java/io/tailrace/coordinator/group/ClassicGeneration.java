package io.tailrace.coordinator.group;

import java.util.List;

/**
 * A group of Kafka's classic protocol as it stands in the log: its newest generation. Immutable.
 *
 * @param protocolType what the members are, such as {@code consumer}
 * @param generation grows with every rebalance
 * @param protocol that all members understand, chosen by their votes; empty in a group that is
 * @param leader the member that assigns; empty in a group that is
 * @param assigned whether the leader has done so
 * @param emptySinceMs when the last member left, milliseconds since 1970; 0 = there are members
 */
public record ClassicGeneration(
    String protocolType,
    int generation,
    String protocol,
    String leader,
    boolean assigned,
    long emptySinceMs,
    List<ClassicMember> members) {

  /** Copies the members. */
  public ClassicGeneration {
    members = List.copyOf(members);
  }
}
