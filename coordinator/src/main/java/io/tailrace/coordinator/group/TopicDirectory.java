package io.tailrace.coordinator.group;

import java.util.Collection;
import java.util.UUID;

/** The topics that there are, as far as groups need to know them. Immutable. */
public interface TopicDirectory {

  /** A topic and how many partitions it has. */
  record Entry(String name, UUID id, int partitions) {}

  /** The topic with this name, or null. */
  Entry byName(String name);

  /** The topic with this id, or null. */
  Entry byId(UUID id);

  /**
   * The names of the topics whose whole name matches the pattern; null when that is not known yet,
   * but is being found out: another directory will have it.
   */
  Collection<String> matching(String pattern);
}
