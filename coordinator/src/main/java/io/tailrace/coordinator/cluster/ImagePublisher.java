package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds the newest image and tells the listeners of each. Everything but {@link #image()} is
 * confined to the thread of its {@link ClusterMember}.
 */
final class ImagePublisher {
  private static final Logger LOG = LoggerFactory.getLogger(ImagePublisher.class);

  private final List<ClusterStore.Listener> listeners = new ArrayList<>();
  private volatile ClusterImage image = ClusterImage.EMPTY;

  /** The newest image. Thread-safe. */
  ClusterImage image() {
    return image;
  }

  void add(ClusterStore.Listener listener) {
    listeners.add(listener);
    tell(listener);
  }

  /**
   * Builds an image of the current state; calls the listeners when it differs from the last one.
   */
  void publish(ClusterState state) {
    publish(state.image(image));
  }

  /** Copies the last image without leaders and without a controller. */
  void publishWithoutLeaders() {
    ClusterImageBuilder builder = new ClusterImageBuilder(image).controller(-1);
    for (TopicImage topic : image.topics().values()) {
      if (topic.partitions().stream().anyMatch(PartitionImage::hasLeader)) {
        builder.putTopic(topic.withoutLeaders());
      }
    }
    publish(builder.build());
  }

  private void publish(ClusterImage next) {
    if (next.version() != image.version()) {
      image = next;
      for (ClusterStore.Listener listener : listeners) {
        tell(listener);
      }
    }
  }

  /** A listener that fails harms no other. */
  private void tell(ClusterStore.Listener listener) {
    try {
      listener.onImage(image);
    } catch (RuntimeException e) {
      LOG.error("A listener failed on image {} of the cluster", image.version(), e);
    }
  }
}
