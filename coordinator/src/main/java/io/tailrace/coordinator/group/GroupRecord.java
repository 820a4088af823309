package io.tailrace.coordinator.group;

/** A change of one group's state, as it stands in the log. */
public sealed interface GroupRecord {

  /** The group that it is about. */
  String group();

  /**
   * The group as a whole.
   *
   * @param value null = the group is deleted
   */
  record Header(String group, GroupHeader value) implements GroupRecord {}

  /**
   * One member.
   *
   * @param value null = it has left
   */
  record Member(String group, String memberId, GroupMember value) implements GroupRecord {}

  /**
   * One committed offset.
   *
   * @param value null = it is forgotten
   */
  record Offset(String group, TopicIdPartition partition, CommittedOffset value)
      implements GroupRecord {}

  /**
   * The generation of a group's members that use Kafka's classic protocol.
   *
   * @param value null = it never had any
   */
  record Classic(String group, ClassicGeneration value) implements GroupRecord {}
}
