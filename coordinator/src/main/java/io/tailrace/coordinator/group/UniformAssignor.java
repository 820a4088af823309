package io.tailrace.coordinator.group;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Gives each member as many partitions as the others, give or take one, and moves no more of them
 * than that takes. Members whose subscriptions differ are balanced as far as those allow.
 */
final class UniformAssignor implements Assignor {
  static final String NAME = "uniform";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, NavigableSet<TopicIdPartition>> assign(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, ? extends NavigableSet<TopicIdPartition>> current) {
    Map<String, NavigableSet<TopicIdPartition>> kept = kept(subscriptions, current);
    if (new HashSet<>(subscriptions.values()).size() <= 1) {
      assignEqually(subscriptions, kept);
    } else {
      assignUnequally(subscriptions, kept);
    }
    return kept;
  }

  /** What each member has and may keep; a partition that two have stays with the first. */
  private static Map<String, NavigableSet<TopicIdPartition>> kept(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, ? extends NavigableSet<TopicIdPartition>> current) {
    Map<String, NavigableSet<TopicIdPartition>> kept = new TreeMap<>();
    Set<TopicIdPartition> taken = new HashSet<>();
    subscriptions.forEach(
        (member, subscribed) -> {
          NavigableSet<TopicIdPartition> own = new TreeSet<>();
          NavigableSet<TopicIdPartition> has = current.get(member);
          if (has != null) {
            has.stream()
                .filter(each -> subscribed.contains(each) && taken.add(each))
                .forEach(own::add);
          }
          kept.put(member, own);
        });
    return kept;
  }

  private static void assignEqually(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, NavigableSet<TopicIdPartition>> kept) {
    if (subscriptions.isEmpty()) {
      return;
    }
    TreeSet<TopicIdPartition> free = new TreeSet<>(subscriptions.get(subscriptions.firstKey()));
    int least = free.size() / kept.size();
    int larger = free.size() % kept.size();
    // Those that have most may have one more than the others: fewer partitions move.
    List<String> byLoad = new ArrayList<>(kept.keySet());
    byLoad.sort(Comparator.comparingInt((String member) -> -kept.get(member).size()));
    Map<String, Integer> quotas = new HashMap<>();
    for (int i = 0; i < byLoad.size(); i++) {
      quotas.put(byLoad.get(i), i < larger ? least + 1 : least);
    }
    kept.forEach(
        (member, own) -> {
          while (own.size() > quotas.get(member)) {
            own.remove(own.last());
          }
          free.removeAll(own);
        });
    ArrayDeque<TopicIdPartition> left = new ArrayDeque<>(free);
    kept.forEach(
        (member, own) -> {
          while (own.size() < quotas.get(member)) {
            own.add(left.poll());
          }
        });
  }

  private static void assignUnequally(
      SortedMap<String, NavigableSet<TopicIdPartition>> subscriptions,
      Map<String, NavigableSet<TopicIdPartition>> kept) {
    TreeMap<TopicIdPartition, List<String>> subscribers = new TreeMap<>();
    subscriptions.forEach(
        (member, subscribed) ->
            subscribed.forEach(
                each -> subscribers.computeIfAbsent(each, all -> new ArrayList<>()).add(member)));
    Map<TopicIdPartition, String> owners = new HashMap<>();
    kept.forEach((member, own) -> own.forEach(each -> owners.put(each, member)));
    // Partitions that few may read first, so that they find a member with room.
    List<TopicIdPartition> order = new ArrayList<>(subscribers.keySet());
    order.sort(Comparator.comparingInt(each -> subscribers.get(each).size()));
    for (TopicIdPartition each : order) {
      if (!owners.containsKey(each)) {
        String member = leastLoaded(subscribers.get(each), kept);
        kept.get(member).add(each);
        owners.put(each, member);
      }
    }
    boolean moved = true;
    while (moved) { // each move makes the loads more even, so that it ends
      moved = false;
      for (TopicIdPartition each : order) {
        String owner = owners.get(each);
        String member = leastLoaded(subscribers.get(each), kept);
        if (kept.get(owner).size() > kept.get(member).size() + 1) {
          kept.get(owner).remove(each);
          kept.get(member).add(each);
          owners.put(each, member);
          moved = true;
        }
      }
    }
  }

  private static String leastLoaded(
      List<String> members, Map<String, NavigableSet<TopicIdPartition>> kept) {
    String least = members.get(0);
    for (String member : members) {
      if (kept.get(member).size() < kept.get(least).size()) {
        least = member;
      }
    }
    return least;
  }
}
