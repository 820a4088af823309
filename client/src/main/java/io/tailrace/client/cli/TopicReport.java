package io.tailrace.client.cli;

import io.tailrace.client.Admin;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.ConfigSetting;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Position;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * All that is shown of one topic.
 *
 * @param ranges first and next offset of each partition that has a leader
 * @param configs the settings of the topic itself
 */
record TopicReport(
    TopicDescription topic, Map<Integer, Range> ranges, Map<String, String> configs) {

  /** The offsets that a consumer can read: from the first, up to but not including the second. */
  record Range(long logStartOffset, long highWatermark) {}

  static TopicReport of(Admin admin, String name) {
    TopicDescription topic = Session.await(admin.describeTopic(name));
    Map<TopicPartition, Position> starts = new HashMap<>();
    Map<TopicPartition, Position> ends = new HashMap<>();
    for (PartitionDescription partition : topic.partitions()) {
      if (partition.leader().isPresent()) {
        starts.put(new TopicPartition(name, partition.id()), Position.earliest());
        ends.put(new TopicPartition(name, partition.id()), Position.latest());
      }
    }
    CompletableFuture<Map<TopicPartition, PartitionOffset>> first = admin.listOffsets(starts);
    CompletableFuture<Map<TopicPartition, PartitionOffset>> next = admin.listOffsets(ends);
    CompletableFuture<List<ConfigSetting>> settings =
        admin.describeConfigs(ConfigResource.topic(name));
    Map<Integer, Range> ranges = new HashMap<>();
    Map<TopicPartition, PartitionOffset> highWatermarks = Session.await(next);
    Session.await(first)
        .forEach(
            (partition, offset) ->
                ranges.put(
                    partition.partition(),
                    new Range(offset.offset(), highWatermarks.get(partition).offset())));
    Map<String, String> configs = new LinkedHashMap<>();
    for (ConfigSetting setting : Session.await(settings)) {
      if (setting.source().equals("dynamic")) {
        configs.put(setting.name(), setting.value());
      }
    }
    return new TopicReport(topic, ranges, configs);
  }

  Map<String, Object> document() {
    List<Object> partitions = new ArrayList<>();
    for (PartitionDescription partition : topic.partitions()) {
      Map<String, Object> document = JsonDocuments.partition(partition);
      Range range = ranges.get(partition.id());
      document.put("logStartOffset", range == null ? null : range.logStartOffset());
      document.put("highWatermark", range == null ? null : range.highWatermark());
      partitions.add(document);
    }
    Map<String, Object> document = JsonDocuments.topic(topic);
    document.put("config", configs);
    document.put("partitions", partitions);
    return document;
  }

  void print(Terminal terminal) {
    terminal.println("topic " + topic.name() + " (" + topic.type() + ", id " + topic.id() + ")");
    configs.forEach((key, value) -> terminal.println("  " + key + "=" + value));
    Table table =
        new Table(
            "PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", "ELIGIBLE", "FIRST", "NEXT");
    for (PartitionDescription partition : topic.partitions()) {
      Range range = ranges.get(partition.id());
      table.row(
          partition.id(),
          partition.leader().isPresent() ? partition.leader().getAsInt() : "none",
          partition.leaderEpoch(),
          ids(partition.replicas()),
          ids(partition.inSyncReplicas()),
          partition.eligibleLeaderReplicas().isEmpty()
              ? null
              : ids(partition.eligibleLeaderReplicas()),
          range == null ? null : range.logStartOffset(),
          range == null ? null : range.highWatermark());
    }
    table.print(terminal);
  }

  private static String ids(List<Integer> brokers) {
    return String.join(",", brokers.stream().map(String::valueOf).toList());
  }
}
