package io.tailrace.broker.group;

import io.tailrace.coordinator.group.GroupState;

/** A group in a list of groups. */
public record GroupSummary(String group, String state, int members, String assignor) {
  static GroupSummary of(GroupState group) {
    return new GroupSummary(
        group.id(), group.label(), group.members().size(), group.header().assignor());
  }
}
