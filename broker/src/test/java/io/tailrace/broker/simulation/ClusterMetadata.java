package io.tailrace.broker.simulation;

import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.message.Uuid;

/** What a broker tells clients of its image of the cluster. Stateless. */
final class ClusterMetadata {
  private ClusterMetadata() {}

  static MetadataResponse of(ClusterImage image) {
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
                .setPort(endpoint.port()));
      }
    }
    image.topics().values().forEach(topic -> response.addTopics(toMessage(topic)));
    return response.build();
  }

  private static TopicMetadata toMessage(TopicImage topic) {
    TopicMetadata.Builder message =
        TopicMetadata.newBuilder()
            .setName(topic.name())
            .setTopicId(
                Uuid.newBuilder()
                    .setMostSignificant(topic.id().getMostSignificantBits())
                    .setLeastSignificant(topic.id().getLeastSignificantBits()))
            .setType(topic.type().label());
    for (PartitionImage partition : topic.partitions()) {
      message.addPartitions(
          PartitionMetadata.newBuilder()
              .setId(partition.id())
              .setLeaderIdPlusOne(partition.leader() + 1)
              .setLeaderEpoch(partition.leaderEpoch())
              .addAllReplicas(partition.replicas())
              .addAllInSyncReplicas(partition.inSyncReplicas()));
    }
    return message.build();
  }
}
