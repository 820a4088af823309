package io.tailrace.broker.delivery;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Which queues are bound to each topic, by the newest image, and which topics an image concerns:
 * with thousands of queues, a change of one of them must not be work for all. What an image shares
 * with the one before is the same object, and is passed over. Confined to the metadata store's
 * thread.
 */
final class BoundQueues {
  private final Map<UUID, Map<UUID, QueueImage>> byTopic = new HashMap<>();
  private Map<String, QueueImage> queues = Map.of();
  private Map<String, TopicImage> topics = Map.of();

  /**
   * Takes over an image.
   *
   * @return its topics that changed themselves or whose queues did; those that are gone are not
   *     among them
   */
  List<TopicImage> onImage(ClusterImage image) {
    Set<String> changed = new LinkedHashSet<>();
    addChangedTopics(image.topics(), changed);
    addChangedQueues(image.queues(), changed);
    queues = image.queues();
    topics = image.topics();
    List<TopicImage> found = new ArrayList<>(changed.size());
    for (String name : changed) {
      TopicImage topic = topics.get(name);
      if (topic != null) {
        found.add(topic);
      }
    }
    return found;
  }

  /** Whether the image has other topics than the last one, or changed ones. */
  @SuppressWarnings("ReferenceEquality")
  boolean hasOtherTopics(ClusterImage image) {
    return image.topics() != topics;
  }

  @SuppressWarnings("ReferenceEquality")
  private void addChangedTopics(Map<String, TopicImage> now, Set<String> changed) {
    if (now != topics) {
      for (TopicImage topic : now.values()) {
        if (topics.get(topic.name()) != topic) {
          changed.add(topic.name());
        }
      }
    }
  }

  @SuppressWarnings("ReferenceEquality")
  private void addChangedQueues(Map<String, QueueImage> now, Set<String> changed) {
    if (now == queues) {
      return;
    }
    List<QueueImage> left = new ArrayList<>();
    List<QueueImage> come = new ArrayList<>();
    for (QueueImage queue : now.values()) {
      QueueImage before = queues.get(queue.name());
      if (before != queue) {
        come.add(queue);
        if (before != null) {
          left.add(before);
        }
      }
    }
    for (QueueImage queue : queues.values()) {
      if (!now.containsKey(queue.name())) {
        left.add(queue);
      }
    }
    Map<UUID, Map<UUID, QueueImage>> copies = new HashMap<>();
    for (QueueImage queue : left) {
      for (QueueBinding binding : queue.bindings()) {
        changed.add(binding.exchange());
        copy(binding.exchangeId(), copies).remove(queue.id());
      }
    }
    for (QueueImage queue : come) {
      for (QueueBinding binding : queue.bindings()) {
        changed.add(binding.exchange());
        copy(binding.exchangeId(), copies).put(queue.id(), queue);
      }
    }
    copies.forEach(
        (topicId, bound) -> {
          if (bound.isEmpty()) {
            byTopic.remove(topicId);
          } else {
            byTopic.put(topicId, Collections.unmodifiableMap(bound));
          }
        });
  }

  /** Partition threads hold the map that there is: it is copied, once for each image. */
  private Map<UUID, QueueImage> copy(UUID topicId, Map<UUID, Map<UUID, QueueImage>> copies) {
    return copies.computeIfAbsent(topicId, id -> new LinkedHashMap<>(boundTo(id)));
  }

  /** The queues that are or were bound to the topic, by their ids. Does not change any more. */
  Map<UUID, QueueImage> boundTo(UUID topicId) {
    return byTopic.getOrDefault(topicId, Map.of());
  }
}
