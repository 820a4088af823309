package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.Goal.Done;
import io.tailrace.coordinator.cluster.Goal.Refused;
import io.tailrace.coordinator.cluster.Goal.Step;
import io.tailrace.coordinator.cluster.Goal.Write;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/** What any broker may change: settings, the producer ids in use, its part in a deletion. */
final class SettingGoals {

  private SettingGoals() {}

  /** A topic's settings; an empty value unsets one. */
  record AlterTopic(String name, Map<String, String> changes) implements Goal<Void> {
    @Override
    public Step<Void> next(ClusterState state) {
      if (state.unreadable(new MetadataKey.Topic(name))) {
        return TopicGoals.unreadable(name);
      }
      TopicState topic = state.topic(name);
      if (topic == null || !topic.value().visible()) {
        return new Refused<>(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
      }
      MetadataValue.Topic now = topic.value();
      Map<String, String> configs = changed(now.configs(), changes);
      if (configs.equals(now.configs())) {
        return new Done<>(null);
      }
      String problem = TopicRules.configProblem(configs);
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_CONFIG, problem);
      }
      List<String> queues = state.boundTo(topic.id());
      if (TopicRules.isCompacted(configs) && !queues.isEmpty()) {
        return new Refused<>(
            ErrorCode.INVALID_CONFIG,
            "topic '"
                + name
                + "' cannot be compacted while queues are bound to it: "
                + String.join(", ", queues));
      }
      return new Write<>(
          List.of(
              new MetadataWrite.Check(topic.partitionsKey(), MetadataWrite.ANY_VERSION),
              new MetadataWrite.Update(
                  topic.key(),
                  new MetadataValue.Topic(now.id(), now.type(), now.assignment(), configs, false),
                  topic.version())));
    }
  }

  /** A broker's settings, or those of {@code "default"}; an empty value unsets one. */
  record AlterBroker(String broker, Map<String, String> changes) implements Goal<Void> {
    @Override
    public Step<Void> next(ClusterState state) {
      if (state.unreadable(new MetadataKey.BrokerConfigs(broker))) {
        return new Refused<>(
            ErrorCode.INVALID_REQUEST,
            "the settings of broker '"
                + broker
                + "' are in ZooKeeper but cannot be read; remove their znode first");
      }
      ClusterState.Node<MetadataValue.Configs> node = state.brokerConfigs(broker);
      Map<String, String> now = node == null ? Map.of() : node.value().configs();
      Map<String, String> configs = changed(now, changes);
      if (configs.equals(now)) {
        return new Done<>(null);
      }
      String problem = TopicRules.configProblem(configs);
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_CONFIG, problem);
      }
      MetadataKey key = new MetadataKey.BrokerConfigs(broker);
      MetadataValue value = new MetadataValue.Configs(configs);
      return new Write<>(
          List.of(
              node == null
                  ? new MetadataWrite.Create(key, value, false)
                  : new MetadataWrite.Update(key, value, node.version())));
    }
  }

  /**
   * A block of producer ids that no other broker gets. When the answer to a write is lost the block
   * may be lost with it; there are enough.
   */
  static final class TakeProducerIds implements Goal<Long> {
    private final int count;
    private boolean written;
    private long first;

    TakeProducerIds(int count) {
      this.count = count;
    }

    @Override
    public Step<Long> next(ClusterState state) {
      if (written) {
        return new Done<>(first);
      }
      ClusterState.Node<MetadataValue.ProducerIds> node = state.producerIds();
      first = node.value().next();
      return new Write<>(
          List.of(
              new MetadataWrite.Update(
                  MetadataKey.Single.PRODUCER_IDS,
                  new MetadataValue.ProducerIds(first + count),
                  node.version())));
    }

    @Override
    public void onWritten() {
      written = true;
    }
  }

  /** A broker's confirmation that its files of a deleted topic are gone. */
  record ConfirmDeletion(UUID topicId, int brokerId) implements Goal<Void> {
    @Override
    public Step<Void> next(ClusterState state) {
      ClusterState.Node<MetadataValue.Deletion> node = state.deletion(topicId);
      if (node == null || !node.value().pending().contains(brokerId)) {
        return new Done<>(null);
      }
      return new Write<>(
          List.of(
              new MetadataWrite.Update(
                  new MetadataKey.Deletion(topicId),
                  node.value().without(brokerId),
                  node.version())));
    }
  }

  private static Map<String, String> changed(
      Map<String, String> configs, Map<String, String> changes) {
    Map<String, String> next = new TreeMap<>(configs);
    changes.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            next.remove(name);
          } else {
            next.put(name, value);
          }
        });
    return next;
  }
}
