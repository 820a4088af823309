package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What concerns a group as a whole. Immutable.
 *
 * @param epoch grows with each change of members, subscriptions or topics
 * @param assignor the one that made the members' targets
 * @param emptySinceMs when the last member left, milliseconds since 1970; 0 = it has members, or
 *     never had any
 * @param unsubscribedSinceMs since when no member subscribes to a topic of which there are offsets
 */
public record GroupHeader(
    int epoch, String assignor, long emptySinceMs, Map<UUID, Long> unsubscribedSinceMs) {
  static final GroupHeader NEW = new GroupHeader(0, "", 0, Map.of());

  /** Copies the map. */
  public GroupHeader {
    unsubscribedSinceMs = Collections.unmodifiableMap(new TreeMap<>(unsubscribedSinceMs));
  }
}
