package io.tailrace.coordinator.group;

import java.util.Map;
import java.util.NavigableSet;
import java.util.SortedMap;

/** Decides which member of a group is to read which partition. Pure: equal inputs, equal result. */
public interface Assignor {

  /** How members ask for it. */
  String name();

  /**
   * Assigns every partition of a subscribed topic to exactly one of its subscribers.
   *
   * @param subscriptions by member id, the partitions of all topics that the member subscribes to
   * @param current by member id, what the member is to have now; not every member has an entry
   * @return by member id, what it is to have; an entry for each member
   */
  Map<String, NavigableSet<TopicIdPartition>> assign(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, ? extends NavigableSet<TopicIdPartition>> current);
}
