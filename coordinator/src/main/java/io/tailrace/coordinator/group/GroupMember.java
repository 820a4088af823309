package io.tailrace.coordinator.group;

import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One member of a group. Immutable.
 *
 * @param epoch grows with each change of {@code assigned}
 * @param assigned what the member may read, each with the member epoch at which it was assigned
 * @param revoking what the member has to give up and has not confirmed: it still owns it
 * @param target what the member is to have in the end
 */
public record GroupMember(
    String id,
    MemberInfo info,
    int epoch,
    NavigableMap<TopicIdPartition, Integer> assigned,
    NavigableMap<TopicIdPartition, Integer> revoking,
    NavigableSet<TopicIdPartition> target) {

  /** Copies the collections. */
  public GroupMember {
    assigned = Collections.unmodifiableNavigableMap(new TreeMap<>(assigned));
    revoking = Collections.unmodifiableNavigableMap(new TreeMap<>(revoking));
    target = Collections.unmodifiableNavigableSet(new TreeSet<>(target));
  }

  /** A member that has just joined. */
  static GroupMember joining(String id, MemberInfo info) {
    return new GroupMember(id, info, 1, new TreeMap<>(), new TreeMap<>(), new TreeSet<>());
  }

  /** Whether it has what it is to have, and nothing else. */
  public boolean settled() {
    return revoking.isEmpty() && assigned.keySet().equals(target);
  }

  /** The member epoch at which the partition was assigned; null when it is not the member's. */
  Integer ownedSince(TopicIdPartition partition) {
    Integer since = assigned.get(partition);
    return since != null ? since : revoking.get(partition);
  }

  GroupMember withInfo(MemberInfo changed) {
    return new GroupMember(id, changed, epoch, assigned, revoking, target);
  }

  GroupMember withTarget(Set<TopicIdPartition> changed) {
    return target.equals(changed)
        ? this
        : new GroupMember(id, info, epoch, assigned, revoking, new TreeSet<>(changed));
  }

  /** The same member once it has given up what it does not own any more. */
  GroupMember confirm(Set<TopicIdPartition> owned) {
    if (revoking.isEmpty() || owned.containsAll(revoking.keySet())) {
      return this;
    }
    TreeMap<TopicIdPartition, Integer> left = new TreeMap<>(revoking);
    left.keySet().retainAll(owned);
    return new GroupMember(id, info, epoch, assigned, left, target);
  }

  /** The same member on its way to its target, with these partitions that are free. */
  GroupMember advance(Set<TopicIdPartition> free) {
    TreeMap<TopicIdPartition, Integer> keep = new TreeMap<>(assigned);
    keep.keySet().retainAll(target);
    if (free.isEmpty() && keep.size() == assigned.size()) {
      return this;
    }
    TreeMap<TopicIdPartition, Integer> give = new TreeMap<>(assigned);
    give.keySet().removeAll(target);
    give.putAll(revoking);
    free.forEach(partition -> keep.put(partition, epoch + 1));
    return new GroupMember(id, info, epoch + 1, keep, give, target);
  }

  /**
   * The member that takes the place of this one, which is dead: what this one may read becomes its
   * own, and what this one was giving up is free.
   */
  GroupMember replacedBy(String newId, MemberInfo newInfo) {
    TreeMap<TopicIdPartition, Integer> taken = new TreeMap<>();
    assigned.keySet().forEach(partition -> taken.put(partition, epoch + 1));
    return new GroupMember(newId, newInfo, epoch + 1, taken, new TreeMap<>(), target);
  }

  /** Everything that no other member may get. */
  Map<TopicIdPartition, Integer> owned() {
    Map<TopicIdPartition, Integer> all = new TreeMap<>(assigned);
    all.putAll(revoking);
    return all;
  }
}
