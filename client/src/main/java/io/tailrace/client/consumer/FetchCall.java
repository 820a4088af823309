package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import java.util.List;

/** One fetch request and its answer. Confined to the network's scheduler. */
final class FetchCall implements ResponseHandler<FetchResponse> {
  private final Fetcher fetcher;
  private final BrokerConnection connection;
  private final int leader;
  private final List<FetchedPartition> partitions;
  private final int[] versions;

  FetchCall(
      Fetcher fetcher, BrokerConnection connection, int leader, List<FetchedPartition> partitions) {
    this.fetcher = fetcher;
    this.connection = connection;
    this.leader = leader;
    this.partitions = partitions;
    this.versions = new int[partitions.size()];
  }

  BrokerConnection connection() {
    return connection;
  }

  void send() {
    ConsumerConfig config = fetcher.config();
    ClusterView view = fetcher.view();
    int maxWaitMs = (int) config.fetchMaxWait().toMillis();
    FetchRequest.Builder body =
        FetchRequest.newBuilder()
            .setMaxWaitMs(maxWaitMs)
            .setMinBytes(config.fetchMinBytes())
            .setMaxBytes(config.fetchMaxBytes());
    for (int i = 0; i < versions.length; i++) {
      FetchedPartition partition = partitions.get(i);
      versions[i] = partition.version;
      partition.inFlight = true;
      body.addPartitions(toMessage(partition, view, config));
    }
    connection.send(
        new BrokerRequest<>(
                ApiKey.FETCH,
                body.build(),
                FetchResponse.parser(),
                maxWaitMs + fetcher.requestTimeoutMs(),
                this)
            .answeredAfter(maxWaitMs));
  }

  /** What is to be fetched of a partition whose leader the view knows. */
  static PartitionFetch.Builder toMessage(
      FetchedPartition partition, ClusterView view, ConsumerConfig config) {
    TopicPartition name = partition.name;
    return PartitionFetch.newBuilder()
        .setTopic(name.topic())
        .setTopicId(partition.topicId)
        .setPartition(name.partition())
        .setLeaderEpochPlusOne(view.partition(name.topic(), name.partition()).leaderEpoch() + 1)
        .setOffset(partition.nextOffset)
        .setMaxBytes(config.partitionFetchBytes());
  }

  /** Whether the partition has been neither sought nor removed since the request was sent. */
  private boolean concerns(int i) {
    FetchedPartition partition = partitions.get(i);
    return !partition.removed && partition.version == versions[i];
  }

  @Override
  public void onResponse(FetchResponse body, ByteBuf records) {
    if (body.getResultsCount() != versions.length) {
      onFailure(
          new TailraceException(
              ErrorCode.UNKNOWN, "the broker answers for other partitions than were asked"));
      return;
    }
    int index = records.readerIndex();
    for (int i = 0; i < versions.length; i++) {
      PartitionFetchResult result = body.getResults(i);
      int length = result.getRecordsLength();
      if (length < 0 || length > records.writerIndex() - index) {
        onFailure(
            new TailraceException(
                ErrorCode.UNKNOWN, "the broker announces more records than it sends"));
        return;
      }
      if (concerns(i)) {
        partitions.get(i).inFlight = false;
        fetcher.onResult(partitions.get(i), result, records.slice(index, length));
      }
      index += length;
    }
    fetcher.onDone(this);
  }

  @Override
  public void onFailure(TailraceException error) {
    for (int i = 0; i < versions.length; i++) {
      if (concerns(i) && partitions.get(i).inFlight) {
        partitions.get(i).inFlight = false;
        fetcher.onFailure(partitions.get(i), error);
      }
    }
    fetcher.onDone(this);
  }

  /**
   * Closes the connection when its broker is silent and another broker leads one of the partitions,
   * so that the fetch fails at once and goes to the new leader.
   */
  void abandonIfOvertaken(ClusterView view) {
    if (!connection.suspect()) {
      return;
    }
    for (FetchedPartition partition : partitions) {
      PartitionView now = view.partition(partition.name.topic(), partition.name.partition());
      if (now == null || now.leader() != leader) {
        connection.abandon("silent, and no longer the leader");
        return;
      }
    }
  }
}
