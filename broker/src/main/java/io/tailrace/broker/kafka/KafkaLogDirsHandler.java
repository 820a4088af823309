package io.tailrace.broker.kafka;

import io.tailrace.broker.service.DescribedLog;
import io.tailrace.broker.service.LogService;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;

/**
 * Tells clients of Kafka how large the logs on this broker are. A broker has one log directory; the
 * size of its device is not told. Thread-safe.
 */
final class KafkaLogDirsHandler implements KafkaHandler {
  private final LogService logs;
  private final String directory;

  /**
   * @param directory this broker's data directory
   */
  KafkaLogDirsHandler(LogService logs, String directory) {
    this.logs = logs;
    this.directory = directory;
  }

  @Override
  public void handle(KafkaRequest request) {
    DescribeLogDirsRequestData body = request.body(DescribeLogDirsRequestData.class);
    if (body.topics() == null) {
      logs.describe(List.of(), found -> request.respond(toMessage(found, log -> true)));
      return;
    }
    Map<String, Set<Integer>> asked = new HashMap<>();
    for (DescribableLogDirTopic topic : body.topics()) {
      asked.computeIfAbsent(topic.topic(), name -> new HashSet<>()).addAll(topic.partitions());
    }
    if (asked.isEmpty()) { // which would ask the service for every topic
      request.respond(toMessage(List.of(), log -> true));
      return;
    }
    logs.describe(
        asked.keySet(),
        found ->
            request.respond(
                toMessage(found, log -> asked.get(log.topic()).contains(log.partition()))));
  }

  private DescribeLogDirsResponseData toMessage(
      List<DescribedLog> logs, Predicate<DescribedLog> asked) {
    TreeMap<String, DescribeLogDirsTopic> topics = new TreeMap<>();
    for (DescribedLog log : logs) {
      if (asked.test(log)) {
        topics
            .computeIfAbsent(log.topic(), name -> new DescribeLogDirsTopic().setName(name))
            .partitions()
            .add(
                new DescribeLogDirsPartition()
                    .setPartitionIndex(log.partition())
                    .setPartitionSize(log.sizeInBytes()));
      }
    }
    return new DescribeLogDirsResponseData()
        .setResults(
            List.of(
                new DescribeLogDirsResult()
                    .setLogDir(directory)
                    .setTopics(List.copyOf(topics.values()))));
  }
}
