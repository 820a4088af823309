package io.tailrace.coordinator.zookeeper;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.ReportedLogEnd;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.message.BindingNode;
import io.tailrace.coordinator.message.BrokerNode;
import io.tailrace.coordinator.message.ClusterNode;
import io.tailrace.coordinator.message.ConfigNode;
import io.tailrace.coordinator.message.DeletionNode;
import io.tailrace.coordinator.message.EndpointNode;
import io.tailrace.coordinator.message.HolderNode;
import io.tailrace.coordinator.message.InSyncMember;
import io.tailrace.coordinator.message.LogEnd;
import io.tailrace.coordinator.message.PartitionNode;
import io.tailrace.coordinator.message.ProducerIdsNode;
import io.tailrace.coordinator.message.QueueNode;
import io.tailrace.coordinator.message.ReplicaList;
import io.tailrace.coordinator.message.TopicNode;
import io.tailrace.coordinator.queue.DeadLetters;
import io.tailrace.coordinator.queue.QueueLimits;
import io.tailrace.coordinator.queue.QueueSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Turns the metadata's values into the bytes of znodes and back. */
final class ClusterNodeCodec {
  private static final byte[] NO_BYTES = {};

  private ClusterNodeCodec() {}

  static byte[] encode(MetadataValue value) {
    if (value instanceof MetadataValue.Partition partition) {
      return encode(partition);
    } else if (value instanceof MetadataValue.Topic topic) {
      return encode(topic);
    } else if (value instanceof MetadataValue.Broker broker) {
      return encode(broker);
    } else if (value instanceof MetadataValue.Holder holder) {
      return HolderNode.newBuilder()
          .setBrokerId(holder.brokerId())
          .setIncarnationMost(holder.incarnation().getMostSignificantBits())
          .setIncarnationLeast(holder.incarnation().getLeastSignificantBits())
          .setEpoch(holder.epoch())
          .setDirectoryMost(holder.directoryId().getMostSignificantBits())
          .setDirectoryLeast(holder.directoryId().getLeastSignificantBits())
          .build()
          .toByteArray();
    } else if (value instanceof MetadataValue.Deletion deletion) {
      return DeletionNode.newBuilder()
          .setTopic(deletion.topic())
          .addAllPendingBrokerIds(deletion.pending())
          .build()
          .toByteArray();
    } else if (value instanceof MetadataValue.Queue queue) {
      return encode(queue);
    } else if (value instanceof MetadataValue.Configs configs) {
      return ConfigNode.newBuilder().putAllConfigs(configs.configs()).build().toByteArray();
    } else if (value instanceof MetadataValue.ProducerIds ids) {
      return ProducerIdsNode.newBuilder().setNext(ids.next()).build().toByteArray();
    } else if (value instanceof MetadataValue.Cluster cluster) {
      return ClusterNode.newBuilder().setClusterId(cluster.clusterId()).build().toByteArray();
    }
    return NO_BYTES;
  }

  private static byte[] encode(MetadataValue.Partition partition) {
    PartitionNode.Builder node =
        PartitionNode.newBuilder()
            .setLeaderIdPlusOne(partition.leader() + 1)
            .setLeaderEpoch(partition.leaderEpoch());
    partition.inSync().forEach(replica -> node.addInSyncReplicas(message(replica)));
    partition.eligible().forEach(replica -> node.addEligibleLeaderReplicas(message(replica)));
    for (ReportedLogEnd end : partition.logEnds()) {
      node.addLogEnds(
          LogEnd.newBuilder()
              .setBrokerId(end.brokerId())
              .setBrokerEpoch(end.brokerEpoch())
              .setLastEpochPlusOne(end.lastEpoch() + 1)
              .setLogEndOffset(end.logEndOffset()));
    }
    return node.build().toByteArray();
  }

  private static InSyncMember message(InSyncReplica replica) {
    return InSyncMember.newBuilder()
        .setBrokerId(replica.brokerId())
        .setBrokerEpoch(replica.brokerEpoch())
        .setDirectoryMost(replica.directoryId().getMostSignificantBits())
        .setDirectoryLeast(replica.directoryId().getLeastSignificantBits())
        .build();
  }

