package io.tailrace.broker.kafka;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicImage;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;

/**
 * Finds topics by their ids, by which newer requests name them. Thread-safe: an index is made once
 * for each image, and replaced as a whole.
 */
final class TopicNames {
  private final ClusterStore cluster;
  private volatile Index index = new Index(ClusterImage.EMPTY, Map.of());

  private record Index(ClusterImage image, Map<UUID, TopicImage> topics) {}

  TopicNames(ClusterStore cluster) {
    this.cluster = cluster;
  }

  /** The topic with this id; null when there is none. */
  TopicImage find(UUID id) {
    ClusterImage image = cluster.image();
    Index current = index;
    if (current.image().version() != image.version()) {
      Map<UUID, TopicImage> topics = new HashMap<>();
      image.topics().values().forEach(topic -> topics.put(topic.id(), topic));
      current = new Index(image, topics);
      index = current;
    }
    return current.topics().get(id);
  }

  static UUID toId(Uuid id) {
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  static Uuid toMessage(UUID id) {
    return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }
}
