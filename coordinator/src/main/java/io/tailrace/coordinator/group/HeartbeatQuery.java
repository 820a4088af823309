package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * A member's sign of life.
 *
 * @param sequence grows with each heartbeat of the member
 * @param memberEpoch the newest that the member has received; 0 = it joins
 * @param leave whether it leaves the group
 * @param info what the member reports about itself; null = unchanged
 * @param owned what it reads, or has not finished giving up
 */
public record HeartbeatQuery(
    String group,
    String memberId,
    long sequence,
    int memberEpoch,
    boolean leave,
    MemberInfo info,
    Set<TopicIdPartition> owned) {

  /** Copies the set. */
  public HeartbeatQuery {
    owned = Collections.unmodifiableSet(new TreeSet<>(owned));
  }
}
