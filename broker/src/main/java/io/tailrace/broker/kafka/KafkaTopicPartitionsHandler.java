package io.tailrace.broker.kafka;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.List;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.Errors;

/**
 * Describes topics page by page, in the order of their names, with the eligible leader replicas of
 * each partition. Thread-safe.
 */
final class KafkaTopicPartitionsHandler implements KafkaHandler {
  /** Partitions of one page, whatever the client asks for. */
  static final int MAX_PARTITIONS = 2_000;

  private final ClusterStore cluster;

  KafkaTopicPartitionsHandler(ClusterStore cluster) {
    this.cluster = cluster;
  }

  @Override
  public void handle(KafkaRequest request) {
    DescribeTopicPartitionsRequestData body =
        request.body(DescribeTopicPartitionsRequestData.class);
    if (body.cursor() != null && body.cursor().partitionIndex() < 0) {
      request.fail(ErrorCode.INVALID_REQUEST, "the cursor's partition is negative");
      return;
    }
    DescribeTopicPartitionsResponseData response = page(cluster.image(), body);
    for (DescribeTopicPartitionsResponseTopic topic : response.topics()) {
      if (topic.errorCode() != Errors.NONE.code()) {
        request.notePartFailed(ErrorCode.UNKNOWN_TOPIC, "a topic that does not exist");
      }
    }
    request.respond(response);
  }

  /** The page that begins at the request's cursor. */
  static DescribeTopicPartitionsResponseData page(
      ClusterImage image, DescribeTopicPartitionsRequestData body) {
    boolean all = body.topics().isEmpty();
    TreeSet<String> names = new TreeSet<>();
    if (all) {
      names.addAll(image.topics().keySet());
    } else {
      body.topics().forEach(topic -> names.add(topic.name()));
    }
    Cursor from = body.cursor();
    DescribeTopicPartitionsResponseData response = new DescribeTopicPartitionsResponseData();
    int room = Math.max(1, Math.min(MAX_PARTITIONS, body.responsePartitionLimit()));
    for (String name : from == null ? names : names.tailSet(from.topicName(), true)) {
      TopicImage topic = image.topics().get(name);
      int first = from != null && name.equals(from.topicName()) ? from.partitionIndex() : 0;
      if (room == 0) {
        return response.setNextCursor(cursor(name, first));
      }
      if (topic == null) {
        response.topics().add(unknown(name));
        continue;
      }
      int count = topic.partitions().size();
      first = Math.min(first, count);
      int end = Math.min(count, first + room);
      response.topics().add(toMessage(image, topic, first, end));
      room -= end - first;
      if (end < count) {
        return response.setNextCursor(cursor(name, end));
      }
    }
    return response;
  }

  private static DescribeTopicPartitionsResponseData.Cursor cursor(String topic, int partition) {
    return new DescribeTopicPartitionsResponseData.Cursor()
        .setTopicName(topic)
        .setPartitionIndex(partition);
  }

  private static DescribeTopicPartitionsResponseTopic unknown(String name) {
    return new DescribeTopicPartitionsResponseTopic()
        .setErrorCode(
            (TopicName.problem(name) == null
                    ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                    : Errors.INVALID_TOPIC_EXCEPTION)
                .code())
        .setName(name)
        .setTopicId(Uuid.ZERO_UUID);
  }

  private static DescribeTopicPartitionsResponseTopic toMessage(
      ClusterImage image, TopicImage topic, int first, int end) {
    DescribeTopicPartitionsResponseTopic message =
        new DescribeTopicPartitionsResponseTopic()
            .setName(topic.name())
            .setTopicId(TopicNames.toMessage(topic.id()))
            .setIsInternal(TopicRules.isInternal(topic.name()));
    for (int i = first; i < end; i++) {
      PartitionImage partition = topic.partitions().get(i);
      message
          .partitions()
          .add(
              new DescribeTopicPartitionsResponsePartition()
                  .setErrorCode(KafkaMetadataHandler.error(image, partition).code())
                  .setPartitionIndex(partition.id())
                  .setLeaderId(partition.leader())
                  .setLeaderEpoch(partition.leaderEpoch())
                  .setReplicaNodes(partition.replicas())
                  .setIsrNodes(partition.inSyncReplicas())
                  .setEligibleLeaderReplicas(
                      partition.eligibleLeaderReplicas().stream()
                          .map(InSyncReplica::brokerId)
                          .toList())
                  .setLastKnownElr(List.of()) // clients take a missing list for an error
                  .setOfflineReplicas(KafkaMetadataHandler.offline(image, partition)));
    }
    return message;
  }
}
