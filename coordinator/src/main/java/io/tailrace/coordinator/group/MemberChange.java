package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a member tells of itself when something has changed. Immutable.
 *
 * @param topics null = as before
 * @param pattern null = as before; empty = none
 * @param assignor null = as before
 * @param instanceId null = as before
 * @param rebalanceTimeoutMs -1 = as before
 */
public record MemberChange(
    Set<String> topics,
    String pattern,
    String assignor,
    String instanceId,
    String clientId,
    int sessionTimeoutMs,
    int rebalanceTimeoutMs) {

  /** Copies the topics. */
  public MemberChange {
    topics = topics == null ? null : Collections.unmodifiableSet(new TreeSet<>(topics));
  }

  /**
   * What the member is from now on.
   *
   * @param before null = it joins
   * @return null when it joins and does not say what it subscribes to
   */
  MemberInfo applyTo(MemberInfo before) {
    if (before == null) {
      return topics == null && pattern == null
          ? null
          : new MemberInfo(
              topics == null ? Set.of() : topics,
              orEmpty(pattern),
              orEmpty(assignor),
              orEmpty(instanceId),
              clientId,
              sessionTimeoutMs,
              rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs);
    }
    return new MemberInfo(
        topics == null ? before.topics() : topics,
        pattern == null ? before.pattern() : pattern,
        assignor == null ? before.assignor() : assignor,
        before.instanceId(),
        clientId,
        sessionTimeoutMs,
        rebalanceTimeoutMs < 0 ? before.rebalanceTimeoutMs() : rebalanceTimeoutMs);
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
