package io.tailrace.coordinator.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Divides each topic among its subscribers into runs of neighbouring partitions, the same for
 * topics with as many partitions: records of one key in several such topics go to one member.
 * Partitions move whenever members come and go.
 */
final class RangeAssignor implements Assignor {
  @Override
  public String name() {
    return "range";
  }

  @Override
  public Map<String, NavigableSet<TopicIdPartition>> assign(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, ? extends NavigableSet<TopicIdPartition>> current) {
    Map<String, NavigableSet<TopicIdPartition>> targets = new TreeMap<>();
    Map<UUID, List<String>> subscribers = new TreeMap<>();
    Map<UUID, NavigableSet<TopicIdPartition>> topics = new TreeMap<>();
    subscriptions.forEach(
        (member, subscribed) -> {
          targets.put(member, new TreeSet<>());
          for (TopicIdPartition partition : subscribed) {
            if (topics
                .computeIfAbsent(partition.topicId(), topic -> new TreeSet<>())
                .add(partition)) {
              subscribers.computeIfAbsent(partition.topicId(), topic -> new ArrayList<>());
            }
            List<String> ofTopic = subscribers.get(partition.topicId());
            if (ofTopic.isEmpty() || !ofTopic.get(ofTopic.size() - 1).equals(member)) {
              ofTopic.add(member);
            }
          }
        });
    topics.forEach((topic, partitions) -> divide(partitions, subscribers.get(topic), targets));
    return targets;
  }

  private static void divide(
      NavigableSet<TopicIdPartition> partitions,
      List<String> members,
      Map<String, NavigableSet<TopicIdPartition>> targets) {
    int count = partitions.size();
    int i = 0;
    for (TopicIdPartition partition : partitions) {
      int member = (int) ((long) i * members.size() / count);
      targets.get(members.get(member)).add(partition);
      i++;
    }
  }
}
