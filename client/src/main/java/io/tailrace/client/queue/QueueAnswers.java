package io.tailrace.client.queue;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.MessageAnswer;
import io.tailrace.protocol.message.QueueAnswerRequest;
import io.tailrace.protocol.message.QueueAnswerResponse;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.Uuid;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Sends the answers about one partition's messages: one request at a time, and those that come
 * meanwhile go with the next one. Requests that were lost are repeated; a repeated acknowledgement
 * does no harm. Confined to the network's scheduler, but for {@link #add}.
 */
final class QueueAnswers {
  private static final int MAX_ANSWERS = 5_000;
  private static final int RETRY_MS = 50;

  private final ClusterAccess cluster;
  private final String queue;
  private final Uuid queueId;
  private final QueuePartition at;
  private final long holder;
  private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
  private boolean sending;

  private record Pending(MessageAnswer answer, CompletableFuture<Void> done, long deadlineMs) {}

  QueueAnswers(ClusterAccess cluster, String queue, Uuid queueId, QueuePartition at, long holder) {
    this.cluster = cluster;
    this.queue = queue;
    this.queueId = queueId;
    this.at = at;
    this.holder = holder;
  }

  /** Sends an answer, now or with the next request. Thread-safe. */
  CompletableFuture<Void> add(MessageAnswer answer) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    long deadline =
        cluster.network().clock().monotonicMs() + cluster.network().config().requestTimeoutMs();
    cluster
        .network()
        .scheduler()
        .execute(
            () -> {
              waiting.add(new Pending(answer, done, deadline));
              send();
            });
    return done;
  }

  /** Gives back all that the holder has. Thread-safe. */
  CompletableFuture<Void> releaseAll() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    cluster
        .network()
        .scheduler()
        .execute(
            () -> {
              BrokerConnection leader = leader();
              if (leader == null) {
                done.complete(null);
                return;
              }
              leader.send(
                  new BrokerRequest<>(
                      ApiKey.QUEUE_ANSWER,
                      request(List.of()).setReleaseAll(true).build(),
                      QueueAnswerResponse.parser(),
                      cluster.network().config().requestTimeoutMs(),
                      new ResponseHandler<QueueAnswerResponse>() {
                        @Override
                        public void onResponse(QueueAnswerResponse body, ByteBuf records) {
                          done.complete(null);
                        }

                        @Override
                        public void onFailure(TailraceException error) {
                          done.complete(null); // the locks end by themselves
                        }
                      }));
            });
    return done;
  }

  private QueueAnswerRequest.Builder request(List<Pending> batch) {
    QueueAnswerRequest.Builder request =
        QueueAnswerRequest.newBuilder()
            .setQueue(queue)
            .setQueueId(queueId)
            .setAt(at)
            .setHolder(holder);
    batch.forEach(each -> request.addAnswers(each.answer));
    return request;
  }

  private BrokerConnection leader() {
    TopicView topic = cluster.metadata().view().topic(at.getTopic());
    PartitionView partition = topic == null ? null : topic.partition(at.getPartition());
    return partition == null || !partition.hasLeader()
        ? null
        : cluster.connections().commands(partition.leader());
  }

  private void send() {
    if (sending || waiting.isEmpty()) {
      return;
    }
    List<Pending> batch = new ArrayList<>();
    while (!waiting.isEmpty() && batch.size() < MAX_ANSWERS) {
      batch.add(waiting.poll());
    }
    BrokerConnection leader = leader();
    if (leader == null) {
      retry(
          batch,
          new TailraceException(
              ErrorCode.LEADER_NOT_AVAILABLE, "nobody leads a partition of queue '" + queue + "'"));
      return;
    }
    sending = true;
    leader.send(
        new BrokerRequest<>(
            ApiKey.QUEUE_ANSWER,
            request(batch).build(),
            QueueAnswerResponse.parser(),
            cluster.network().config().requestTimeoutMs(),
            new Answered(batch)));
  }

  private final class Answered implements ResponseHandler<QueueAnswerResponse> {
    private final List<Pending> batch;

    Answered(List<Pending> batch) {
      this.batch = batch;
    }

    @Override
    public void onResponse(QueueAnswerResponse body, ByteBuf records) {
      sending = false;
      ErrorCode code = ErrorCode.of(body.getErrorCode());
      if (code != ErrorCode.NONE) {
        retry(batch, new TailraceException(code, body.getErrorMessage()));
        return;
      }
      Set<Integer> lost = new HashSet<>(body.getLostList());
      for (int i = 0; i < batch.size(); i++) {
        if (lost.contains(i)) {
          batch
              .get(i)
              .done
              .completeExceptionally(
                  new TailraceException(
                      ErrorCode.LOCK_LOST,
                      "the message at offset "
                          + batch.get(i).answer.getOffset()
                          + " of "
                          + at.getTopic()
                          + "-"
                          + at.getPartition()
                          + " is held by another consumer, or was set aside"));
        } else {
          batch.get(i).done.complete(null);
        }
      }
      send();
    }

    @Override
    public void onFailure(TailraceException error) {
      sending = false;
      retry(batch, error);
    }
  }

  private void retry(List<Pending> batch, TailraceException error) {
    long now = cluster.network().clock().monotonicMs();
    List<Pending> again = new ArrayList<>();
    for (Pending each : batch) {
      if (error.retriable() && now < each.deadlineMs) {
        again.add(each);
      } else {
        each.done.completeExceptionally(error);
      }
    }
    for (int i = again.size() - 1; i >= 0; i--) {
      waiting.addFirst(again.get(i));
    }
    if (again.isEmpty()) {
      send();
      return;
    }
    cluster.metadata().refresh();
    sending = true;
    cluster
        .network()
        .scheduler()
        .schedule(
            () -> {
              sending = false;
              send();
            },
            RETRY_MS);
  }
}
