package io.tailrace.broker.kafka;

import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.network.BrokerServices;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.CreateTopicResponse;
import io.tailrace.protocol.topic.TopicName;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes topics that a client of Kafka asks for and that are not there. Thread-safe. */
final class TopicAutoCreation {
  private static final Logger LOG = LoggerFactory.getLogger(TopicAutoCreation.class);

  private final BrokerServices services;

  TopicAutoCreation(BrokerServices services) {
    this.services = services;
  }

  /**
   * Makes those of the topics whose names are allowed, if the broker's settings say so.
   *
   * @param done runs when each is there or could not be made; on any thread
   */
  void create(Collection<String> names, Runnable done) {
    BrokerConfig config = services.config().current();
    List<String> allowed =
        config.get(BrokerKeys.AUTO_CREATE_TOPICS_ENABLE)
            ? names.stream()
                .filter(name -> TopicName.problem(name) == null && !TopicRules.isInternal(name))
                .toList()
            : List.of();
    if (allowed.isEmpty()) {
      done.run();
      return;
    }
    CompletableFuture<?>[] made =
        allowed.stream().map(name -> create(config, name)).toArray(CompletableFuture[]::new);
    CompletableFuture.allOf(made).thenRun(done);
  }

  private CompletableFuture<?> create(BrokerConfig config, String name) {
    return (services.controller().isHere() ? createHere(config, name) : askController(config, name))
        .handle(
            (topic, error) -> {
              if (error != null) {
                LOG.debug("topic {} could not be made for a client of Kafka", name, error);
              }
              return null;
            });
  }

  private CompletableFuture<?> createHere(BrokerConfig config, String name) {
    return services
        .cluster()
        .createTopic(
            name,
            config.get(BrokerKeys.DEFAULT_PARTITIONS),
            config.get(BrokerKeys.DEFAULT_REPLICATION_FACTOR),
            TopicType.LOG,
            Map.of())
        .toCompletableFuture();
  }

  private CompletableFuture<?> askController(BrokerConfig config, String name) {
    CompletableFuture<Void> made = new CompletableFuture<>();
    services
        .controller()
        .ask(
            ApiKey.CREATE_TOPIC,
            CreateTopicRequest.newBuilder()
                .setName(name)
                .setPartitions(config.get(BrokerKeys.DEFAULT_PARTITIONS))
                .setReplicationFactor(config.get(BrokerKeys.DEFAULT_REPLICATION_FACTOR))
                .setType(TopicType.LOG.label())
                .build(),
            CreateTopicResponse.parser(),
            response -> {
              ErrorCode code = ErrorCode.of(response.getErrorCode());
              if (code == ErrorCode.NONE) {
                made.complete(null);
              } else {
                made.completeExceptionally(new ClusterException(code, response.getErrorMessage()));
              }
            },
            error ->
                made.completeExceptionally(new ClusterException(error.code(), error.message())));
    return made;
  }
}
