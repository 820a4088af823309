package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.topic.Ids;

/** Answers with the brokers, topics and leaders of the local image. */
final class MetadataHandler implements RequestHandler {
  private final ClusterStore cluster;

  MetadataHandler(ClusterStore cluster) {
    this.cluster = cluster;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    MetadataRequest body = request.frame().body(MetadataRequest.parser());
    ClusterImage image = cluster.image();
    MetadataResponse.Builder response =
        MetadataResponse.newBuilder()
            .setClusterId(image.clusterId())
            .setControllerIdPlusOne(image.controllerId() + 1);
    for (BrokerImage broker : image.brokers().values()) {
      Endpoint endpoint = broker.endpoint(Endpoint.NATIVE);
      if (broker.live() && endpoint != null) {
        response.addBrokers(
            BrokerEndpoint.newBuilder()
                .setId(broker.id())
                .setHost(endpoint.host())
                .setPort(endpoint.port())
                .setRack(broker.rack()));
      }
    }
    if (body.getAllTopics()) {
      image.topics().values().stream()
          .sorted((a, b) -> a.name().compareTo(b.name()))
          .forEach(topic -> response.addTopics(toMessage(topic)));
    } else {
      for (String name : body.getTopicsList()) {
        TopicImage topic = image.topics().get(name);
        if (topic == null) {
          TopicMetadata unknown = unknown(name);
          request.notePartFailed(ErrorCode.UNKNOWN_TOPIC, unknown.getErrorMessage());
          response.addTopics(unknown);
        } else {
          response.addTopics(toMessage(topic));
        }
      }
    }
    request.respond(response.build());
  }

  private static TopicMetadata unknown(String name) {
    return TopicMetadata.newBuilder()
        .setName(name)
        .setErrorCode(ErrorCode.UNKNOWN_TOPIC.number())
        .setErrorMessage("topic '" + PartitionLookup.printable(name) + "' does not exist")
        .build();
  }

  private static TopicMetadata toMessage(TopicImage topic) {
    TopicMetadata.Builder message =
        TopicMetadata.newBuilder()
            .setName(topic.name())
            .setTopicId(Ids.toMessage(topic.id()))
            .setType(topic.type().label());
    for (PartitionImage partition : topic.partitions()) {
      message.addPartitions(
          PartitionMetadata.newBuilder()
              .setId(partition.id())
              .setLeaderIdPlusOne(partition.leader() + 1)
              .setLeaderEpoch(partition.leaderEpoch())
              .addAllReplicas(partition.replicas())
              .addAllInSyncReplicas(partition.inSyncReplicas())
              .addAllEligibleLeaderReplicas(
                  partition.eligibleLeaderReplicas().stream()
                      .map(InSyncReplica::brokerId)
                      .toList()));
    }
    return message.build();
  }
}
