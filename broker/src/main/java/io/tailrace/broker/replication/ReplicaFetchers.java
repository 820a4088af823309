package io.tailrace.broker.replication;

import io.tailrace.broker.partition.FollowerListener;
import io.tailrace.broker.partition.Partition;
import io.tailrace.client.network.Network;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.port.Scheduler;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Follows the leaders of this broker's partitions, each partition on its own thread. Thread-safe,
 * but for what {@link FollowerListener} says.
 */
public final class ReplicaFetchers implements FollowerListener {
  private final Map<Scheduler, ThreadFetchers> byThread = new HashMap<>();

  /**
   * @param networks one for each partition thread, by whose scheduler it runs
   * @param self this broker's registration now; null while it has none
   */
  public ReplicaFetchers(
      List<Network> networks, Supplier<InSyncReplica> self, FetchSettings settings) {
    for (Network network : networks) {
      byThread.put(network.scheduler(), new ThreadFetchers(network, self, settings));
    }
  }

  /**
   * A broker's registration, as far as an image has it.
   *
   * @param directoryId the broker's data directory: a registration with another one is not its own
   * @return null when it has none
   */
  public static InSyncReplica registration(ClusterImage image, int brokerId, UUID directoryId) {
    BrokerImage broker = image.brokers().get(brokerId);
    return broker != null && broker.live() && broker.directoryId().equals(directoryId)
        ? new InSyncReplica(brokerId, broker.epoch(), directoryId)
        : null;
  }

  /** Takes over where brokers are. */
  public void onImage(ClusterImage image) {
    byThread.values().forEach(thread -> thread.onBrokers(image.brokers().values()));
  }

  @Override
  public void onRole(Partition partition) {
    byThread.get(partition.scheduler()).onRole(partition);
  }

  @Override
  public void onSynced(Partition partition) {
    byThread.get(partition.scheduler()).onSynced(partition);
  }

  /** Stops all fetches. Returns before the connections are closed. */
  public void stop() {
    byThread.values().forEach(ThreadFetchers::stop);
  }
}
