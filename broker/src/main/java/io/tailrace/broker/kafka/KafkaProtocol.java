package io.tailrace.broker.kafka;

import io.tailrace.broker.group.ClassicGroupService;
import io.tailrace.broker.group.ConsumerProtocolService;
import io.tailrace.broker.network.BrokerServices;
import io.tailrace.broker.network.Connection;
import io.tailrace.broker.network.ConnectionFactory;
import io.tailrace.broker.network.ConnectionSetup;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Kafka's protocol over the broker's services. Thread-safe. */
public final class KafkaProtocol implements ConnectionFactory {
  /** Enough for a client's first request, whatever that is. */
  private static final int MAX_FIRST_FRAME_BYTES = 1 << 20;

  private final ServedApis apis = new ServedApis();
  private final AtomicLong connections = new AtomicLong();

  /** Serves clients of Kafka from these services. */
  public KafkaProtocol(BrokerServices services) {
    TopicNames names = new TopicNames(services.cluster());
    apis.add(ApiKeys.API_VERSIONS, 0, 4, this::apiVersions);
    apis.add(
        ApiKeys.METADATA,
        0,
        13,
        new KafkaMetadataHandler(services.cluster(), names, new TopicAutoCreation(services)));
    apis.addAdvertised( // librdkafka compresses only for brokers with version 0
        ApiKeys.PRODUCE,
        0,
        3,
        13,
        new KafkaProduceHandler(services.produce(), services.memory().requests(), names));
    apis.add(ApiKeys.FETCH, 4, 17, new KafkaFetchHandler(services.fetch(), names));
    apis.add(ApiKeys.INIT_PRODUCER_ID, 0, 5, new KafkaProducerIdHandler(services.producerIds()));
    ClassicGroupService classic = new ClassicGroupService(services.groups());
    apis.add(
        ApiKeys.FIND_COORDINATOR,
        0,
        6,
        new KafkaCoordinatorHandler(services.groups(), services.cluster(), services.controller()));
    new KafkaMemberHandlers(classic).addTo(apis);
    new KafkaConsumerProtocolHandlers(new ConsumerProtocolService(services.groups()), names)
        .addTo(apis);
    new KafkaGroupHandlers(services.groups(), classic, services.cluster()).addTo(apis);
    new KafkaTopicHandlers(services.topics(), services.cluster(), names).addTo(apis);
    new KafkaConfigHandlers(services.configs(), services.cluster()).addTo(apis);
    new KafkaClusterHandlers(services.cluster(), services.deletion(), services.offsets())
        .addTo(apis);
    new KafkaCommitHandlers(services.groups(), classic, services.cluster(), names).addTo(apis);
    new KafkaOffsetsHandlers(services.offsets()).addTo(apis);
    apis.add(
        ApiKeys.DESCRIBE_TOPIC_PARTITIONS,
        0,
        0,
        new KafkaTopicPartitionsHandler(services.cluster()));
    apis.add(ApiKeys.ELECT_LEADERS, 0, 2, new KafkaElectionHandler(services.cluster()));
    apis.add(
        ApiKeys.DESCRIBE_LOG_DIRS,
        1,
        4,
        new KafkaLogDirsHandler(
            services.logs(), services.config().current().dataDirectory().toString()));
  }

  @Override
  public boolean shakesHands() {
    return false;
  }

  @Override
  public int maxFirstFrameBytes() {
    return MAX_FIRST_FRAME_BYTES;
  }

  @Override
  public Connection create(ConnectionSetup setup) {
    return new KafkaConnection(apis, connections.incrementAndGet(), setup);
  }

  private void apiVersions(KafkaRequest request) {
    request.respond(new ApiVersionsResponseData().setApiKeys(apis.ranges()));
  }
}
