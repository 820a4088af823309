package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.GroupDescription;
import io.tailrace.client.GroupMemberDescription;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.admin.FirstUnread;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * All that is shown of one group.
 *
 * @param committed next offset to be read, where one is committed
 * @param ends the ends of all partitions that are committed or assigned
 * @param owners the member that reads a partition
 * @param lagMs how old the first record is that the group has not read, where there is one
 */
record GroupReport(
    GroupDescription group,
    Map<TopicPartition, Long> committed,
    Map<TopicPartition, Long> ends,
    Map<TopicPartition, GroupMemberDescription> owners,
    Map<TopicPartition, Long> lagMs) {
  private static final long MS_IN_S = 1000;

  static GroupReport of(TailraceClient client, String name, long nowMs) {
    Admin admin = client.admin();
    GroupDescription group = Session.await(admin.describeGroup(name));
    Map<TopicPartition, Long> committed = Session.await(admin.groupOffsets(name));
    Map<TopicPartition, GroupMemberDescription> owners = new HashMap<>();
    for (GroupMemberDescription member : group.members()) {
      member.assigned().forEach(partition -> owners.put(partition, member));
      member.revoking().forEach(partition -> owners.put(partition, member));
    }
    Map<TopicPartition, Position> latest = new HashMap<>();
    committed.keySet().forEach(partition -> latest.put(partition, Position.latest()));
    owners.keySet().forEach(partition -> latest.put(partition, Position.latest()));
    Map<TopicPartition, Long> ends = new TreeMap<>();
    for (Map.Entry<TopicPartition, PartitionOffset> end :
        Session.await(admin.listOffsets(latest)).entrySet()) {
      ends.put(end.getKey(), end.getValue().offset());
    }
    Map<TopicPartition, Long> behind = new TreeMap<>(committed);
    behind.entrySet().removeIf(each -> each.getValue() >= ends.get(each.getKey()));
    Map<TopicPartition, Long> lagMs = FirstUnread.timestamps(client, behind);
    lagMs.replaceAll((partition, timestamp) -> Math.max(0, nowMs - timestamp));
    return new GroupReport(group, committed, ends, owners, lagMs);
  }

  private Long lag(TopicPartition partition) {
    Long at = committed.get(partition);
    return at == null ? null : Math.max(0, ends.get(partition) - at);
  }

  /** How old the first unread record is; 0 when all is read, null when that is not known. */
  private Long ageMs(TopicPartition partition) {
    Long lag = lag(partition);
    return lag != null && lag == 0 ? Long.valueOf(0) : lagMs.get(partition);
  }

  private String age(TopicPartition partition) {
    Long ms = ageMs(partition);
    return ms == null ? null : ms / MS_IN_S + "s";
  }

  Map<String, Object> document() {
    return JsonDocuments.of(
        "group", group.name(),
        "state", group.state(),
        "epoch", group.epoch(),
        "assignor", group.assignor().isEmpty() ? null : group.assignor(),
        "members", group.members().stream().map(GroupReport::member).toList(),
        "partitions", ends.keySet().stream().map(this::partition).toList());
  }

  private static Map<String, Object> member(GroupMemberDescription member) {
    return JsonDocuments.of(
        "memberId", member.memberId(),
        "instanceId", member.instanceId().isEmpty() ? null : member.instanceId(),
        "clientId", member.clientId(),
        "epoch", member.epoch(),
        "topics", member.topics(),
        "pattern", member.pattern().isEmpty() ? null : member.pattern(),
        "assigned", partitions(member.assigned()),
        "revoking", partitions(member.revoking()));
  }

  private static List<Object> partitions(List<TopicPartition> partitions) {
    return partitions.stream()
        .<Object>map(each -> JsonDocuments.of("topic", each.topic(), "partition", each.partition()))
        .toList();
  }

  private Map<String, Object> partition(TopicPartition partition) {
    GroupMemberDescription owner = owners.get(partition);
    return JsonDocuments.of(
        "topic", partition.topic(),
        "partition", partition.partition(),
        "committedOffset", committed.get(partition),
        "highWatermark", ends.get(partition),
        "lag", lag(partition),
        "lagMs", ageMs(partition),
        "memberId", owner == null ? null : owner.memberId());
  }

  void print(Terminal terminal) {
    terminal.println(
        "group "
            + group.name()
            + ": "
            + group.state()
            + ", "
            + Quantities.counted(group.members().size(), "member")
            + ", epoch "
            + group.epoch());
    Table table =
        new Table("TOPIC", "PARTITION", "COMMITTED", "NEXT", "LAG", "AGE", "MEMBER", "CLIENT");
    for (TopicPartition partition : new TreeSet<>(ends.keySet())) {
      GroupMemberDescription owner = owners.get(partition);
      table.row(
          partition.topic(),
          partition.partition(),
          committed.get(partition),
          ends.get(partition),
          lag(partition),
          age(partition),
          owner == null ? null : owner.memberId(),
          owner == null ? null : owner.clientId());
    }
    table.print(terminal);
  }
}
