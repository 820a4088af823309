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
import io.tailrace.protocol.message.QueueMessage;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.message.QueueReceiveRequest;
import io.tailrace.protocol.message.QueueReceiveResponse;
import io.tailrace.protocol.message.Uuid;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * One partition that a queue may have messages in, and the receive that waits there. Confined to
 * the network's scheduler, but for {@link #receive} and the final fields.
 */
final class QueueSource {
  private final ClusterAccess cluster;
  private final String queue;
  private final Uuid queueId;
  private final long holder;
  final QueuePartition at;
  final QueueAnswers answers;

  /** Whether a request waits for messages; for the consumer's thread. */
  boolean asked;

  QueueSource(ClusterAccess cluster, String queue, Uuid queueId, QueuePartition at, long holder) {
    this.cluster = cluster;
    this.queue = queue;
    this.queueId = queueId;
    this.holder = holder;
    this.at = at;
    this.answers = new QueueAnswers(cluster, queue, queueId, at, holder);
  }

  /** A message and its delivery. */
  record Delivery(QueueMessage message, StoredRecord record) {}

  /** What a receive brought. */
  record Received(QueueReceiveResponse response, List<Delivery> deliveries) {}

  /** Asks the partition's leader. Thread-safe; completes on the network's scheduler. */
  CompletableFuture<Received> receive(int max, int maxBytes, int waitMs) {
    CompletableFuture<Received> future = new CompletableFuture<>();
    cluster.network().scheduler().execute(() -> send(max, maxBytes, waitMs, future));
    return future;
  }

  private void send(int max, int maxBytes, int waitMs, CompletableFuture<Received> future) {
    TopicView topic = cluster.metadata().view().topic(at.getTopic());
    PartitionView partition = topic == null ? null : topic.partition(at.getPartition());
    BrokerConnection leader =
        partition == null || !partition.hasLeader()
            ? null
            : cluster.connections().fetches(partition.leader());
    if (leader == null) {
      cluster.metadata().refresh();
      future.completeExceptionally(
          new TailraceException(
              ErrorCode.LEADER_NOT_AVAILABLE,
              "nobody leads " + at.getTopic() + "-" + at.getPartition()));
      return;
    }
    QueueReceiveRequest request =
        QueueReceiveRequest.newBuilder()
            .setQueue(queue)
            .setQueueId(queueId)
            .setAt(at)
            .setHolder(holder)
            .setMaxMessages(max)
            .setMaxBytes(maxBytes)
            .setMaxWaitMs(waitMs)
            .build();
    leader.send(
        new BrokerRequest<>(
                ApiKey.QUEUE_RECEIVE,
                request,
                QueueReceiveResponse.parser(),
                waitMs + cluster.network().config().requestTimeoutMs(),
                new Answer(future))
            .answeredAfter(waitMs));
  }

  private final class Answer implements ResponseHandler<QueueReceiveResponse> {
    private final CompletableFuture<Received> future;

    Answer(CompletableFuture<Received> future) {
      this.future = future;
    }

    @Override
    public void onResponse(QueueReceiveResponse body, ByteBuf records) {
      ErrorCode code = ErrorCode.of(body.getErrorCode());
      if (code != ErrorCode.NONE) {
        onFailure(new TailraceException(code, body.getErrorMessage()));
        return;
      }
      try {
        future.complete(new Received(body, deliveries(body, records)));
      } catch (RuntimeException e) {
        future.completeExceptionally(e);
      }
    }

    @Override
    public void onFailure(TailraceException error) {
      if (error.retriable()) {
        cluster.metadata().refresh();
      }
      future.completeExceptionally(error);
    }
  }

  private static List<Delivery> deliveries(QueueReceiveResponse body, ByteBuf records) {
    Map<Long, QueueMessage> wanted = new HashMap<>();
    body.getMessagesList().forEach(message -> wanted.put(message.getOffset(), message));
    List<Delivery> deliveries = new ArrayList<>();
    int at = records.readerIndex();
    while (at < records.writerIndex()) {
      int size = RecordBatch.check(records, at, records.writerIndex() - at);
      try (RecordReader reader = new RecordReader(records, at)) {
        while (reader.hasNext()) {
          StoredRecord record = reader.next();
          QueueMessage message = wanted.get(record.offset());
          if (message != null) {
            deliveries.add(new Delivery(message, record));
          }
        }
      }
      at += size;
    }
    return deliveries;
  }
}
