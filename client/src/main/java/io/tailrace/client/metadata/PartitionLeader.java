package io.tailrace.client.metadata;

import io.tailrace.client.PartitionUnavailableException;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterCalls.Target;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.protocol.error.ErrorCode;

/**
 * The broker that leads a partition at the time of each attempt of a call. Confined to the
 * network's scheduler.
 */
public class PartitionLeader implements Target {
  private final ClusterAccess cluster;
  private final TopicPartition partition;

  /** The leader of the partition, whose topic the metadata should know. */
  public PartitionLeader(ClusterAccess cluster, TopicPartition partition) {
    this.cluster = cluster;
    this.partition = partition;
  }

  /** The partition as the metadata has it now; null when they do not. */
  protected final PartitionView view() {
    return cluster.metadata().view().partition(partition.topic(), partition.partition());
  }

  @Override
  public final BrokerConnection find() {
    PartitionView view = view();
    return view == null || !view.hasLeader() ? null : cluster.connections().commands(view.leader());
  }

  @Override
  public final TailraceException whyNone() {
    ErrorCode reason = ErrorCode.LEADER_NOT_AVAILABLE;
    return new PartitionUnavailableException(
        reason, partition, reason, "partition " + partition + " has no leader that is alive", null);
  }
}
