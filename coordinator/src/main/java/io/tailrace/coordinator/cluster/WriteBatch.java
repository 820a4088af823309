package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Collects the parts of one atomic write and says when it is as large as one may be: the metadata
 * store takes only so much at once. Not thread-safe.
 */
final class WriteBatch {
  /** What ZooKeeper takes, with room for the checks that are put around. */
  static final int DEFAULT_MAX_PARTS = 450;

  private static final int MAX_BYTES = 400 * 1024;

  private final List<MetadataWrite> writes = new ArrayList<>();
  private final int maxParts;
  private int bytes;

  WriteBatch(int maxParts) {
    this.maxParts = maxParts;
  }

  /** Whether nothing more should be added. */
  boolean full() {
    return writes.size() >= maxParts || bytes >= MAX_BYTES;
  }

  boolean isEmpty() {
    return writes.isEmpty();
  }

  WriteBatch add(MetadataWrite write) {
    writes.add(write);
    bytes += size(write);
    return this;
  }

  WriteBatch addFirst(MetadataWrite write) {
    writes.add(0, write);
    bytes += size(write);
    return this;
  }

  List<MetadataWrite> writes() {
    return writes;
  }

  /** An upper estimate of the bytes that a part takes on the way to the store. */
  private static int size(MetadataWrite write) {
    int size = 150 + 2 * nameLength(write.key());
    if (write instanceof MetadataWrite.Create create) {
      size += size(create.value());
    } else if (write instanceof MetadataWrite.Update update) {
      size += size(update.value());
    }
    return size;
  }

  private static int nameLength(MetadataKey key) {
    if (key instanceof MetadataKey.Partition partition) {
      return partition.topic().length();
    } else if (key instanceof MetadataKey.Topic topic) {
      return topic.name().length();
    }
    return 0;
  }

  private static int size(MetadataValue value) {
    if (value instanceof MetadataValue.Topic topic) {
      return size(topic.assignment()) + size(topic.configs());
    } else if (value instanceof MetadataValue.Partition partition) {
      return 32 * (partition.inSync().size() + partition.eligible().size())
          + 24 * partition.logEnds().size();
    }
    return 0;
  }

  static int size(List<List<Integer>> assignment) {
    int size = 0;
    for (List<Integer> replicas : assignment) {
      size += 4 + 5 * replicas.size();
    }
    return size;
  }

  static int size(Map<String, String> configs) {
    int size = 0;
    for (Map.Entry<String, String> config : configs.entrySet()) {
      size += 12 + 3 * (config.getKey().length() + config.getValue().length());
    }
    return size;
  }
}
