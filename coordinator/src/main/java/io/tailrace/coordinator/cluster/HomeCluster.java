package io.tailrace.coordinator.cluster;

/**
 * The cluster that a process belongs to, as its data directory remembers it.
 *
 * @param clusterId empty when the process has not been part of a cluster yet
 * @param founds whether the process may make a new cluster where the metadata store holds none:
 *     only one that has no data may, since the logs of others would belong to no topic there
 */
public record HomeCluster(String clusterId, boolean founds) {

  /** Of a process without data: any cluster will do, also a new one. */
  public static final HomeCluster ANY = new HomeCluster("", true);

  /** Says why the process must not use a store that holds this cluster, or returns null. */
  String problem(ClusterState state) {
    String found = state.clusterId();
    if (state.unreadable(MetadataKey.Single.CLUSTER)) {
      return owner() + ", but the cluster id that ZooKeeper holds cannot be read";
    } else if (found.isEmpty()) {
      return owner() + ", but ZooKeeper holds no cluster";
    } else if (!clusterId.isEmpty() && !clusterId.equals(found)) {
      return owner() + ", but ZooKeeper holds cluster " + found;
    }
    return null;
  }

  private String owner() {
    return clusterId.isEmpty()
        ? "this broker's data directory names no cluster"
        : "this broker's data directory belongs to cluster " + clusterId;
  }

  /** The same process after it has found its cluster. */
  HomeCluster found(String id) {
    return new HomeCluster(id, false);
  }
}
