package io.tailrace.broker.group;

/**
 * How far a group is behind in a topic.
 *
 * @param records between what is committed and the ends of the partitions, over all of them
 * @param seconds age of the oldest record that the group has not read; 0 when there is none
 */
public record GroupLag(String group, String topic, long records, double seconds) {

  /** Both together, under the names of this one. */
  public GroupLag plus(GroupLag other) {
    return new GroupLag(group, topic, records + other.records, Math.max(seconds, other.seconds));
  }
}
