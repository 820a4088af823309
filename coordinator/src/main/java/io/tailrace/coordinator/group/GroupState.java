package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/** One group. Changed by {@link GroupsState} alone. */
public final class GroupState {
  private final String id;
  private final NavigableMap<String, GroupMember> members = new TreeMap<>();
  private final NavigableMap<TopicIdPartition, CommittedOffset> offsets = new TreeMap<>();
  private GroupHeader header = GroupHeader.NEW;
  private ClassicGeneration classic;

  GroupState(String id) {
    this.id = id;
  }

  /** The group's name. */
  public String id() {
    return id;
  }

  public GroupHeader header() {
    return header;
  }

  /** Of its members that use Kafka's classic protocol; null where there never were any. */
  public ClassicGeneration classic() {
    return classic;
  }

  /** Whether it has members, of either protocol. */
  public boolean hasMembers() {
    return !members.isEmpty() || (classic != null && !classic.members().isEmpty());
  }

  /** When the last member left, milliseconds since 1970; 0 = never. */
  long emptySinceMs() {
    return Math.max(header.emptySinceMs(), classic == null ? 0 : classic.emptySinceMs());
  }

  /** By member id, but for those that use Kafka's classic protocol. A view. */
  public NavigableMap<String, GroupMember> members() {
    return Collections.unmodifiableNavigableMap(members);
  }

  /** The committed offsets. A view. */
  public NavigableMap<TopicIdPartition, CommittedOffset> offsets() {
    return Collections.unmodifiableNavigableMap(offsets);
  }

  /** {@code empty}, {@code stable}, or {@code reconciling} while partitions move. */
  public String label() {
    if (!hasMembers()) {
      return "empty";
    }
    if (members.isEmpty()) {
      return classic.assigned() ? "stable" : "reconciling";
    }
    return members.values().stream().allMatch(GroupMember::settled) ? "stable" : "reconciling";
  }

  void replay(GroupRecord record) {
    if (record instanceof GroupRecord.Header change) {
      header = change.value() == null ? GroupHeader.NEW : change.value();
    } else if (record instanceof GroupRecord.Member change) {
      put(members, change.memberId(), change.value());
    } else if (record instanceof GroupRecord.Offset change) {
      put(offsets, change.partition(), change.value());
    } else if (record instanceof GroupRecord.Classic change) {
      classic = change.value();
    }
  }

  private static <K, V> void put(NavigableMap<K, V> map, K key, V value) {
    if (value == null) {
      map.remove(key);
    } else {
      map.put(key, value);
    }
  }

  /** Whether nothing of it is left. */
  boolean isNothing() {
    return members.isEmpty()
        && offsets.isEmpty()
        && classic == null
        && header.equals(GroupHeader.NEW);
  }
}
