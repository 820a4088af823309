package io.tailrace.coordinator.group;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** Topics of a test. */
final class MapTopics implements TopicDirectory {
  private final Map<String, Entry> byName = new TreeMap<>();
  private boolean unmatched;

  MapTopics with(String name, int partitions) {
    MapTopics copy = new MapTopics();
    copy.byName.putAll(byName);
    copy.byName.put(name, new Entry(name, idOf(name), partitions));
    return copy;
  }

  MapTopics without(String name) {
    MapTopics copy = new MapTopics();
    copy.byName.putAll(byName);
    copy.byName.remove(name);
    return copy;
  }

  /** The same topics with one that was deleted and made again: it has another id. */
  MapTopics madeAgain(String name) {
    MapTopics copy = new MapTopics();
    copy.byName.putAll(byName);
    Entry before = byName.get(name);
    UUID id =
        new UUID(before.id().getMostSignificantBits() + 1, before.id().getLeastSignificantBits());
    copy.byName.put(name, new Entry(name, id, before.partitions()));
    return copy;
  }

  /** The same topics before any pattern was matched. */
  MapTopics unmatched() {
    MapTopics copy = new MapTopics();
    copy.byName.putAll(byName);
    copy.unmatched = true;
    return copy;
  }

  static UUID idOf(String name) {
    return new UUID(7, name.hashCode());
  }

  @Override
  public Entry byName(String name) {
    return byName.get(name);
  }

  @Override
  public Entry byId(UUID id) {
    return byName.values().stream().filter(each -> each.id().equals(id)).findFirst().orElse(null);
  }

  @Override
  public Collection<String> matching(String pattern) {
    return unmatched
        ? null
        : byName.keySet().stream().filter(name -> name.matches(pattern)).toList();
  }
}
