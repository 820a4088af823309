package io.tailrace.client.queue;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Deserializer;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.TailraceException;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.PartitionView;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.BindingDescription;
import io.tailrace.protocol.message.MessageAnswer;
import io.tailrace.protocol.message.QueueDescription;
import io.tailrace.protocol.message.QueuePartition;
import io.tailrace.protocol.record.StoredRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Receives from all partitions that its queue may have messages in: asks each whether there is
 * something, and takes from those that have, in turn. With one partition it is asked for messages
 * at once.
 */
public final class RemoteQueueConsumer<K, V> implements QueueConsumer<K, V> {
  private static final int MAX_BYTES = 4 << 20;

  /** After so long the partitions are asked anew, and tell of changed bindings. */
  private static final int POLL_MS = 2_000;

  private static final int RETRY_MS = 50;

  private final ClusterAccess cluster;
  private final QueueCalls calls;
  private final String queue;
  private final Deserializer<? extends K> keys;
  private final Deserializer<? extends V> values;
  private final Consumer<RemoteQueueConsumer<?, ?>> onClosed;
  private final long holder;
  private final Map<QueuePartition, QueueSource> sources = new ConcurrentHashMap<>();

  /** Partitions that have answered a question whether there is something. */
  private final LinkedBlockingQueue<Told> told = new LinkedBlockingQueue<>();

  private volatile boolean closed;
  private volatile QueueDescription known;
  private boolean outdated;

  private record Told(QueueSource source, QueueSource.Received received, Throwable error) {}

  /**
   * @param onClosed told when the consumer is closed
   */
  public RemoteQueueConsumer(
      ClusterAccess cluster,
      QueueCalls calls,
      String queue,
      Deserializer<? extends K> keys,
      Deserializer<? extends V> values,
      Consumer<RemoteQueueConsumer<?, ?>> onClosed) {
    this.cluster = cluster;
    this.calls = calls;
    this.queue = queue;
    this.keys = keys;
    this.values = values;
    this.onClosed = onClosed;
    this.holder = UUID.randomUUID().getMostSignificantBits() | 1;
  }

  @Override
  public List<ReceivedMessage<K, V>> receive(int max, Duration wait) {
    if (max < 1) {
      throw new IllegalArgumentException("at least one message must be asked for");
    }
    long deadlineNanos = System.nanoTime() + Math.min(wait.toNanos(), Duration.ofDays(1).toNanos());
    while (true) {
      checkOpen();
      findSources();
      List<ReceivedMessage<K, V>> messages =
          sources.size() == 1
              ? receiveFromOne(max, deadlineNanos)
              : receiveFromAny(max, deadlineNanos);
      if (!messages.isEmpty() || System.nanoTime() >= deadlineNanos) {
        return messages;
      }
    }
  }

  private void findSources() {
    if (known != null && !outdated) {
      return;
    }
    QueueDescription found =
        await(calls.find(queue), cluster.network().config().requestTimeoutMs());
    if (known != null && !known.getId().equals(found.getId())) {
      throw new TailraceException(
          ErrorCode.UNKNOWN_QUEUE, "queue '" + queue + "' was deleted and made again");
    }
    for (BindingDescription binding : found.getBindingsList()) {
      int timeoutMs = cluster.network().config().requestTimeoutMs();
      TopicView topic =
          await(cluster.metadata().awaitTopic(binding.getExchange(), timeoutMs), timeoutMs);
      for (PartitionView partition : topic.partitions()) {
        QueuePartition at =
            QueuePartition.newBuilder().setTopic(topic.name()).setPartition(partition.id()).build();
        sources.computeIfAbsent(
            at, each -> new QueueSource(cluster, queue, found.getId(), each, holder));
      }
    }
    known = found;
    outdated = false;
  }

  private List<ReceivedMessage<K, V>> receiveFromOne(int max, long deadlineNanos) {
    QueueSource only = sources.values().iterator().next();
    int waitMs = waitMs(deadlineNanos);
    try {
      return messages(only, await(only.receive(max, MAX_BYTES, waitMs), Integer.MAX_VALUE));
    } catch (TailraceException e) {
      return afterFailure(e, deadlineNanos);
    }
  }

  private static int waitMs(long deadlineNanos) {
    long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
    return (int) Math.max(0, Math.min(POLL_MS, leftMs));
  }

  /** Rests and tries again, unless the error is for good or the time is over. */
  private List<ReceivedMessage<K, V>> afterFailure(TailraceException e, long deadlineNanos) {
    if (!e.retriable()) {
      throw e;
    }
    outdated = true;
    if (System.nanoTime() >= deadlineNanos) {
      throw e;
    }
    try {
      TimeUnit.MILLISECONDS.sleep(RETRY_MS);
    } catch (InterruptedException interrupted) {
      throw TailraceException.interrupted("messages of queue '" + queue + "'", interrupted);
    }
    return List.of();
  }

