package io.tailrace.coordinator.cluster;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Makes the next image from the one before: what did not change is shared, and a map is copied once
 * however many changes there are. Not thread-safe.
 */
public final class ClusterImageBuilder {
  private final ClusterImage previous;
  private String clusterId;
  private int controllerId;
  private SortedMap<Integer, BrokerImage> brokers;
  private Map<String, TopicImage> topics;
  private Map<String, QueueImage> queues;
  private Map<UUID, MetadataValue.Deletion> deletions;
  private SortedMap<String, Map<String, String>> brokerConfigs;
  private boolean changed;

  public ClusterImageBuilder(ClusterImage previous) {
    this.previous = previous;
    this.clusterId = previous.clusterId();
    this.controllerId = previous.controllerId();
    this.deletions = previous.deletions();
  }

  public ClusterImageBuilder clusterId(String id) {
    changed |= !clusterId.equals(id);
    clusterId = id;
    return this;
  }

  /** Sets the controller's broker id; -1 when none is known. */
  public ClusterImageBuilder controller(int id) {
    changed |= controllerId != id;
    controllerId = id;
    return this;
  }

  public ClusterImageBuilder putBroker(BrokerImage broker) {
    Map<Integer, BrokerImage> now = brokers == null ? previous.brokers() : brokers;
    if (!broker.equals(now.get(broker.id()))) {
      if (brokers == null) {
        brokers = new TreeMap<>(previous.brokers());
      }
      brokers.put(broker.id(), broker);
      changed = true;
    }
    return this;
  }

  public ClusterImageBuilder removeBroker(int id) {
    Map<Integer, BrokerImage> now = brokers == null ? previous.brokers() : brokers;
    if (now.containsKey(id)) {
      if (brokers == null) {
        brokers = new TreeMap<>(previous.brokers());
      }
      brokers.remove(id);
      changed = true;
    }
    return this;
  }

  public ClusterImageBuilder putTopic(TopicImage topic) {
    mutableTopics().put(topic.name(), topic);
    return this;
  }

  public ClusterImageBuilder removeTopic(String name) {
    Map<String, TopicImage> now = topics == null ? previous.topics() : topics;
    if (now.containsKey(name)) {
      mutableTopics().remove(name);
    }
    return this;
  }

  public ClusterImageBuilder putQueue(QueueImage queue) {
    if (!queue.equals(previous.queues().get(queue.name()))) {
      mutableQueues().put(queue.name(), queue);
    }
    return this;
  }

  public ClusterImageBuilder removeQueue(String name) {
    if (previous.queues().containsKey(name)) {
      mutableQueues().remove(name);
    }
    return this;
  }

  private Map<String, QueueImage> mutableQueues() {
    if (queues == null) {
      queues = new HashMap<>(previous.queues());
    }
    changed = true;
    return queues;
  }

  /** Sets the deletions that not every broker has confirmed. */
  public ClusterImageBuilder deletions(Map<UUID, MetadataValue.Deletion> recorded) {
    if (!recorded.equals(deletions)) {
      deletions = Map.copyOf(recorded);
      changed = true;
    }
    return this;
  }

  /** Sets what was set for a broker or for {@code "default"}; an empty map removes it. */
  public ClusterImageBuilder brokerConfigs(String broker, Map<String, String> configs) {
    Map<String, Map<String, String>> now =
        brokerConfigs == null ? previous.brokerConfigs() : brokerConfigs;
    if (configs.equals(now.getOrDefault(broker, Map.of()))) {
      return this;
    }
    if (brokerConfigs == null) {
      brokerConfigs = new TreeMap<>(previous.brokerConfigs());
    }
    if (configs.isEmpty()) {
      brokerConfigs.remove(broker);
    } else {
      brokerConfigs.put(broker, Collections.unmodifiableMap(new TreeMap<>(configs)));
    }
    changed = true;
    return this;
  }

  /** The image before when nothing changed, else one with the next version. Call once. */
  public ClusterImage build() {
    if (!changed) {
      return previous;
    }
    return new ClusterImage(
        previous.version() + 1,
        clusterId,
        controllerId,
        brokers == null ? previous.brokers() : Collections.unmodifiableSortedMap(brokers),
        topics == null ? previous.topics() : Collections.unmodifiableMap(topics),
        queues == null ? previous.queues() : Collections.unmodifiableMap(queues),
        deletions,
        brokerConfigs == null
            ? previous.brokerConfigs()
            : Collections.unmodifiableSortedMap(brokerConfigs));
  }

  private Map<String, TopicImage> mutableTopics() {
    if (topics == null) {
      topics = new HashMap<>(previous.topics());
    }
    changed = true;
    return topics;
  }
}
