package io.tailrace.broker.network;

import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.delivery.DeliveryResources;
import io.tailrace.broker.delivery.DeliveryService;
import io.tailrace.broker.forward.ControllerClient;
import io.tailrace.broker.forward.ForwardClient;
import io.tailrace.broker.group.GroupService;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.service.ConfigService;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FollowerAdmission;
import io.tailrace.broker.service.LogService;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.broker.service.ProducerIdBlocks;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.RecordDeletionService;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.broker.service.TopicService;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.protocol.port.Clock;

/**
 * What the protocols of all listeners are codecs for.
 *
 * @param memory counts the requests and responses of all connections
 */
public record BrokerServices(
    ClusterStore cluster,
    LiveConfig config,
    NetworkMemory memory,
    PartitionLookup lookup,
    ProduceService produce,
    FetchService fetch,
    OffsetsService offsets,
    RecordDeletionService deletion,
    LogService logs,
    TopicService topics,
    ConfigService configs,
    ProducerIdBlocks producerIds,
    GroupService groups,
    DeliveryService delivery,
    ControllerClient controller) {
  private static final int MAX_FETCH_RESPONSE_BYTES = 16 * 1024 * 1024;

  /** Makes the services of a broker. */
  public static BrokerServices create(
      int brokerId,
      NetworkLimits limits,
      ClusterStore cluster,
      PartitionRegistry registry,
      GroupService groups,
      ReaderThreads readers,
      ForwardClient forwards,
      LiveConfig config,
      Clock clock) {
    NetworkMemory memory = NetworkMemory.of(limits);
    PartitionLookup lookup = new PartitionLookup(registry);
    DeliveryService delivery =
        new DeliveryService(
            registry,
            new DeliveryResources(
                readers,
                memory.responses(),
                config::recordLimits,
                forwards,
                () -> config.current().get(BrokerKeys.QUEUES_LOAD_DAMAGED),
                clock));
    cluster.addListener(delivery::onImage); // told after the registry
    return new BrokerServices(
        cluster,
        config,
        memory,
        lookup,
        new ProduceService(lookup, topic -> config.recordLimits(topic.configs()), clock),
        new FetchService(
            lookup,
            new FetchResources(memory.responses(), readers),
            new FollowerAdmission(cluster::image),
            new FetchResources(new ResponseMemory(limits.responseMemoryBytes()), readers),
            MAX_FETCH_RESPONSE_BYTES),
        new OffsetsService(lookup, readers),
        new RecordDeletionService(lookup),
        new LogService(registry),
        new TopicService(cluster, config),
        new ConfigService(brokerId, cluster, config),
        new ProducerIdBlocks(cluster),
        groups,
        delivery,
        new ControllerClient(brokerId, forwards));
  }
}
