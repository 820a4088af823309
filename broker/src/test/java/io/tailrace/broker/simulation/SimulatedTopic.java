package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogId;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.TopicMetadata;
import io.tailrace.protocol.message.Uuid;
import java.util.List;
import java.util.UUID;

/** What the cluster's metadata says: one topic, whose partitions the nodes lead in turn. */
final class SimulatedTopic {
  static final String NAME = "simulated";
  static final String HOST = "node";

  private static final UUID ID = new UUID(7, 11);

  private final int nodes;
  private final int[] leaderEpochs;
  private long nextProducerId = 1;

  SimulatedTopic(int nodes, int partitions) {
    this.nodes = nodes;
    this.leaderEpochs = new int[partitions];
  }

  static int port(int node) {
    return 1 + node;
  }

  static LogId logId(int partition) {
    return new LogId(ID, partition);
  }

  int partitions() {
    return leaderEpochs.length;
  }

  int leader(int partition) {
    return partition % nodes;
  }

  int leaderEpoch(int partition) {
    return leaderEpochs[partition];
  }

  /** The next leader of the partition is elected, which is the same node. */
  void elect(int partition) {
    leaderEpochs[partition]++;
  }

  long nextProducerId() {
    return nextProducerId++;
  }

  /** What a partition's leader is told. */
  PartitionMetadata replicaMetadata(int partition) {
    int leader = leader(partition);
    return new PartitionMetadata(
        leader,
        leaderEpochs[partition],
        leaderEpochs[partition],
        List.of(leader),
        List.of(new InSyncReplica(leader, 1, new UUID(0, leader))),
        1);
  }

  MetadataResponse metadata() {
    MetadataResponse.Builder response =
        MetadataResponse.newBuilder().setClusterId("simulation").setControllerIdPlusOne(1);
    for (int node = 0; node < nodes; node++) {
      response.addBrokers(
          BrokerEndpoint.newBuilder().setId(node).setHost(HOST).setPort(port(node)));
    }
    TopicMetadata.Builder topic =
        TopicMetadata.newBuilder()
            .setName(NAME)
            .setType("log")
            .setTopicId(
                Uuid.newBuilder()
                    .setMostSignificant(ID.getMostSignificantBits())
                    .setLeastSignificant(ID.getLeastSignificantBits()));
    for (int partition = 0; partition < leaderEpochs.length; partition++) {
      topic.addPartitions(
          io.tailrace.protocol.message.PartitionMetadata.newBuilder()
              .setId(partition)
              .setLeaderIdPlusOne(leader(partition) + 1)
              .setLeaderEpoch(leaderEpochs[partition])
              .addReplicas(leader(partition))
              .addInSyncReplicas(leader(partition)));
    }
    return response.addTopics(topic).build();
  }
}
