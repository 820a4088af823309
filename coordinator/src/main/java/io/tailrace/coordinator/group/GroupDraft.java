package io.tailrace.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A group as a request would have it. Nothing of the state changes: what differs in the end becomes
 * records. Used once, by one thread.
 */
final class GroupDraft {
  private final GroupState before;
  private final TreeMap<String, GroupMember> members;
  private GroupHeader header;

  GroupDraft(GroupState before) {
    this.before = before;
    this.members = new TreeMap<>(before.members());
    this.header = before.header();
  }

  void put(GroupMember member) {
    members.put(member.id(), member);
  }

  void remove(String memberId) {
    members.remove(memberId);
  }

  /**
   * Works out what each member is to have.
   *
   * @param wallMs milliseconds since 1970
   */
  void retarget(TopicDirectory topics, long wallMs) {
    Assignor assignor = Assignors.chosenBy(members.values());
    TreeMap<String, NavigableSet<TopicIdPartition>> subscriptions = new TreeMap<>();
    Map<String, NavigableSet<TopicIdPartition>> current = new HashMap<>();
    Set<UUID> subscribed = new HashSet<>();
    members.forEach(
        (id, member) -> {
          NavigableSet<TopicIdPartition> partitions = partitions(member, topics, subscribed);
          subscriptions.put(id, partitions);
          current.put(id, member.target());
        });
    Map<String, NavigableSet<TopicIdPartition>> targets = assignor.assign(subscriptions, current);
    boolean changed = !members.keySet().equals(before.members().keySet());
    for (GroupMember member : List.copyOf(members.values())) {
      GroupMember retargeted = member.withTarget(targets.get(member.id()));
      changed |= !retargeted.equals(before.members().get(member.id()));
      put(retargeted);
    }
    if (changed) {
      header =
          new GroupHeader(
              before.header().epoch() + 1,
              members.isEmpty() ? before.header().assignor() : assignor.name(),
              emptySinceMs(wallMs),
              unsubscribedSinceMs(subscribed, wallMs));
    }
  }

  private static NavigableSet<TopicIdPartition> partitions(
      GroupMember member, TopicDirectory topics, Set<UUID> subscribed) {
    Set<String> names = new TreeSet<>(member.info().topics());
    TreeSet<TopicIdPartition> partitions = new TreeSet<>();
    String pattern = member.info().pattern();
    Collection<String> matching = pattern.isEmpty() ? List.of() : topics.matching(pattern);
    if (matching != null) {
      names.addAll(matching);
    } else { // not known yet: what it has stays its own until then
      partitions.addAll(member.target());
      member.target().forEach(partition -> subscribed.add(partition.topicId()));
    }
    for (String name : names) {
      TopicDirectory.Entry topic = topics.byName(name);
      if (topic != null) {
        subscribed.add(topic.id());
        for (int i = 0; i < topic.partitions(); i++) {
          partitions.add(new TopicIdPartition(topic.id(), i));
        }
      }
    }
    return partitions;
  }

  private long emptySinceMs(long wallMs) {
    if (!members.isEmpty()) {
      return 0;
    }
    return before.members().isEmpty() ? before.header().emptySinceMs() : wallMs;
  }

  private Map<UUID, Long> unsubscribedSinceMs(Set<UUID> subscribed, long wallMs) {
    Map<UUID, Long> since = new HashMap<>();
    if (members.isEmpty()) {
      return before.header().unsubscribedSinceMs(); // for the rest the group's own moment counts
    }
    for (TopicIdPartition partition : before.offsets().keySet()) {
      UUID topic = partition.topicId();
      if (!subscribed.contains(topic)) {
        since.put(topic, before.header().unsubscribedSinceMs().getOrDefault(topic, wallMs));
      }
    }
    return since;
  }

  /**
   * Brings every member as near to its target as can be: takes what it is not to have, and gives it
   * what it is to have and nobody owns. A partition that a member has yet to give up is owned.
   */
  void advance() {
    Set<TopicIdPartition> owned = new HashSet<>();
    members.values().forEach(member -> owned.addAll(member.owned().keySet()));
    for (GroupMember member : List.copyOf(members.values())) {
      Set<TopicIdPartition> free = new TreeSet<>(member.target());
      free.removeIf(partition -> !owned.add(partition));
      put(member.advance(free));
    }
  }

  /** What differs from the state, members that have lost partitions first. */
  List<GroupRecord> records() {
    List<GroupRecord> records = new ArrayList<>();
    String group = before.id();
    if (!header.equals(before.header())) {
      records.add(new GroupRecord.Header(group, header));
    }
    for (String id : before.members().keySet()) {
      if (!members.containsKey(id)) {
        records.add(new GroupRecord.Member(group, id, null));
      }
    }
    List<GroupRecord> others = new ArrayList<>();
    members.forEach(
        (id, member) -> {
          GroupMember was = before.members().get(id);
          if (!Objects.equals(member, was)) {
            boolean lost =
                was != null && !member.owned().keySet().containsAll(was.owned().keySet());
            (lost ? records : others).add(new GroupRecord.Member(group, id, member));
          }
        });
    records.addAll(others);
    return records;
  }
}
