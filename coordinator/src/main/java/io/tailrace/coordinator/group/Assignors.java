package io.tailrace.coordinator.group;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The assignors that there are, and which of them a group uses. Stateless. */
final class Assignors {
  private static final Map<String, Assignor> BY_NAME = new TreeMap<>();

  static {
    for (Assignor each :
        List.of(new UniformAssignor(), new RangeAssignor(), new ConsistentHashAssignor())) {
      BY_NAME.put(each.name(), each);
    }
  }

  private Assignors() {}

  /** Whether a member may ask for it; empty = no preference. */
  static boolean isKnown(String name) {
    return name.isEmpty() || BY_NAME.containsKey(name);
  }

  /** The names, for messages. */
  static String names() {
    return String.join(", ", BY_NAME.keySet());
  }

  /** The one that most members ask for; of equally many the first by name; uniform if none do. */
  static Assignor chosenBy(Collection<GroupMember> members) {
    Map<String, Integer> votes = new TreeMap<>();
    for (GroupMember member : members) {
      if (BY_NAME.containsKey(member.info().assignor())) {
        votes.merge(member.info().assignor(), 1, Integer::sum);
      }
    }
    String chosen = UniformAssignor.NAME;
    int most = 0;
    for (Map.Entry<String, Integer> vote : votes.entrySet()) {
      if (vote.getValue() > most) {
        chosen = vote.getKey();
        most = vote.getValue();
      }
    }
    return BY_NAME.get(chosen);
  }
}
