package io.tailrace.broker.group;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.group.TopicDirectory;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

/** The topics of one image of the cluster, for groups, and what patterns match. Immutable. */
final class ImageTopics implements TopicDirectory {
  static final ImageTopics NONE = new ImageTopics(ClusterImage.EMPTY, Map.of(), pattern -> {});

  private final Map<String, TopicImage> topics;
  private final Map<UUID, Entry> byId = new HashMap<>();

  /** By pattern. */
  private final Map<String, Set<String>> matches;

  private final Consumer<String> onAsked;

  /**
   * @param onAsked told of each pattern that is asked for, known or not; on any thread
   */
  ImageTopics(ClusterImage image, Map<String, Set<String>> matches, Consumer<String> onAsked) {
    this.topics = image.topics();
    this.matches = matches;
    this.onAsked = onAsked;
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
    onAsked.accept(pattern);
    return matches.get(pattern);
  }

  Map<String, Set<String>> matches() {
    return matches;
  }
}
