package io.tailrace.coordinator.cluster;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A topic as the cluster knows it.
 *
 * @param id names its logs on disk; a topic made again under the same name has another one
 * @param partitions in the order of their ids
 * @param configs what was set for this topic; defaults are not repeated here
 */
public record TopicImage(
    String name,
    UUID id,
    TopicType type,
    List<PartitionImage> partitions,
    Map<String, String> configs) {

  public TopicImage {
    partitions = List.copyOf(partitions);
    configs = Collections.unmodifiableMap(new TreeMap<>(configs));
  }

  /** The same topic while nobody leads its partitions. */
  TopicImage withoutLeaders() {
    return new TopicImage(
        name, id, type, partitions.stream().map(PartitionImage::leaderless).toList(), configs);
  }
}
