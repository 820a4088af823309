package io.tailrace.broker.forward;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.ForwarderIds;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * Tells which producer ids belong to forwarders of queues that exist. What a partition remembers of
 * those is kept however long they are silent, since a batch may be sent again after any time.
 * Thread-safe.
 */
public final class KnownForwarders implements LongPredicate {
  private final Supplier<ClusterImage> image;
  private Map<String, QueueImage> queues;
  private Map<String, TopicImage> topics;
  private Map<Place, Long> byPlace = Map.of();
  private Set<Long> ids = Set.of();

  private record Place(UUID queue, UUID topic, int partition) {}

  public KnownForwarders(Supplier<ClusterImage> image) {
    this.image = image;
  }

  @Override
  public boolean test(long producerId) {
    return ForwarderIds.isForwarder(producerId) && ids().contains(producerId);
  }

  @SuppressWarnings("ReferenceEquality") // what did not change is the same object
  private synchronized Set<Long> ids() {
    ClusterImage now = image.get();
    if (now.queues() != queues || now.topics() != topics) {
      queues = now.queues();
      topics = now.topics();
      Map<Place, Long> places = new HashMap<>();
      for (QueueImage queue : queues.values()) {
        queue.sources().forEach((id, name) -> add(places, queue.id(), topics.get(name), id));
      }
      byPlace = places;
      ids = new HashSet<>(places.values());
    }
    return ids;
  }

  private void add(Map<Place, Long> places, UUID queue, TopicImage topic, UUID topicId) {
    if (topic == null || !topic.id().equals(topicId)) {
      return;
    }
    for (int partition = 0; partition < topic.partitions().size(); partition++) {
      Place place = new Place(queue, topicId, partition);
      Long known = byPlace.get(place);
      places.put(place, known == null ? ForwarderIds.of(queue, topicId, place.partition()) : known);
    }
  }
}
