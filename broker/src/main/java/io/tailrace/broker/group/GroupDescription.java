package io.tailrace.broker.group;

import io.tailrace.coordinator.group.GroupMember;
import io.tailrace.coordinator.group.GroupState;
import java.util.List;

/**
 * A group as it is shown.
 *
 * @param epoch grows with each change of members, subscriptions or topics
 */
public record GroupDescription(
    String state, int epoch, String assignor, List<GroupMember> members) {
  static GroupDescription of(GroupState group) {
    return group == null
        ? null
        : new GroupDescription(
            group.label(),
            group.header().epoch(),
            group.header().assignor(),
            List.copyOf(group.members().values()));
  }
}
