package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;
import java.util.List;

/**
 * A member wants to be in the group's next generation.
 *
 * @param memberId empty = it is new
 * @param newMemberId the id that it gets if it is new; unlike any other
 * @param instanceId of a static member; empty = none
 * @param idFirst whether a new member first receives its id, and joins again with it
 * @param protocols that it understands, those it likes best first
 */
public record ClassicJoin(
    String group,
    String memberId,
    String newMemberId,
    String instanceId,
    String clientId,
    boolean idFirst,
    String protocolType,
    List<Protocol> protocols,
    int sessionTimeoutMs,
    int rebalanceTimeoutMs) {

  /** Copies the protocols. */
  public ClassicJoin {
    protocols = List.copyOf(protocols);
  }

  /** A protocol, and what the member says of itself in it; opaque. */
  public record Protocol(String name, ByteString metadata) {}
}
