package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;
import java.util.List;

/** The answer to a request of Kafka's classic group protocol. */
public sealed interface ClassicAnswer {

  /**
   * A heartbeat, a departure, or something that was refused.
   *
   * @param memberId the id to join with after {@code MEMBER_ID_REQUIRED}; otherwise that of the
   *     request
   */
  record Plain(ClassicError error, String memberId) implements ClassicAnswer {}

  /**
   * The member is in a generation.
   *
   * @param members all members, for the leader; none for the others
   */
  record Joined(
      int generation,
      String protocolType,
      String protocol,
      String leader,
      String memberId,
      List<ClassicMember> members)
      implements ClassicAnswer {}

  /** What the leader has given the member; opaque. */
  record Synced(String protocolType, String protocol, ByteString assignment)
      implements ClassicAnswer {}
}
