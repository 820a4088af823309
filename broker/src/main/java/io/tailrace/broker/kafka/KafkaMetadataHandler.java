package io.tailrace.broker.kafka;

import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;

/**
 * Answers with the brokers, topics and leaders of the local image, of brokers with their endpoints
 * for clients of Kafka. Makes topics that are asked for and not there, where that is allowed.
 */
final class KafkaMetadataHandler implements KafkaHandler {
  /** Before this version, naming no topic asks for all of them. */
  private static final short NULL_IS_ALL = 1;

  /** The first version whose answers may leave out names. */
  private static final short NO_NAMES = 12;

  private final ClusterStore cluster;
  private final TopicNames names;
  private final TopicAutoCreation creation;

  KafkaMetadataHandler(ClusterStore cluster, TopicNames names, TopicAutoCreation creation) {
    this.cluster = cluster;
    this.names = names;
    this.creation = creation;
  }

  @Override
  public void handle(KafkaRequest request) {
    MetadataRequestData body = request.body(MetadataRequestData.class);
    List<MetadataRequestTopic> asked = body.topics();
    if (asked == null || (request.version() < NULL_IS_ALL && asked.isEmpty())) {
      request.respond(answer(request, null));
      return;
    }
    if (request.version() < NO_NAMES && asked.stream().anyMatch(KafkaMetadataHandler::isById)) {
      request.fail(
          ErrorCode.INVALID_REQUEST, "topics are named by their ids from version 12 on only");
      return;
    }
    Set<String> missing = body.allowAutoTopicCreation() ? missing(asked) : Set.of();
    creation.create(missing, request.guard(() -> request.respond(answer(request, asked))));
  }

  /** Kafka's own clients send an empty name beside the id, others none. */
  private static boolean isById(MetadataRequestTopic asked) {
    return asked.name() == null || !asked.topicId().equals(Uuid.ZERO_UUID);
  }

  private Set<String> missing(List<MetadataRequestTopic> asked) {
    ClusterImage image = cluster.image();
    Set<String> missing = new TreeSet<>();
    for (MetadataRequestTopic topic : asked) {
      if (!isById(topic) && !image.topics().containsKey(topic.name())) {
        missing.add(topic.name());
      }
    }
    return missing;
  }

  /**
   * @param asked null = all topics
   */
  private MetadataResponseData answer(KafkaRequest request, List<MetadataRequestTopic> asked) {
    ClusterImage image = cluster.image();
    MetadataResponseData response =
        new MetadataResponseData()
            .setClusterId(image.clusterId())
            .setControllerId(image.controllerId());
    brokers(image).forEach(response.brokers()::add);
    if (asked == null) {
      image.topics().values().stream()
          .sorted(Comparator.comparing(TopicImage::name))
          .forEach(topic -> response.topics().add(toMessage(image, topic)));
      return response;
    }
    for (MetadataRequestTopic topic : asked) {
      MetadataResponseTopic answer = find(image, topic);
      if (answer.errorCode() != Errors.NONE.code()) {
        request.notePartFailed(ErrorCode.UNKNOWN_TOPIC, "a topic that does not exist");
      }
      response.topics().add(answer);
    }
    return response;
  }

  /** The live brokers that clients of Kafka can connect to. */
  static List<MetadataResponseBroker> brokers(ClusterImage image) {
    List<MetadataResponseBroker> brokers = new ArrayList<>();
    for (BrokerImage broker : image.brokers().values()) {
      Endpoint endpoint = broker.endpoint(Endpoint.KAFKA);
      if (broker.live() && endpoint != null) {
        brokers.add(
            new MetadataResponseBroker()
                .setNodeId(broker.id())
                .setHost(endpoint.host())
                .setPort(endpoint.port())
                .setRack(broker.rack().isEmpty() ? null : broker.rack()));
      }
    }
    brokers.sort(Comparator.comparingInt(MetadataResponseBroker::nodeId));
    return brokers;
  }

  private MetadataResponseTopic find(ClusterImage image, MetadataRequestTopic asked) {
    if (isById(asked)) {
      TopicImage topic = names.find(TopicNames.toId(asked.topicId()));
      return topic == null
          ? failed(Errors.UNKNOWN_TOPIC_ID).setTopicId(asked.topicId())
          : toMessage(image, topic);
    }
    TopicImage topic = image.topics().get(asked.name());
    if (topic != null) {
      return toMessage(image, topic);
    }
    return failed(
            TopicName.problem(asked.name()) == null
                ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                : Errors.INVALID_TOPIC_EXCEPTION)
        .setName(asked.name());
  }

  private static MetadataResponseTopic failed(Errors error) {
    return new MetadataResponseTopic()
        .setErrorCode(error.code())
        .setName(null)
        .setTopicId(Uuid.ZERO_UUID);
  }

  private static MetadataResponseTopic toMessage(ClusterImage image, TopicImage topic) {
    MetadataResponseTopic message =
        new MetadataResponseTopic()
            .setName(topic.name())
            .setTopicId(TopicNames.toMessage(topic.id()))
            .setIsInternal(TopicRules.isInternal(topic.name()));
    for (PartitionImage partition : topic.partitions()) {
      message
          .partitions()
          .add(
              new MetadataResponsePartition()
                  .setErrorCode(error(image, partition).code())
                  .setPartitionIndex(partition.id())
                  .setLeaderId(partition.leader())
                  .setLeaderEpoch(partition.leaderEpoch())
                  .setReplicaNodes(partition.replicas())
                  .setIsrNodes(partition.inSyncReplicas())
                  .setOfflineReplicas(offline(image, partition)));
    }
    return message;
  }

  /** The replicas on brokers that are not live. */
  static List<Integer> offline(ClusterImage image, PartitionImage partition) {
    return partition.replicas().stream().filter(id -> !isLive(image, id)).toList();
  }

  /** Why clients of Kafka cannot use the partition now. */
  static Errors error(ClusterImage image, PartitionImage partition) {
    if (!partition.hasLeader()) {
      return Errors.LEADER_NOT_AVAILABLE;
    }
    BrokerImage leader = image.brokers().get(partition.leader());
    return leader == null || leader.endpoint(Endpoint.KAFKA) == null
        ? Errors.LISTENER_NOT_FOUND
        : Errors.NONE;
  }

  private static boolean isLive(ClusterImage image, int broker) {
    BrokerImage found = image.brokers().get(broker);
    return found != null && found.live();
  }
}
