package io.tailrace.broker.service;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.FollowerPosition;
import io.tailrace.coordinator.cluster.InSyncReplica;

/**
 * What a fetch of a follower says besides where it goes on.
 *
 * @param follower under the registration with which it fetches
 * @param log which of the partition's logs it reads
 * @param lastEpoch the leader epoch of its last batch; {@link FollowerPosition#NO_EPOCH} when it
 *     has none
 * @param syncedEndOffset everything below is synced to the follower's device
 */
public record FollowerFetch(
    InSyncReplica follower, LogId.Kind log, int lastEpoch, long syncedEndOffset) {

  FollowerPosition position(long logEndOffset) {
    return new FollowerPosition(logEndOffset, lastEpoch, syncedEndOffset);
  }
}
