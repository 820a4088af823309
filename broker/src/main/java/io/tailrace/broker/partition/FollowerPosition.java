package io.tailrace.broker.partition;

/**
 * Where the log of a follower ends, as it says when it fetches.
 *
 * @param logEndOffset where it goes on
 * @param lastEpoch the leader epoch of its last batch; {@link #NO_EPOCH} when it has none
 * @param syncedEndOffset everything below is synced to its device
 */
public record FollowerPosition(long logEndOffset, int lastEpoch, long syncedEndOffset) {
  /** The last epoch of a log without batches. */
  public static final int NO_EPOCH = -1;
}
