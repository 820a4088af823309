package io.tailrace.client.consumer;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.CommitOffsetsRequest;
import io.tailrace.protocol.message.CommitOffsetsResponse;
import io.tailrace.protocol.message.PartitionCommit;
import io.tailrace.protocol.message.PartitionCommitResult;
import io.tailrace.protocol.message.TopicCommit;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * Commits a consumer's offsets, one request at a time. What is asked for meanwhile waits, and so
 * does a request whose outcome is not known: they are merged, and the newest offset of each
 * partition counts, so that none is committed after a newer one. Confined to the network's
 * scheduler, but for the methods that say otherwise.
 */
final class OffsetCommitter {
  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 500;

  private final String group;
  private final ClusterAccess cluster;
  private final Scheduler scheduler;
  private final GroupCoordinator coordinator;
  private final Backoff backoff;

  /** Partitions that were forgotten while a request was under way. */
  private final List<TopicPartition> forgotten = new ArrayList<>();

  private Batch waiting;
  private boolean busy;

  /**
   * An offset to be committed.
   *
   * @param memberId empty = the consumer is no member
   * @param memberEpoch the one at which the consumer had the partition
   */
  record Commit(Uuid topic, long offset, String memberId, int memberEpoch) {}

  /** What goes into one request, and the futures that wait for it. */
  private static final class Batch {
    private final Map<TopicPartition, Commit> offsets = new HashMap<>();
    private final List<CompletableFuture<Void>> futures = new ArrayList<>();
    private long deadlineMs = Long.MAX_VALUE;
  }