  private static byte[] encode(MetadataValue.Broker broker) {
    BrokerNode.Builder node =
        BrokerNode.newBuilder()
            .setRack(broker.rack())
            .setDirectoryMost(broker.directoryId().getMostSignificantBits())
            .setDirectoryLeast(broker.directoryId().getLeastSignificantBits())
            .setWholeSince(broker.wholeSince());
    broker
        .endpoints()
        .forEach(
            (name, endpoint) ->
                node.addEndpoints(
                    EndpointNode.newBuilder()
                        .setName(name)
                        .setHost(endpoint.host())
                        .setPort(endpoint.port())));
    return node.build().toByteArray();
  }

  private static byte[] encode(MetadataValue.Topic topic) {
    TopicNode.Builder node =
        TopicNode.newBuilder()
            .setIdMost(topic.id().getMostSignificantBits())
            .setIdLeast(topic.id().getLeastSignificantBits())
            .setType(topic.type().label())
            .putAllConfigs(topic.configs())
            .setDeleting(topic.deleting());
    for (List<Integer> replicas : topic.assignment()) {
      node.addAssignment(ReplicaList.newBuilder().addAllBrokerIds(replicas));
    }
    return node.build().toByteArray();
  }

  private static byte[] encode(MetadataValue.Queue queue) {
    QueueSettings settings = queue.settings();
    QueueNode.Builder node =
        QueueNode.newBuilder()
            .setIdMost(queue.id().getMostSignificantBits())
            .setIdLeast(queue.id().getLeastSignificantBits())
            .setMaxDeliveries(settings.maxDeliveries())
            .setBackoffInitialMs(settings.backoffInitialMs())
            .setBackoffMultiplier(settings.backoffMultiplier())
            .setBackoffMaxMs(settings.backoffMaxMs())
            .setLockMs(settings.lockMs())
            .setDeadLetterExchange(settings.deadLetters().exchange())
            .setDeadLetterKey(settings.deadLetters().routingKey())
            .setMessageTtlMs(settings.limits().messageTtlMs())
            .setMaxLength(settings.limits().maxLength())
            .setExpiresMs(settings.limits().expiresMs())
            .setRetainMs(settings.limits().retainMs());
    UUID owner = settings.deadLetters().owner();
    if (owner != null) {
      node.setOwnerMost(owner.getMostSignificantBits());
      node.setOwnerLeast(owner.getLeastSignificantBits());
    }
    for (QueueBinding binding : queue.bindings()) {
      node.addBindings(
          BindingNode.newBuilder()
              .setExchange(binding.exchange())
              .setExchangeMost(binding.exchangeId().getMostSignificantBits())
              .setExchangeLeast(binding.exchangeId().getLeastSignificantBits())
              .setKey(binding.key())
              .setPartitions(binding.partitions())
              .setUnbound(!binding.active()));
    }
    return node.build().toByteArray();
  }

  private static DeadLetters deadLetters(QueueNode node) {
    boolean owned = node.getOwnerMost() != 0 || node.getOwnerLeast() != 0;
    return new DeadLetters(
        node.getDeadLetterExchange(),
        node.getDeadLetterKey(),
        owned ? new UUID(node.getOwnerMost(), node.getOwnerLeast()) : null);
  }

  private static MetadataValue.Queue queue(QueueNode node) {
    return new MetadataValue.Queue(
        new UUID(node.getIdMost(), node.getIdLeast()),
        new QueueSettings(
            node.getMaxDeliveries(),
            node.getBackoffInitialMs(),
            node.getBackoffMultiplier(),
            node.getBackoffMaxMs(),
            node.getLockMs(),
            deadLetters(node),
            new QueueLimits(
                node.getMessageTtlMs(),
                node.getMaxLength(),
                node.getExpiresMs(),
                node.getRetainMs())),
        node.getBindingsList().stream()
            .map(
                binding ->
                    new QueueBinding(
                        binding.getExchange(),
                        new UUID(binding.getExchangeMost(), binding.getExchangeLeast()),
                        binding.getKey(),
                        binding.getPartitions(),
                        !binding.getUnbound()))
            .toList());
  }

