package io.tailrace.broker.partition;

/** Told of the partitions that this broker may follow; called on each partition's scheduler. */
public interface FollowerListener {

  /**
   * The partition's leader or leader epoch changed, or it can or cannot be followed any more: see
   * {@link Partition#followedLeader}.
   */
  void onRole(Partition partition);

  /** More of the log of a partition that this broker follows is synced. */
  void onSynced(Partition partition);
}
