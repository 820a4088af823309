package io.tailrace.client.admin;

import com.google.protobuf.MessageLite;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterCalls.Call;
import io.tailrace.client.metadata.PartitionLeader;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.DeleteRecordsRequest;
import io.tailrace.protocol.message.DeleteRecordsResponse;
import java.util.concurrent.CompletableFuture;

/**
 * Deletes the oldest records of one partition: asks the broker that leads it at the time of each
 * attempt. Confined to the network's scheduler, but for {@link #start}.
 */
final class RecordDeletion extends PartitionLeader {
  private final ClusterAccess cluster;
  private final TopicPartition partition;

  private RecordDeletion(ClusterAccess cluster, TopicPartition partition) {
    super(cluster, partition);
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

  @Override
  public MessageLite body(MessageLite body) {
    return ((DeleteRecordsRequest) body)
        .toBuilder()
            .setTopicId(cluster.metadata().view().topic(partition.topic()).id())
            .setLeaderEpochPlusOne(view().leaderEpoch() + 1)
            .build();
  }
}