  /**
   * The value of a key's node.
   *
   * @throws InvalidProtocolBufferException when the bytes are not a node of Tailrace
   */
  static MetadataValue decode(MetadataKey key, byte[] data) throws InvalidProtocolBufferException {
    byte[] bytes = data == null ? NO_BYTES : data;
    if (key instanceof MetadataKey.Partition) {
      return partition(PartitionNode.parseFrom(bytes));
    } else if (key instanceof MetadataKey.Topic) {
      return topic(TopicNode.parseFrom(bytes));
    } else if (key instanceof MetadataKey.Broker) {
      return broker(BrokerNode.parseFrom(bytes));
    } else if (key instanceof MetadataKey.Live || key == Single.CONTROLLER) {
      HolderNode node = HolderNode.parseFrom(bytes);
      return new MetadataValue.Holder(
          node.getBrokerId(),
          new UUID(node.getDirectoryMost(), node.getDirectoryLeast()),
          new UUID(node.getIncarnationMost(), node.getIncarnationLeast()),
          node.getEpoch());
    } else if (key instanceof MetadataKey.Deletion) {
      DeletionNode node = DeletionNode.parseFrom(bytes);
      return new MetadataValue.Deletion(node.getTopic(), node.getPendingBrokerIdsList());
    } else if (key instanceof MetadataKey.Queue) {
      return queue(QueueNode.parseFrom(bytes));
    } else if (key instanceof MetadataKey.BrokerConfigs) {
      return new MetadataValue.Configs(ConfigNode.parseFrom(bytes).getConfigsMap());
    } else if (key == Single.PRODUCER_IDS) {
      return new MetadataValue.ProducerIds(ProducerIdsNode.parseFrom(bytes).getNext());
    } else if (key == Single.CLUSTER) {
      return new MetadataValue.Cluster(ClusterNode.parseFrom(bytes).getClusterId());
    }
    return MetadataValue.None.NONE;
  }

  private static MetadataValue partition(PartitionNode node) {
    int leader =
        node.getLeaderIdPlusOne() == 0 ? PartitionImage.NO_LEADER : node.getLeaderIdPlusOne() - 1;
    return new MetadataValue.Partition(
        leader,
        node.getLeaderEpoch(),
        replicas(node.getInSyncReplicasList()),
        replicas(node.getEligibleLeaderReplicasList()),
        node.getLogEndsList().stream()
            .map(
                end ->
                    new ReportedLogEnd(
                        end.getBrokerId(),
                        end.getBrokerEpoch(),
                        end.getLastEpochPlusOne() - 1,
                        end.getLogEndOffset()))
            .toList());
  }

  private static List<InSyncReplica> replicas(List<InSyncMember> members) {
    return members.stream()
        .map(
            member ->
                new InSyncReplica(
                    member.getBrokerId(),
                    member.getBrokerEpoch(),
                    new UUID(member.getDirectoryMost(), member.getDirectoryLeast())))
        .toList();
  }

  private static MetadataValue broker(BrokerNode node) {
    Map<String, Endpoint> endpoints = new HashMap<>();
    for (EndpointNode endpoint : node.getEndpointsList()) {
      endpoints.put(endpoint.getName(), new Endpoint(endpoint.getHost(), endpoint.getPort()));
    }
    return new MetadataValue.Broker(
        endpoints,
        node.getRack(),
        new UUID(node.getDirectoryMost(), node.getDirectoryLeast()),
        node.getWholeSince());
  }

  private static MetadataValue topic(TopicNode node) throws InvalidProtocolBufferException {
    TopicType type = TopicType.ofLabel(node.getType());
    if (type == null) {
      throw new InvalidProtocolBufferException("unknown topic type '" + node.getType() + "'");
    }
    List<List<Integer>> assignment = new ArrayList<>(node.getAssignmentCount());
    for (ReplicaList replicas : node.getAssignmentList()) {
      assignment.add(List.copyOf(replicas.getBrokerIdsList()));
    }
    return new MetadataValue.Topic(
        new UUID(node.getIdMost(), node.getIdLeast()),
        type,
        assignment,
        node.getConfigsMap(),
        node.getDeleting());
  }
}
