package io.tailrace.broker.network;

import io.tailrace.broker.forward.ForwardTopics;
import io.tailrace.broker.service.BatchesService;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import java.util.EnumMap;
import java.util.Map;

/** Puts the services and the handlers of the native protocol together. */
public final class BrokerNetwork {
  private BrokerNetwork() {}

  /** The handlers of every request of the native protocol. */
  public static Map<ApiKey, RequestHandler> handlers(
      BrokerServices services, ReaderThreads readers) {
    NetworkMemory memory = services.memory();
    Map<ApiKey, RequestHandler> handlers = new EnumMap<>(ApiKey.class);
    handlers.put(ApiKey.PRODUCE, new ProduceHandler(services.produce(), memory.requests()));
    handlers.put(ApiKey.FETCH, new FetchHandler(services.fetch()));
    FetchResources resources = new FetchResources(memory.responses(), readers);
    handlers.put(
        ApiKey.DESCRIBE_BATCHES,
        new DescribeBatchesHandler(new BatchesService(services.lookup(), resources)));
    handlers.put(ApiKey.LIST_OFFSETS, new ListOffsetsHandler(services.offsets()));
    handlers.put(ApiKey.DELETE_RECORDS, new DeleteRecordsHandler(services.deletion()));
    handlers.put(ApiKey.ELECT_LEADERS, new ElectLeadersHandler(services.cluster()));
    handlers.put(ApiKey.PING, new PingHandler(services.cluster()::status));
    handlers.put(ApiKey.METADATA, new MetadataHandler(services.cluster()));
    new AdminHandlers(services.topics(), services.logs(), services.producerIds()).addTo(handlers);
    new GroupHandlers(services.groups()).addTo(handlers);
    new QueueHandlers(services.delivery()).addTo(handlers);
    new QueueAdminHandlers(services.cluster(), services.config()).addTo(handlers);
    new DeadLetterHandlers(services.delivery(), new ForwardTopics(services.cluster()))
        .addTo(handlers);
    new ConfigHandlers(services.configs()).addTo(handlers);
    return handlers;
  }

  /** The native protocol with these handlers. */
  public static ConnectionFactory protocol(
      BrokerIdentity identity, PeerAdmission peers, Map<ApiKey, RequestHandler> handlers) {
    return new ConnectionFactory() {
      @Override
      public boolean shakesHands() {
        return true;
      }

      @Override
      public int maxFirstFrameBytes() {
        return FrameCodec.MAX_HANDSHAKE_FRAME_BYTES;
      }

      @Override
      public Connection create(ConnectionSetup setup) {
        return new ClientConnection(identity, peers, handlers, setup);
      }
    };
  }
}
