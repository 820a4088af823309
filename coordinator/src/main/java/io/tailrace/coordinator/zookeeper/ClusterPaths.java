package io.tailrace.coordinator.zookeeper;

import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Where the metadata is in ZooKeeper. Immutable.
 *
 * <pre>
 * /tailrace                   the root; another one can be given behind the connect string
 * ├── cluster                 ClusterNode
 * ├── controller              HolderNode, ephemeral: the controller
 * ├── controller_epoch        empty; its data version is the controller epoch, which every write of
 * │                           a controller checks
 * ├── producer_ids            ProducerIdsNode
 * ├── brokers
 * │   └── 1                   BrokerNode; its data version is the broker epoch; never deleted
 * │       └── live            HolderNode, ephemeral: the process that is this broker
 * ├── config
 * │   └── brokers
 * │       ├── default         ConfigNode
 * │       └── 1               ConfigNode
 * ├── deletions
 * │   └── 9d41…-03aa          DeletionNode, named by the id of a topic that was deleted
 * ├── queues
 * │   └── mails               QueueNode
 * └── topics
 *     └── orders              TopicNode; its assignment decides which partitions exist
 *         └── 2f6c…-9b1e      empty; named by the topic's id, so that a write which is meant for a
 *             │               deleted topic cannot hit its successor of the same name
 *             ├── 0           PartitionNode
 *             └── 1           PartitionNode
 * </pre>
 *
 * The values are the messages of {@code tailrace/coordinator/cluster.proto}.
 */
final class ClusterPaths {
  /** The root when the connect string names none. */
  static final String DEFAULT_ROOT = "/tailrace";

  private final String root;

  /**
   * @param root begins with a slash and does not end with one
   */
  ClusterPaths(String root) {
    this.root = root;
  }

  String root() {
    return root;
  }

  String brokers() {
    return root + "/brokers";
  }

  String brokerConfigs() {
    return root + "/config/brokers";
  }

  String deletions() {
    return root + "/deletions";
  }

  String queues() {
    return root + "/queues";
  }

  String topics() {
    return root + "/topics";
  }

  /** The root and everything above it, from the top. */
  List<String> rootAndParents() {
    List<String> paths = new ArrayList<>();
    for (int slash = root.indexOf('/', 1); slash > 0; slash = root.indexOf('/', slash + 1)) {
      paths.add(root.substring(0, slash));
    }
    paths.add(root);
    return paths;
  }

  /** The nodes that hold others and nothing else, parents first. */
  List<String> folders() {
    return List.of(brokers(), root + "/config", brokerConfigs(), deletions(), queues(), topics());
  }

  String of(MetadataKey key) {
    if (key instanceof MetadataKey.Partition partition) {
      return topics() + "/" + partition.topic() + "/" + partition.topicId() + "/" + partition.id();
    } else if (key instanceof MetadataKey.Partitions partitions) {
      return topics() + "/" + partitions.topic() + "/" + partitions.topicId();
    } else if (key instanceof MetadataKey.Topic topic) {
      return topics() + "/" + topic.name();
    } else if (key instanceof MetadataKey.Broker broker) {
      return brokers() + "/" + broker.id();
    } else if (key instanceof MetadataKey.Live live) {
      return brokers() + "/" + live.brokerId() + "/live";
    } else if (key instanceof MetadataKey.Deletion deletion) {
      return deletions() + "/" + deletion.topicId();
    } else if (key instanceof MetadataKey.Queue queue) {
      return queues() + "/" + queue.name();
    } else if (key instanceof MetadataKey.BrokerConfigs configs) {
      return brokerConfigs() + "/" + configs.broker();
    }
    return switch ((Single) key) {
      case CLUSTER -> root + "/cluster";
      case CONTROLLER -> root + "/controller";
      case CONTROLLER_EPOCH -> root + "/controller_epoch";
      case PRODUCER_IDS -> root + "/producer_ids";
    };
  }

  /** The key at this path; null when nothing that matters is there. */
  MetadataKey keyOf(String path) {
    if (path.length() <= root.length() || !path.startsWith(root)) {
      return null;
    }
    String[] parts = path.substring(root.length() + 1).split("/", -1);
    try {
      return switch (parts[0]) {
        case "topics" -> topicKey(parts);
        case "brokers" -> brokerKey(parts);
        case "deletions" ->
            parts.length == 2 ? new MetadataKey.Deletion(UUID.fromString(parts[1])) : null;
        case "queues" -> parts.length == 2 ? new MetadataKey.Queue(parts[1]) : null;
        case "config" ->
            parts.length == 3 && parts[1].equals("brokers")
                ? new MetadataKey.BrokerConfigs(parts[2])
                : null;
        case "cluster" -> Single.CLUSTER;
        case "controller" -> Single.CONTROLLER;
        case "controller_epoch" -> Single.CONTROLLER_EPOCH;
        case "producer_ids" -> Single.PRODUCER_IDS;
        default -> null;
      };
    } catch (IllegalArgumentException e) {
      // A node that was created by hand, under a name that Tailrace never uses.
      return null;
    }
  }

  private static MetadataKey topicKey(String[] parts) {
    return switch (parts.length) {
      case 2 -> new MetadataKey.Topic(parts[1]);
      case 4 ->
          new MetadataKey.Partition(
              parts[1], UUID.fromString(parts[2]), Integer.parseUnsignedInt(parts[3]));
      default -> null;
    };
  }

  private static MetadataKey brokerKey(String[] parts) {
    if (parts.length == 2) {
      return new MetadataKey.Broker(Integer.parseUnsignedInt(parts[1]));
    }
    return parts.length == 3 && parts[2].equals("live")
        ? new MetadataKey.Live(Integer.parseUnsignedInt(parts[1]))
        : null;
  }
}
