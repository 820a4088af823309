package io.tailrace.broker.service;

import io.tailrace.broker.config.BrokerKeys;
import io.tailrace.broker.config.LiveConfig;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Makes, changes and deletes topics for clients. Futures complete exceptionally with a {@link
 * ClusterException} where that is refused. Thread-safe; what takes time happens in the metadata
 * store.
 */
public final class TopicService {
  private final ClusterStore cluster;
  private final LiveConfig config;

  /**
   * @param config the defaults of topics, and the rules for their settings
   */
  public TopicService(ClusterStore cluster, LiveConfig config) {
    this.cluster = cluster;
    this.config = config;
  }

  /**
   * A topic to be made.
   *
   * @param partitions 0 = {@code default.partitions}
   * @param replicationFactor 0 = {@code default.replication.factor}
   * @param type null = one that does not exist was asked for
   */
  public record NewTopic(
      String name,
      int partitions,
      int replicationFactor,
      TopicType type,
      Map<String, String> configs) {}

  /** Makes a topic, as {@link ClusterStore#createTopic} does. */
  public CompletionStage<TopicImage> create(NewTopic topic) {
    ClusterException problem = problem(topic);
    return problem != null
        ? CompletableFuture.failedFuture(problem)
        : cluster.createTopic(
            topic.name(),
            partitions(topic),
            replicationFactor(topic),
            topic.type(),
            topic.configs());
  }

  /** How many partitions the topic will have. */
  public int partitions(NewTopic topic) {
    return topic.partitions() == 0
        ? config.current().get(BrokerKeys.DEFAULT_PARTITIONS)
        : topic.partitions();
  }

  /** How many replicas each of its partitions will have. */
  public int replicationFactor(NewTopic topic) {
    return topic.replicationFactor() == 0
        ? config.current().get(BrokerKeys.DEFAULT_REPLICATION_FACTOR)
        : topic.replicationFactor();
  }

  /** Why a topic cannot be made, as far as that is known beforehand; null = it is not. */
  public ClusterException problem(NewTopic topic) {
    String nameProblem = TopicName.problem(topic.name());
    if (nameProblem != null) {
      return new ClusterException(ErrorCode.INVALID_TOPIC_NAME, nameProblem);
    }
    if (TopicRules.isInternal(topic.name())) {
      return internal(topic.name());
    }
    int partitions = partitions(topic);
    if (partitions < 1 || partitions > TopicRules.MAX_PARTITIONS) {
      return badPartitions(partitions);
    }
    if (topic.type() == null) {
      return new ClusterException(
          ErrorCode.INVALID_REQUEST, "the type is not log, direct, fanout or topic");
    }
    List<String> problems = config.problemsWithTopic(topic.configs());
    return problems.isEmpty()
        ? null
        : new ClusterException(ErrorCode.INVALID_CONFIG, String.join("; ", problems));
  }

  private static ClusterException internal(String topic) {
    return new ClusterException(
        ErrorCode.INTERNAL_TOPIC,
        "topic '" + topic + "' holds state of the brokers; only they make, change or delete it");
  }

  private static ClusterException badPartitions(int partitions) {
    return new ClusterException(
        ErrorCode.INVALID_PARTITIONS,
        "a topic has 1 to "
            + TopicRules.MAX_PARTITIONS
            + " partitions, not "
            + Integer.toUnsignedString(partitions));
  }

  /**
   * Deletes a topic.
   *
   * @param force also where queues are bound to it
   */
  public CompletionStage<Void> delete(String name, boolean force) {
    String bound = boundQueue(name);
    if (bound != null && !force) {
      return CompletableFuture.failedFuture(
          new ClusterException(
              ErrorCode.EXCHANGE_IN_USE,
              "queue '"
                  + bound
                  + "' is bound to '"
                  + name
                  + "'; unbind or delete it first, or force the deletion"));
    }
    return TopicRules.isInternal(name)
        ? CompletableFuture.failedFuture(internal(name))
        : cluster.deleteTopic(name);
  }

  /** A queue that is bound to the topic; null when there is none. */
  private String boundQueue(String topic) {
    return cluster.image().queues().values().stream()
        .filter(
            queue ->
                queue.bindings().stream()
                    .anyMatch(each -> each.active() && each.exchange().equals(topic)))
        .map(QueueImage::name)
        .findFirst()
        .orElse(null);
  }

  /** Adds partitions up to the given number. */
  public CompletionStage<Void> setPartitions(String name, int partitions) {
    if (TopicRules.isInternal(name)) {
      return CompletableFuture.failedFuture(internal(name));
    }
    return partitions < 1 || partitions > TopicRules.MAX_PARTITIONS
        ? CompletableFuture.failedFuture(badPartitions(partitions))
        : cluster.setPartitions(name, partitions);
  }
}
