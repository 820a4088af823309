package io.tailrace.coordinator.cluster;

import java.util.UUID;

/** Names one node of the cluster's metadata: the unit that is read, written and versioned. */
public sealed interface MetadataKey {

  /** The nodes of which there is one. */
  enum Single implements MetadataKey {
    /** The cluster's identity: {@link MetadataValue.Cluster}. */
    CLUSTER,
    /** No value; its version is the controller epoch, and every write of a controller checks it. */
    CONTROLLER_EPOCH,
    /** Who is the controller: {@link MetadataValue.Holder}, gone with its session. */
    CONTROLLER,
    /** The producer ids given out: {@link MetadataValue.ProducerIds}. */
    PRODUCER_IDS
  }

  /** What a broker said of itself; the version is the broker epoch. Never deleted. */
  record Broker(int id) implements MetadataKey {}

  /** Which process is the broker now: {@link MetadataValue.Holder}, gone with its session. */
  record Live(int brokerId) implements MetadataKey {}

  /** A topic: {@link MetadataValue.Topic}. */
  record Topic(String name) implements MetadataKey {}

  /**
   * What a topic's partitions hang from; no value. It exists exactly as long as the topic with this
   * id: a write that checks it, or that goes to a partition under it, cannot hit another topic that
   * was made under the same name.
   */
  record Partitions(String topic, UUID topicId) implements MetadataKey {}

  /** A partition's leader and in-sync replicas: {@link MetadataValue.Partition}. */
  record Partition(String topic, UUID topicId, int id) implements MetadataKey {}

  /**
   * The recorded deletion of a topic, under the topic's id: {@link MetadataValue.Deletion}. Only
   * this record, never the absence of a topic, lets a broker remove the files of a log.
   */
  record Deletion(UUID topicId) implements MetadataKey {}

  /** A queue and its bindings: {@link MetadataValue.Queue}. */
  record Queue(String name) implements MetadataKey {}

  /** What was set for a broker, or for {@code "default"}: {@link MetadataValue.Configs}. */
  record BrokerConfigs(String broker) implements MetadataKey {}
}
