package io.tailrace.broker.service;

import io.tailrace.broker.config.LiveConfig;
import io.tailrace.broker.config.Setting;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Tells what topics and brokers are set to, and changes it. Refusals are {@link ClusterException}s.
 * Thread-safe.
 */
public final class ConfigService {
  private final int brokerId;
  private final ClusterStore cluster;
  private final LiveConfig config;

  /**
   * @param brokerId of this broker, which describes no other one
   */
  public ConfigService(int brokerId, ClusterStore cluster, LiveConfig config) {
    this.brokerId = brokerId;
    this.cluster = cluster;
    this.config = config;
  }

  /** The effective settings of a topic. */
  public List<Setting> ofTopic(String name) {
    TopicImage topic = cluster.image().topics().get(name);
    if (topic == null) {
      throw new ClusterException(
          ErrorCode.UNKNOWN_TOPIC,
          "topic '" + PartitionLookup.printable(name) + "' does not exist");
    }
    return config.topic(topic.configs()).settings();
  }

  /**
   * The effective settings of this broker, or those of every broker that can be changed.
   *
   * @param name {@link LiveConfig#EVERY_BROKER} or this broker's id
   */
  public List<Setting> ofBroker(String name) {
    if (name.equals(LiveConfig.EVERY_BROKER)) {
      return config.everyBroker();
    }
    if (!name.equals(Integer.toString(brokerId))) {
      throw new ClusterException(
          ErrorCode.UNKNOWN_RESOURCE,
          "this is broker "
              + brokerId
              + "; ask broker '"
              + PartitionLookup.printable(name)
              + "' itself");
    }
    return config.current().settings();
  }

  /** Why a topic's settings cannot be changed so; null = they can. */
  public ClusterException problemWithTopic(Map<String, String> changes) {
    return problem(config.problemsWithTopic(changes));
  }

  /** Why the settings of a broker cannot be changed so; null = they can. */
  public ClusterException problemWithBroker(String name, Map<String, String> changes) {
    ClusterException problem = problem(config.problemsWithBroker(changes));
    return problem != null || isBroker(name)
        ? problem
        : new ClusterException(
            ErrorCode.UNKNOWN_RESOURCE,
            "there is no broker '"
                + PartitionLookup.printable(name)
                + "'; give an id, or default for all");
  }

  private static ClusterException problem(List<String> problems) {
    return problems.isEmpty()
        ? null
        : new ClusterException(ErrorCode.INVALID_CONFIG, String.join("; ", problems));
  }

  private boolean isBroker(String name) {
    return name.equals(LiveConfig.EVERY_BROKER)
        || cluster.image().brokers().keySet().stream()
            .anyMatch(id -> name.equals(Integer.toString(id)));
  }

  /**
   * Changes settings of a topic.
   *
   * @param changes an empty value unsets
   */
  public CompletionStage<Void> alterTopic(String name, Map<String, String> changes) {
    ClusterException problem = problemWithTopic(changes);
    return problem == null
        ? cluster.alterTopicConfigs(name, changes)
        : CompletableFuture.failedFuture(problem);
  }

  /** Changes settings of a broker or, for {@link LiveConfig#EVERY_BROKER}, of all. */
  public CompletionStage<Void> alterBroker(String name, Map<String, String> changes) {
    ClusterException problem = problemWithBroker(name, changes);
    return problem == null
        ? cluster.alterBrokerConfigs(name, changes)
        : CompletableFuture.failedFuture(problem);
  }
}
