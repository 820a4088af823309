package io.tailrace.coordinator.group;

/** Names a member of a group. */
public record MemberKey(String group, String memberId) {}
