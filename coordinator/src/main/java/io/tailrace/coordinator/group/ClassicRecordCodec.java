package io.tailrace.coordinator.group;

import io.tailrace.coordinator.message.ClassicMemberValue;
import io.tailrace.coordinator.message.ClassicValue;

/** Generations as values of the topic {@code __consumer_offsets}. Stateless. */
final class ClassicRecordCodec {
  private ClassicRecordCodec() {}

  static ClassicValue toMessage(ClassicGeneration generation) {
    ClassicValue.Builder value =
        ClassicValue.newBuilder()
            .setProtocolType(generation.protocolType())
            .setGeneration(generation.generation())
            .setProtocol(generation.protocol())
            .setLeader(generation.leader())
            .setAssigned(generation.assigned())
            .setEmptySinceMs(generation.emptySinceMs());
    for (ClassicMember member : generation.members()) {
      value.addMembers(
          ClassicMemberValue.newBuilder()
              .setId(member.id())
              .setInstanceId(member.instanceId())
              .setClientId(member.clientId())
              .setSessionTimeoutMs(member.sessionTimeoutMs())
              .setRebalanceTimeoutMs(member.rebalanceTimeoutMs())
              .setMetadata(member.metadata())
              .setAssignment(member.assignment()));
    }
    return value.build();
  }

  static ClassicGeneration read(ClassicValue value) {
    return new ClassicGeneration(
        value.getProtocolType(),
        value.getGeneration(),
        value.getProtocol(),
        value.getLeader(),
        value.getAssigned(),
        value.getEmptySinceMs(),
        value.getMembersList().stream().map(ClassicRecordCodec::read).toList());
  }

  private static ClassicMember read(ClassicMemberValue value) {
    return new ClassicMember(
        value.getId(),
        value.getInstanceId(),
        value.getClientId(),
        value.getSessionTimeoutMs(),
        value.getRebalanceTimeoutMs(),
        value.getMetadata(),
        value.getAssignment());
  }
}
