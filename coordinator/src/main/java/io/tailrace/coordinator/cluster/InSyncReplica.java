package io.tailrace.coordinator.cluster;

import java.util.UUID;

/**
 * A member of a partition's in-sync set: a broker under one registration. A broker that registers
 * again has to catch up before it counts as a member under its newer registration.
 *
 * @param brokerEpoch the epoch of the registration
 * @param directoryId the data directory that the broker had under that registration; the records
 *     are there and nowhere else
 */
public record InSyncReplica(int brokerId, int brokerEpoch, UUID directoryId) {

  /** Whether both are the same broker under the same registration. */
  public boolean isSameRegistration(InSyncReplica other) {
    return brokerId == other.brokerId && brokerEpoch == other.brokerEpoch;
  }
}
