package io.tailrace.client.admin;

import com.google.protobuf.MessageLite;
import io.tailrace.client.PartitionUnavailableException;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.ClusterCalls.Target;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.DeleteRecordsRequest;
import io.tailrace.protocol.message.DeleteRecordsResponse;
import java.util.concurrent.CompletableFuture;

/**
 * Deletes the oldest records of one partition: asks the broker that leads it at the time of each
 * attempt. Confined to the network's scheduler, but for {@link #start}.
 */
final class RecordDeletion implements Target {
  private final ClusterAccess cluster;
  private final TopicPartition partition;

  private RecordDeletion(ClusterAccess cluster, TopicPartition partition) {
    this.cluster = cluster;
    this.partition = partition;
  }

  /**
   * Deletes the records below an offset. Thread-safe.
   *
   * @return the first offset that can be read then
   */
  static CompletableFuture<Long> start(
      ClusterAccess cluster, TopicPartition partition, long beforeOffset) {
    DeleteRecordsRequest body =
        DeleteRecordsRequest.newBuilder()
            .setTopic(partition.topic())
            .setPartition(partition.partition())
            .setBeforeOffset(beforeOffset)
            .build();
    Call<DeleteRecordsResponse> call =
        new Call<>(
            ApiKey.DELETE_RECORDS,
            body,
            DeleteRecordsResponse.parser(),
            DeleteRecordsResponse::getErrorCode,
            DeleteRecordsResponse::getErrorMessage,
            true,
            partition.toString());
    return cluster
        .metadata()
        .awaitTopic(
            partition.topic(),
            partition.partition() + 1,
            cluster.network().config().requestTimeoutMs())
        .thenCompose(topic -> cluster.calls().at(new RecordDeletion(cluster, partition), call))
        .thenApply(DeleteRecordsResponse::getLogStartOffset);
  }

  private PartitionView view() {
    return cluster.metadata().view().partition(partition.topic(), partition.partition());
  }

  @Override
  public BrokerConnection find() {
    PartitionView view = view();
    return view == null || !view.hasLeader() ? null : cluster.connections().commands(view.leader());
  }

  @Override
  public MessageLite body(MessageLite body) {
    return ((DeleteRecordsRequest) body)
        .toBuilder()
            .setTopicId(cluster.metadata().view().topic(partition.topic()).id())
            .setLeaderEpochPlusOne(view().leaderEpoch() + 1)
            .build();
  }

  @Override
  public TailraceException whyNone() {
    ErrorCode reason = ErrorCode.LEADER_NOT_AVAILABLE;
    return new PartitionUnavailableException(
        reason, partition, reason, "partition " + partition + " has no leader that is alive", null);
  }
}
