package io.tailrace.client.cli;

import io.tailrace.client.BrokerDescription;
import io.tailrace.client.ClusterDescription;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.ConfigSetting;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.TopicDescription;
import io.tailrace.protocol.record.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** What {@code --json} prints, as maps in the order of their fields. Names are a contract. */
final class JsonDocuments {
  private JsonDocuments() {}

  /** A document of names and values in turn. */
  static Map<String, Object> of(Object... namesAndValues) {
    Map<String, Object> document = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      document.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return document;
  }

  static Map<String, Object> topic(TopicDescription topic) {
    return of(
        "name", topic.name(),
        "topicId", topic.id(),
        "type", topic.type(),
        "replicationFactor", topic.replicationFactor(),
        "partitions", topic.partitions().stream().map(JsonDocuments::partition).toList());
  }

  static Map<String, Object> partition(PartitionDescription partition) {
    return of(
        "id", partition.id(),
        "leader", orNull(partition.leader()),
        "leaderEpoch", partition.leaderEpoch(),
        "replicas", partition.replicas(),
        "inSyncReplicas", partition.inSyncReplicas(),
        "eligibleLeaderReplicas", partition.eligibleLeaderReplicas());
  }

  static Map<String, Object> cluster(ClusterDescription cluster) {
    List<Object> brokers = new ArrayList<>();
    for (BrokerDescription broker : cluster.brokers()) {
      brokers.add(
          of(
              "id", broker.id(),
              "host", broker.host(),
              "port", broker.port(),
              "rack", broker.rack().isEmpty() ? null : broker.rack()));
    }
    return of(
        "clusterId", cluster.clusterId(),
        "controller", orNull(cluster.controller()),
        "brokers", brokers);
  }

  static Map<String, Object> configs(ConfigResource resource, List<ConfigSetting> settings) {
    return of(
        "type", resource.type(),
        "name", resource.name(),
        "settings", settings.stream().map(JsonDocuments::setting).toList());
  }

  private static Map<String, Object> setting(ConfigSetting setting) {
    return of(
        "name", setting.name(),
        "value", setting.value(),
        "source", setting.source(),
        "readOnly", setting.readOnly(),
        "documentation", setting.documentation());
  }

  /** Bytes that are not UTF-8 stand in {@code keyBase64} and {@code valueBase64} instead. */
  static Map<String, Object> record(ConsumerRecord<byte[], byte[]> record) {
    Map<String, Object> document =
        of(
            "topic", record.topic(),
            "partition", record.partition(),
            "offset", record.offset(),
            "timestampMs", record.timestampMs());
    putBytes(document, "key", record.key());
    putBytes(document, "value", record.value());
    List<Object> headers = new ArrayList<>();
    for (RecordHeader header : record.headers()) {
      Map<String, Object> entry = of("name", header.key());
      putBytes(entry, "value", header.value());
      headers.add(entry);
    }
    document.put("headers", headers);
    return document;
  }

  private static void putBytes(Map<String, Object> document, String name, byte[] bytes) {
    if (bytes == null) {
      document.put(name, null);
      return;
    }
    try {
      document.put(
          name, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      document.put(name + "Base64", Base64.getEncoder().encodeToString(bytes));
    }
  }

  private static Integer orNull(OptionalInt value) {
    return value.isPresent() ? value.getAsInt() : null;
  }
}
