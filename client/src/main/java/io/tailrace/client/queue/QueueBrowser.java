package io.tailrace.client.queue;

import io.netty.buffer.ByteBuf;
import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.BrowseQueueRequest;
import io.tailrace.protocol.message.BrowseQueueResponse;
import io.tailrace.protocol.message.QueueDescription;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Looks into a queue on one partition, page by page. Thread-safe. */
final class QueueBrowser {
  private static final int PAGE_MESSAGES = 500;
  private static final int PAGE_BYTES = 4 << 20;
  private static final int RETRY_MS = 50;

  private final ClusterAccess cluster;
  private final QueueDescription queue;
  private final QueuePartition at;

  QueueBrowser(ClusterAccess cluster, QueueDescription queue, QueuePartition at) {
    this.cluster = cluster;
    this.queue = queue;
    this.at = at;
  }

  /**
   * Some messages.
   *
   * @param next where to go on; -1 = these were the last ones
   * @param end what is published from now on lies at or above it
   */
  record Page(List<BrowsedMessage> messages, long next, long end) {}

  /** The first messages. */
  CompletableFuture<List<BrowsedMessage>> oldest(int max) {
    return more(0, max, new ArrayList<>());
  }

  private CompletableFuture<List<BrowsedMessage>> more(
      long from, int max, List<BrowsedMessage> all) {
    return page(from, Math.min(PAGE_MESSAGES, max - all.size()))
        .thenCompose(
            page -> {
              all.addAll(page.messages());
              return page.next() < 0 || all.size() >= max
                  ? CompletableFuture.completedFuture(all)
                  : more(page.next(), max, all);
            });
  }

  /** The messages from an offset on; tried again for a while where that may help. */
  CompletableFuture<Page> page(long from, int max) {
    CompletableFuture<Page> future = new CompletableFuture<>();
    long deadlineMs =
        cluster.network().clock().monotonicMs() + cluster.network().config().requestTimeoutMs();
    cluster
        .network()
        .scheduler()
        .runOrExecute(() -> new Attempt(from, max, deadlineMs, future).ask());
    return future;
  }

  /** Confined to the network's scheduler. */
  private final class Attempt implements ResponseHandler<BrowseQueueResponse> {
    private final long from;
    private final int max;
    private final long deadlineMs;
    private final CompletableFuture<Page> future;

    Attempt(long from, int max, long deadlineMs, CompletableFuture<Page> future) {
      this.from = from;
      this.max = max;
      this.deadlineMs = deadlineMs;
      this.future = future;
    }

    void ask() {
      TopicView topic = cluster.metadata().view().topic(at.getTopic());
      PartitionView partition = topic == null ? null : topic.partition(at.getPartition());
      BrokerConnection leader =
          partition == null || !partition.hasLeader()
              ? null
              : cluster.connections().commands(partition.leader());
      if (leader == null) {
        onFailure(
            new TailraceException(
                ErrorCode.LEADER_NOT_AVAILABLE,
                "nobody leads " + at.getTopic() + "-" + at.getPartition()));
        return;
      }
      BrowseQueueRequest request =
          BrowseQueueRequest.newBuilder()
              .setQueue(queue.getName())
              .setQueueId(queue.getId())
              .setAt(at)
              .setFromOffset(from)
              .setMaxMessages(max)
              .setMaxBytes(PAGE_BYTES)
              .build();
      leader.send(
          new BrokerRequest<>(
              ApiKey.BROWSE_QUEUE,
              request,
              BrowseQueueResponse.parser(),
              cluster.network().config().requestTimeoutMs(),
              this));
    }

    @Override
    public void onResponse(BrowseQueueResponse body, ByteBuf records) {
      ErrorCode code = ErrorCode.of(body.getErrorCode());
      if (code != ErrorCode.NONE) {
        onFailure(new TailraceException(code, body.getErrorMessage()));
        return;
      }
      try {
        future.complete(
            new Page(
                messages(body, records), body.getNextOffsetPlusOne() - 1, body.getEndOffset()));
      } catch (RuntimeException e) {
        future.completeExceptionally(e);
      }
    }

    @Override
    public void onFailure(TailraceException error) {
      if (!error.retriable() || cluster.network().clock().monotonicMs() >= deadlineMs) {
        future.completeExceptionally(error);
        return;
      }
      cluster.metadata().refresh();
      cluster.network().scheduler().schedule(this::ask, RETRY_MS);
    }
  }

  private List<BrowsedMessage> messages(BrowseQueueResponse body, ByteBuf records) {
    Map<Long, StoredRecord> byOffset = new HashMap<>();
    int index = records.readerIndex();
    while (index < records.writerIndex()) {
      int size = RecordBatch.check(records, index, records.writerIndex() - index);
      try (RecordReader reader = new RecordReader(records, index)) {
        while (reader.hasNext()) {
          StoredRecord record = reader.next();
          byOffset.put(record.offset(), record);
        }
      }
      index += size;
    }
    List<BrowsedMessage> messages = new ArrayList<>(body.getMessagesCount());
    body.getMessagesList()
        .forEach(
            each -> {
              StoredRecord record = byOffset.get(each.getOffset());
              if (record != null) {
                messages.add(new BrowsedMessage(consumed(record), state(each), each.getFailures()));
              }
            });
    return messages;
  }

  private ConsumerRecord<byte[], byte[]> consumed(StoredRecord record) {
    return new ConsumerRecord<>(
        at.getTopic(),
        at.getPartition(),
        record.offset(),
        record.timestampMs(),
        record.key(),
        record.value(),
        record.headers());
  }

  private static BrowsedMessage.State state(io.tailrace.protocol.message.BrowsedMessage message) {
    return switch (message.getState()) {
      case HELD -> BrowsedMessage.State.HELD;
      case DELAYED -> BrowsedMessage.State.DELAYED;
      case SET_ASIDE -> BrowsedMessage.State.SET_ASIDE;
      default -> BrowsedMessage.State.READY;
    };
  }
}
