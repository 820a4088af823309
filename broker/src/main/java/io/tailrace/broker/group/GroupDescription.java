package io.tailrace.broker.group;

import io.tailrace.coordinator.group.ClassicGeneration;
import io.tailrace.coordinator.group.ClassicMember;
import io.tailrace.coordinator.group.GroupMember;
import io.tailrace.coordinator.group.GroupState;
import io.tailrace.coordinator.group.MemberInfo;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A group as it is shown.
 *
 * @param epoch grows with each change of members, subscriptions or topics
 */
public record GroupDescription(
    String state, int epoch, String assignor, List<GroupMember> members) {
  static GroupDescription of(GroupState group) {
    if (group == null) {
      return null;
    }
    ClassicGeneration classic = group.members().isEmpty() ? group.classic() : null;
    return classic == null
        ? new GroupDescription(
            group.label(),
            group.header().epoch(),
            group.header().assignor(),
            List.copyOf(group.members().values()))
        : new GroupDescription(
            group.label(),
            classic.generation(),
            classic.protocol(),
            classic.members().stream().map(member -> of(classic, member)).toList());
  }

  /** Without partitions: what members of the classic protocol assign to each other is opaque. */
  private static GroupMember of(ClassicGeneration classic, ClassicMember member) {
    return new GroupMember(
        member.id(),
        new MemberInfo(
            Set.of(),
            "",
            classic.protocol(),
            member.instanceId(),
            member.clientId(),
            member.sessionTimeoutMs(),
            member.rebalanceTimeoutMs()),
        classic.generation(),
        new TreeMap<>(),
        new TreeMap<>(),
        new TreeSet<>());
  }
}
