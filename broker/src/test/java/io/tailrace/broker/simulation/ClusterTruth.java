package io.tailrace.broker.simulation;

import io.tailrace.coordinator.cluster.InMemoryMetadata;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataEntry;
import io.tailrace.coordinator.cluster.MetadataKey;
import io.tailrace.coordinator.cluster.MetadataValue;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What the metadata store of a simulated cluster holds at this moment. Stateless. */
final class ClusterTruth {
  private ClusterTruth() {}

  /** The in-sync sets of all partitions, by number. */
  static Map<Integer, List<InSyncReplica>> inSync(InMemoryMetadata metadata) {
    Map<Integer, List<InSyncReplica>> sets = new TreeMap<>();
    for (MetadataEntry entry : metadata.entries()) {
      if (entry.key() instanceof MetadataKey.Partition key
          && entry.value() instanceof MetadataValue.Partition value) {
        sets.put(key.id(), value.inSync());
      }
    }
    return sets;
  }

  /** The replicas of all partitions that are said to hold all that is committed, by number. */
  static Map<Integer, List<InSyncReplica>> complete(InMemoryMetadata metadata) {
    Map<Integer, List<InSyncReplica>> sets = new TreeMap<>();
    for (MetadataEntry entry : metadata.entries()) {
      if (entry.key() instanceof MetadataKey.Partition key
          && entry.value() instanceof MetadataValue.Partition value) {
        sets.put(
            key.id(), Stream.concat(value.inSync().stream(), value.eligible().stream()).toList());
      }
    }
    return sets;
  }

  /** The epoch of a broker's newest registration; -1 when it has none. */
  static int brokerEpoch(InMemoryMetadata metadata, int brokerId) {
    for (MetadataEntry entry : metadata.entries()) {
      if (entry.key().equals(new MetadataKey.Broker(brokerId))) {
        return entry.version();
      }
    }
    return -1;
  }

  /** What the node of a partition says, with its version; null when there is none. */
  static MetadataEntry partition(InMemoryMetadata metadata, int number) {
    for (MetadataEntry entry : metadata.entries()) {
      if (entry.key() instanceof MetadataKey.Partition key && key.id() == number) {
        return entry;
      }
    }
    return null;
  }
}
