package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a member reports about itself. Immutable.
 *
 * @param topics the names of the topics that it subscribes to
 * @param pattern topics whose whole name matches are subscribed to as well; empty = none
 * @param assignor its preference; empty = none
 * @param instanceId of a member that keeps its partitions over a restart; empty = none
 * @param sessionTimeoutMs without a heartbeat for so long it is removed
 * @param rebalanceTimeoutMs how long it may take to give up partitions
 */
public record MemberInfo(
    Set<String> topics,
    String pattern,
    String assignor,
    String instanceId,
    String clientId,
    int sessionTimeoutMs,
    int rebalanceTimeoutMs) {

  /** Copies the topics. */
  public MemberInfo {
    topics = Collections.unmodifiableSet(new TreeSet<>(topics));
  }

  /** Whether it keeps its partitions over a restart. */
  public boolean isStatic() {
    return !instanceId.isEmpty();
  }

  /** Whether the same partitions would be assigned. */
  boolean subscribesAs(MemberInfo other) {
    return topics.equals(other.topics)
        && pattern.equals(other.pattern)
        && assignor.equals(other.assignor);
  }
}
