package io.tailrace.broker.network;

import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.delivery.DeliveryResources;
import io.tailrace.broker.delivery.DeliveryService;
import io.tailrace.broker.group.GroupService;
import io.tailrace.broker.metrics.RequestMetrics;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.service.BatchesService;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.FetchService;
import io.tailrace.broker.service.FollowerAdmission;
import io.tailrace.broker.service.LogService;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.service.RecordDeletionService;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.port.Clock;
import java.util.EnumMap;
import java.util.Map;

/** Puts the services and their handlers together with the server that feeds them. */
public final class BrokerNetwork {
  private static final int MAX_FETCH_RESPONSE_BYTES = 16 * 1024 * 1024;

  private BrokerNetwork() {}

  /** Makes a server that answers every request of the protocol; it does not listen yet. */
  public static NetworkServer create(
      EventLoops eventLoops,
      BrokerIdentity identity,
      NetworkLimits limits,
      ClusterStore cluster,
      PartitionRegistry registry,
      GroupService groups,
      ReaderThreads readers,
      LiveConfig config,
      RequestMetrics metrics,
      Clock clock) {
    NetworkMemory memory = NetworkMemory.of(limits);
    PartitionLookup lookup = new PartitionLookup(registry);
    Map<ApiKey, RequestHandler> handlers = new EnumMap<>(ApiKey.class);
    ProduceService produce =
        new ProduceService(lookup, topic -> config.recordLimits(topic.configs()), clock);
    handlers.put(ApiKey.PRODUCE, new ProduceHandler(produce, memory.requests()));
    FetchResources resources = new FetchResources(memory.responses(), readers);
    FetchService fetch =
        new FetchService(
            lookup,
            resources,
            new FollowerAdmission(cluster::image),
            new FetchResources(new ResponseMemory(limits.responseMemoryBytes()), readers),
            MAX_FETCH_RESPONSE_BYTES);
    handlers.put(ApiKey.FETCH, new FetchHandler(fetch));
    handlers.put(
        ApiKey.DESCRIBE_BATCHES, new DescribeBatchesHandler(new BatchesService(lookup, resources)));
    handlers.put(ApiKey.LIST_OFFSETS, new ListOffsetsHandler(new OffsetsService(lookup, readers)));
    handlers.put(
        ApiKey.DELETE_RECORDS, new DeleteRecordsHandler(new RecordDeletionService(lookup)));
    handlers.put(ApiKey.ELECT_LEADERS, new ElectLeadersHandler(cluster));
    handlers.put(ApiKey.METADATA, new MetadataHandler(cluster));
    new AdminHandlers(cluster, new LogService(registry), config, new ProducerIdBlocks(cluster))
        .addTo(handlers);
    new GroupHandlers(groups).addTo(handlers);
    DeliveryService delivery =
        new DeliveryService(registry, new DeliveryResources(readers, memory.responses(), clock));
    cluster.addListener(delivery::onImage); // told after the registry
    new QueueHandlers(delivery).addTo(handlers);
    new QueueAdminHandlers(cluster).addTo(handlers);
    new ConfigHandlers(identity.brokerId(), cluster, config).addTo(handlers);
    return new NetworkServer(eventLoops, identity, limits, handlers, memory, metrics, clock);
  }
}
