package io.tailrace.coordinator.group;

/** Why a request of Kafka's classic group protocol is refused. */
public enum ClassicError {
  /** It is not. */
  NONE,
  /** The group does not have this member, or not any more: it joins as a new one. */
  UNKNOWN_MEMBER,
  /** The member knows another generation than the group's: it joins again. */
  ILLEGAL_GENERATION,
  /** The group waits for its members to join again. */
  REBALANCE_IN_PROGRESS,
  /** A new member must join again, with the id that the answer gives it. */
  MEMBER_ID_REQUIRED,
  /** No protocol is understood by all members, or members of the other kind are there. */
  INCONSISTENT_PROTOCOL,
  /** Another member has taken this one's instance id: it must stop. */
  FENCED_INSTANCE
}
