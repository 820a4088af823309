package io.tailrace.coordinator.group;

import com.google.protobuf.ByteString;

/**
 * A member of a generation. Immutable.
 *
 * @param instanceId of a static member; empty = none
 * @param metadata what it says of itself in the generation's protocol; opaque
 * @param assignment what the leader has given it; opaque, empty before
 */
public record ClassicMember(
    String id,
    String instanceId,
    String clientId,
    int sessionTimeoutMs,
    int rebalanceTimeoutMs,
    ByteString metadata,
    ByteString assignment) {}
