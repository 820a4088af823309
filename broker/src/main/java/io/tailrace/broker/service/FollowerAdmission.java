package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import java.util.function.Supplier;

/**
 * Whether a fetch comes from a broker under its newest registration. The directory id is known to
 * brokers only, so that no client can pass for a replica. Thread-safe.
 */
public final class FollowerAdmission {
  private final Supplier<ClusterImage> image;

  /**
   * @param image the newest one
   */
  public FollowerAdmission(Supplier<ClusterImage> image) {
    this.image = image;
  }

  /** Null when it does. */
  PartitionError refusal(InSyncReplica follower) {
    BrokerImage known = image.get().brokers().get(follower.brokerId());
    if (known != null
        && known.live()
        && known.epoch() == follower.brokerEpoch()
        && known.directoryId().equals(follower.directoryId())) {
      return null;
    }
    return new PartitionError(
        ErrorCode.INVALID_BROKER_EPOCH,
        "broker "
            + Integer.toUnsignedString(follower.brokerId())
            + " is not registered with the epoch and the directory that the fetch names");
  }
}