  private List<ReceivedMessage<K, V>> receiveFromAny(int max, long deadlineNanos) {
    for (QueueSource source : sources.values()) {
      if (!source.asked) {
        source.asked = true;
        source
            .receive(0, 1, POLL_MS)
            .whenComplete((received, error) -> told.add(new Told(source, received, error)));
      }
    }
    Told next;
    try {
      next = told.poll(Math.max(1, waitMs(deadlineNanos)), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("messages of queue '" + queue + "'", e);
    }
    if (next == null) {
      return List.of();
    }
    next.source.asked = false;
    try {
      if (next.error != null) {
        throw next.error instanceof TailraceException expected
            ? expected
            : new TailraceException(ErrorCode.UNKNOWN, next.error.toString(), next.error);
      }
      messages(next.source, next.received);
      if (!next.received.response().getReady()) {
        return List.of();
      }
      return messages(
          next.source, await(next.source.receive(max, MAX_BYTES, 0), Integer.MAX_VALUE));
    } catch (TailraceException e) {
      return afterFailure(e, deadlineNanos);
    }
  }

  private List<ReceivedMessage<K, V>> messages(QueueSource source, QueueSource.Received received) {
    if (received.response().getVersion() != known.getVersion()) {
      outdated = true;
    }
    List<ReceivedMessage<K, V>> messages = new ArrayList<>(received.deliveries().size());
    for (QueueSource.Delivery each : received.deliveries()) {
      StoredRecord record = each.record();
      String topic = source.at.getTopic();
      messages.add(
          new ReceivedMessage<>(
              new ConsumerRecord<>(
                  topic,
                  source.at.getPartition(),
                  record.offset(),
                  record.timestampMs(),
                  record.key() == null ? null : keys.deserialize(topic, record.key()),
                  record.value() == null ? null : values.deserialize(topic, record.value()),
                  record.headers()),
              each.message().getDelivery(),
              each.message().getFailures(),
              received.response().getGeneration()));
    }
    return messages;
  }

  private <T> T await(CompletableFuture<T> future, long timeoutMs) {
    try {
      return future.get(timeoutMs, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("messages of queue '" + queue + "'", e);
    } catch (TimeoutException e) {
      throw new TailraceException(
          ErrorCode.REQUEST_TIMED_OUT, "queue '" + queue + "': no answer in time", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TailraceException expected) {
        throw new TailraceException(expected.code(), expected.getMessage(), expected);
      }
      throw new TailraceException(ErrorCode.UNKNOWN, e.getCause().toString(), e.getCause());
    }
  }

  // ---- answers ----

  @Override
  public CompletableFuture<Void> ack(ReceivedMessage<K, V> message) {
    return answer(message, MessageAnswer.newBuilder().setKind(MessageAnswer.Kind.ACK));
  }

  @Override
  public CompletableFuture<Void> nack(ReceivedMessage<K, V> message, String error) {
    return answer(
        message, MessageAnswer.newBuilder().setKind(MessageAnswer.Kind.NACK).setError(error));
  }

  @Override
  public CompletableFuture<Void> nack(ReceivedMessage<K, V> message, String error, Duration pause) {
    return answer(
        message,
        MessageAnswer.newBuilder()
            .setKind(MessageAnswer.Kind.NACK)
            .setError(error)
            .setDelayMsPlusOne(Math.max(0, pause.toMillis()) + 1));
  }

  @Override
  public CompletableFuture<Void> reject(ReceivedMessage<K, V> message, String error) {
    return answer(
        message, MessageAnswer.newBuilder().setKind(MessageAnswer.Kind.REJECT).setError(error));
  }

  @Override
  public CompletableFuture<Void> release(ReceivedMessage<K, V> message) {
    return answer(message, MessageAnswer.newBuilder().setKind(MessageAnswer.Kind.RELEASE));
  }

  @Override
  public CompletableFuture<Void> renew(ReceivedMessage<K, V> message) {
    return answer(message, MessageAnswer.newBuilder().setKind(MessageAnswer.Kind.RENEW));
  }

  private CompletableFuture<Void> answer(
      ReceivedMessage<K, V> message, MessageAnswer.Builder answer) {
    checkOpen();
    QueuePartition at =
        QueuePartition.newBuilder()
            .setTopic(message.record().topic())
            .setPartition(message.record().partition())
            .build();
    QueueSource source = sources.get(at);
    if (source == null) {
      throw new IllegalArgumentException("the message is not of queue '" + queue + "'");
    }
    return source.answers.add(
        answer
            .setOffset(message.record().offset())
            .setDelivery(message.delivery())
            .setGeneration(message.generation())
            .build());
  }

  private void checkOpen() {
    if (closed) {
      throw new TailraceException(ErrorCode.CLIENT_CLOSED, "the consumer is closed");
    }
  }

  // ---- processing ----

  @Override
  public void handle(Handler<K, V> handler, int concurrency) {
    new HandlerLoop<>(this, handler, concurrency).run();
  }

  boolean isClosed() {
    return closed;
  }

  /** How long a lock lasts, milliseconds; known once something was received. */
  long lockMs() {
    return known == null ? POLL_MS : known.getLockMs();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Collection<CompletableFuture<Void>> released = new ArrayList<>();
    new LinkedHashMap<>(sources)
        .values()
        .forEach(source -> released.add(source.answers.releaseAll()));
    CompletableFuture.allOf(released.toArray(CompletableFuture<?>[]::new))
        .orTimeout(cluster.network().config().requestTimeoutMs(), TimeUnit.MILLISECONDS)
        .exceptionally(late -> null)
        .join();
    onClosed.accept(this);
  }
}
