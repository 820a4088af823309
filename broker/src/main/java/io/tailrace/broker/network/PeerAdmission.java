package io.tailrace.broker.network;

import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.protocol.message.PeerIdentity;
import io.tailrace.protocol.topic.Ids;
import java.util.function.Supplier;

/**
 * Whether a connection is another broker's, as it says: the id of that broker's data directory is
 * known to the cluster's brokers only. The connection stays the broker's when its registration
 * ends: what it may do is checked request by request. Thread-safe.
 */
public final class PeerAdmission {
  private final Supplier<ClusterImage> image;

  /**
   * @param image the newest one
   */
  public PeerAdmission(Supplier<ClusterImage> image) {
    this.image = image;
  }

  boolean admits(PeerIdentity peer) {
    BrokerImage known = image.get().brokers().get(peer.getBrokerId());
    return known != null
        && peer.hasDirectoryId()
        && known.directoryId().equals(Ids.ofMessage(peer.getDirectoryId()));
  }
}
