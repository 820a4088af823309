package io.tailrace.broker.group;

import io.tailrace.coordinator.group.ClassicGeneration;
import io.tailrace.coordinator.group.GroupState;

/**
 * A group in a list of groups.
 *
 * @param classicType what its members are that use Kafka's classic protocol; empty where they do
 *     not
 */
public record GroupSummary(
    String group, String state, int members, String assignor, String classicType) {
  static GroupSummary of(GroupState group) {
    ClassicGeneration classic = group.members().isEmpty() ? group.classic() : null;
    return classic == null
        ? new GroupSummary(
            group.id(), group.label(), group.members().size(), group.header().assignor(), "")
        : new GroupSummary(
            group.id(),
            group.label(),
            classic.members().size(),
            classic.protocol(),
            classic.protocolType());
  }
}
