package io.tailrace.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.TreeMap;

/**
 * All groups of one coordinator: a function of the records of its log. Not thread-safe.
 *
 * <p>Tombstones of what is not there are ignored: compaction may keep one and drop what it removed.
 */
public final class GroupsState {
  private final TreeMap<String, GroupState> groups = new TreeMap<>();

  /** The group, or null. */
  public GroupState group(String id) {
    return groups.get(id);
  }

  /** All groups in the order of their names. A view. */
  public Collection<GroupState> groups() {
    return Collections.unmodifiableCollection(groups.values());
  }

  /** Takes in a record of the log. */
  public void replay(GroupRecord record) {
    GroupState group = groups.computeIfAbsent(record.group(), GroupState::new);
    group.replay(record);
    if (group.isNothing()) {
      groups.remove(record.group());
    }
  }

  /** Forgets everything. */
  public void clear() {
    groups.clear();
  }

  /** The fewest records that lead to this state. */
  public List<GroupRecord> records() {
    List<GroupRecord> records = new ArrayList<>();
    for (GroupState group : groups.values()) {
      records.add(new GroupRecord.Header(group.id(), group.header()));
      if (group.classic() != null) {
        records.add(new GroupRecord.Classic(group.id(), group.classic()));
      }
      group
          .members()
          .forEach((id, member) -> records.add(new GroupRecord.Member(group.id(), id, member)));
      group
          .offsets()
          .forEach((at, offset) -> records.add(new GroupRecord.Offset(group.id(), at, offset)));
    }
    return records;
  }
}
