package io.tailrace.coordinator.group;

/**
 * A request of one member of a generation.
 *
 * @param instanceId of a static member; empty = none
 * @param generation that it knows
 */
public record ClassicRequest(String group, String memberId, String instanceId, int generation) {}
