package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.GroupSummary;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Where a group's offsets of one topic are to be set. Confined to the thread of the command. */
final class GroupReset {
  private final String group;
  private final String topic;

  /** Null = a shift. */
  private final Position position;

  private final long shift;
  private final Map<TopicPartition, Long> before = new TreeMap<>();
  private final Map<TopicPartition, Long> after = new TreeMap<>();

  private GroupReset(String group, String topic, Position position, long shift) {
    this.group = group;
    this.topic = topic;
    this.position = position;
    this.shift = shift;
  }

  static GroupReset parse(Session session, String group, String topic, String to) {
    if (to.matches("[+-]\\d{1,18}")) {
      return new GroupReset(group, topic, null, Long.parseLong(to));
    }
    try {
      return new GroupReset(group, topic, session.position(to), 0);
    } catch (IllegalArgumentException e) {
      throw CommandException.badInput("--to: " + e.getMessage(), e);
    }
  }

  /** Finds the offsets, brought within what the partitions hold. */
  void find(Admin admin) {
    for (GroupSummary known : Session.await(admin.listGroups())) {
      if (known.name().equals(group) && known.members() > 0) {
        throw CommandException.refused(
            "group '"
                + group
                + "' has "
                + Quantities.counted(known.members(), "member")
                + "; stop them first, for they would go on from where they are");
      }
    }
    Map<TopicPartition, Long> committed = Session.await(admin.groupOffsets(group));
    Map<TopicPartition, PartitionOffset> starts =
        Session.await(admin.listOffsets(topic, Position.earliest()));
    Map<TopicPartition, PartitionOffset> ends =
        Session.await(admin.listOffsets(topic, Position.latest()));
    Map<TopicPartition, PartitionOffset> wanted =
        position == null ? Map.of() : Session.await(admin.listOffsets(topic, position));
    starts.forEach(
        (partition, start) -> {
          Long at = committed.get(partition);
          if (at != null) {
            before.put(partition, at);
          }
          if (position != null || at != null) { // a shift moves what is there
            long target = position == null ? at + shift : wanted.get(partition).offset();
            long end = ends.get(partition).offset();
            after.put(partition, Math.max(start.offset(), Math.min(end, target)));
          }
        });
    if (after.isEmpty()) {
      throw CommandException.refused(
          "group '" + group + "' has committed nothing of topic '" + topic + "' to shift");
    }
  }

  Map<TopicPartition, Long> offsets() {
    return after;
  }

  Map<String, Object> document(boolean dryRun) {
    List<Object> partitions = new ArrayList<>();
    after.forEach(
        (partition, offset) ->
            partitions.add(
                JsonDocuments.of(
                    "topic", partition.topic(),
                    "partition", partition.partition(),
                    "before", before.get(partition),
                    "offset", offset)));
    return JsonDocuments.of("group", group, "dryRun", dryRun, "partitions", partitions);
  }

  void print(Terminal terminal, boolean dryRun) {
    terminal.println((dryRun ? "would reset group " : "reset group ") + group);
    Table table = new Table("TOPIC", "PARTITION", "BEFORE", "OFFSET");
    after.forEach(
        (partition, offset) ->
            table.row(partition.topic(), partition.partition(), before.get(partition), offset));
    table.print(terminal);
  }
}
