package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * A sign of life of a member that uses Kafka's consumer protocol (KIP-848): it tells only what has
 * changed since it told it last.
 *
 * @param sequence grows with each heartbeat of the member
 * @param memberEpoch the newest that it was told; 0 = it joins
 * @param leave whether it leaves the group
 * @param change what it tells of itself
 * @param owned what it owns; null = as it told last
 */
public record ConsumerHeartbeat(
    String group,
    String memberId,
    long sequence,
    int memberEpoch,
    boolean leave,
    MemberChange change,
    Set<TopicIdPartition> owned) {

  /** Copies the set. */
  public ConsumerHeartbeat {
    owned = owned == null ? null : Collections.unmodifiableSet(new TreeSet<>(owned));
  }

  /**
   * The same as a heartbeat that tells all.
   *
   * @param member null = the group does not have it
   */
  HeartbeatQuery toQuery(GroupMember member) {
    return new HeartbeatQuery(
        group,
        memberId,
        sequence,
        memberEpoch,
        leave,
        change.applyTo(member == null ? null : member.info()),
        owned == null ? Set.of() : owned);
  }
}
