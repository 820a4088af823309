package io.tailrace.broker.group;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.TopicDirectory;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The topics of one image of the cluster, for groups. Immutable, but for what it finds out. */
final class ImageTopics implements TopicDirectory {
  static final ImageTopics NONE = new ImageTopics(ClusterImage.EMPTY);

  private final Map<String, TopicImage> topics;
  private final Map<UUID, Entry> byId = new HashMap<>();

  ImageTopics(ClusterImage image) {
    this.topics = image.topics();
    topics.values().forEach(topic -> byId.put(topic.id(), entry(topic)));
  }

  /** Whether the topics of an image are these, as far as groups can tell. */
  boolean isOf(ClusterImage image) {
    if (image.topics().size() != topics.size()) {
      return false;
    }
    for (TopicImage topic : image.topics().values()) {
      if (!entry(topic).equals(byId.get(topic.id()))) {
        return false;
      }
    }
    return true;
  }

  private static Entry entry(TopicImage topic) {
    return new Entry(topic.name(), topic.id(), topic.partitions().size());
  }

  @Override
  public Entry byName(String name) {
    TopicImage topic = topics.get(name);
    return topic == null ? null : byId.get(topic.id());
  }

  @Override
  public Entry byId(UUID id) {
    return byId.get(id);
  }

  @Override
  public Collection<String> matching(String pattern) {
    return List.of();
  }
}
