package io.tailrace.coordinator.replica;

/**
 * A member of a partition's in-sync set.
 *
 * @param brokerEpoch the registration under which the broker is a member; a broker that registered
 *     again since then has to catch up before it counts as a member again. {@link #ANY_EPOCH} where
 *     the metadata does not say
 */
public record InSyncReplica(int brokerId, int brokerEpoch) {
  /** The broker's registration is not known. */
  public static final int ANY_EPOCH = -1;

  boolean isUnder(int epoch) {
    return brokerEpoch == ANY_EPOCH || epoch == ANY_EPOCH || brokerEpoch == epoch;
  }
}