  OffsetCommitter(String group, ClusterAccess cluster, GroupCoordinator coordinator) {
    this.group = group;
    this.cluster = cluster;
    this.scheduler = cluster.network().scheduler();
    this.coordinator = coordinator;
    this.backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, cluster.network().random());
  }

  private int timeoutMs() {
    return cluster.network().config().requestTimeoutMs();
  }

  private long nowMs() {
    return cluster.network().clock().monotonicMs();
  }

  /** Commits these offsets. Thread-safe. */
  CompletableFuture<Void> commit(Map<TopicPartition, Commit> offsets) {
    CompletableFuture<Void> future = new CompletableFuture<>();
    if (offsets.isEmpty()) {
      future.complete(null);
      return future;
    }
    try {
      scheduler.execute(() -> add(offsets, future));
    } catch (RejectedExecutionException e) {
      future.completeExceptionally(
          new TailraceException(ErrorCode.CLIENT_CLOSED, "the client is closed", e));
    }
    return future;
  }

  private void add(Map<TopicPartition, Commit> offsets, CompletableFuture<Void> future) {
    if (waiting == null) {
      waiting = new Batch();
    }
    waiting.offsets.putAll(offsets);
    waiting.futures.add(future);
    waiting.deadlineMs = Math.min(waiting.deadlineMs, nowMs() + timeoutMs());
    sendNext();
  }

  /** These partitions are another member's: nothing is committed for them any more. Thread-safe. */
  void forget(Collection<TopicPartition> partitions) {
    try {
      scheduler.execute(
          () -> {
            if (waiting != null) {
              waiting.offsets.keySet().removeAll(partitions);
            }
            forgotten.addAll(partitions);
          });
    } catch (RejectedExecutionException e) {
      return; // nothing is committed any more at all
    }
  }

  private void sendNext() {
    if (busy || waiting == null) {
      return;
    }
    Batch batch = waiting;
    if (batch.offsets.isEmpty()) {
      waiting = null;
      batch.futures.forEach(
          each ->
              each.completeExceptionally(
                  new TailraceException(
                      ErrorCode.STALE_MEMBER_EPOCH,
                      "group '" + group + "': the partitions have gone to another member")));
      return;
    }
    long left = batch.deadlineMs - nowMs();
    if (left <= 0) {
      waiting = null;
      fail(
          batch,
          new TailraceException(
              ErrorCode.REQUEST_TIMED_OUT,
              "group '"
                  + group
                  + "': the offsets were not committed within "
                  + timeoutMs()
                  + " ms"));
      return;
    }
    BrokerConnection connection = coordinator.find();
    busy = true;
    if (connection == null) {
      coordinator.whenLooked(this::onLooked);
      return;
    }
    waiting = null;
    forgotten.clear();
    send(batch, connection, (int) left);
  }

  private void onLooked() {
    TailraceException error = coordinator.lookupError();
    if (error == null && coordinator.isReachable()) {
      busy = false;
      sendNext();
    } else if (error == null || error.retriable()) {
      later();
    } else {
      Batch failed = waiting;
      waiting = null;
      busy = false;
      fail(failed, error);
    }
  }

  private void later() {
    scheduler.schedule(
        () -> {
          busy = false;
          sendNext();
        },
        backoff.nextMs());
  }

  private void send(Batch batch, BrokerConnection connection, int timeoutMs) {
    CommitOffsetsRequest.Builder request = CommitOffsetsRequest.newBuilder().setGroupId(group);
    List<TopicPartition> order = new ArrayList<>();
    Map<Uuid, TopicCommit.Builder> byTopic = new HashMap<>();
    Map<Uuid, List<TopicPartition>> names = new HashMap<>();
    batch.offsets.forEach(
        (partition, commit) -> {
          request.setMemberId(commit.memberId);
          request.setMemberEpoch(Math.max(request.getMemberEpoch(), commit.memberEpoch));
          byTopic
              .computeIfAbsent(commit.topic, id -> TopicCommit.newBuilder().setTopicId(id))
              .addPartitions(
                  PartitionCommit.newBuilder()
                      .setPartition(partition.partition())
                      .setOffset(commit.offset));
          names.computeIfAbsent(commit.topic, id -> new ArrayList<>()).add(partition);
        });
    byTopic.forEach(
        (topic, commits) -> {
          request.addTopics(commits);
          order.addAll(names.get(topic));
        });
    connection.send(
        new BrokerRequest<>(
            ApiKey.COMMIT_OFFSETS,
            request.build(),
            CommitOffsetsResponse.parser(),
            timeoutMs,
            new Handler(batch, order)));
  }

  private final class Handler implements ResponseHandler<CommitOffsetsResponse> {
    private final Batch batch;
    private final List<TopicPartition> order;

    Handler(Batch batch, List<TopicPartition> order) {
      this.batch = batch;
      this.order = order;
    }

    @Override
    public void onResponse(CommitOffsetsResponse body, ByteBuf records) {
      ErrorCode code = ErrorCode.of(body.getErrorCode());
      if (code != ErrorCode.NONE) {
        onFailure(new TailraceException(code, "group '" + group + "': " + body.getErrorMessage()));
        return;
      }
      backoff.reset();
      TailraceException error = null;
      for (int i = 0; i < body.getResultsCount() && i < order.size(); i++) {
        PartitionCommitResult result = body.getResults(i);
        if (result.getErrorCode() != 0) {
          error =
              new TailraceException(
                  ErrorCode.of(result.getErrorCode()),
                  "group '" + group + "', " + order.get(i) + ": " + result.getErrorMessage());
        }
      }
      if (error == null) {
        batch.futures.forEach(each -> each.complete(null));
      } else {
        fail(batch, error);
      }
      busy = false;
      sendNext();
    }

    @Override
    public void onFailure(TailraceException error) {
      coordinator.onFailure(error);
      if (!error.retriable()) {
        fail(batch, error);
        busy = false;
        sendNext();
        return;
      }
      batch.offsets.keySet().removeAll(forgotten);
      if (waiting != null) {
        batch.offsets.putAll(waiting.offsets); // the newer ones
        batch.futures.addAll(waiting.futures);
      }
      waiting = batch;
      later();
    }
  }

  private static void fail(Batch batch, TailraceException error) {
    batch.futures.forEach(each -> each.completeExceptionally(error));
  }
}
