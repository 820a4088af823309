package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.client.Message;
import io.tailrace.client.Partitioner;
import io.tailrace.client.Producer;
import io.tailrace.client.PublishedMessage;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.SendCallback;
import io.tailrace.client.Serializer;
import io.tailrace.client.TailraceException;
import io.tailrace.client.WaitTime;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.ClusterView;
import io.tailrace.client.metadata.Metadata;
import io.tailrace.client.metadata.TopicView;
import io.tailrace.client.network.Network;
import io.tailrace.client.producer.PartitionQueue.Outcome;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RoutingKey;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * A producer that gathers records into batches: the half of it that lives on the threads that send.
 * Serialises, chooses the partition, adds to that partition's open batch, and waits when there is
 * no memory; {@link Sender} does the rest. Thread-safe.
 */
public final class BatchingProducer<K, V> implements Producer<K, V> {
  private static final int ANY_PARTITION = -1;
  private static final long NOW = -1;

  /** How much longer than the delivery timeout it may take until everything is settled. */
  private static final Duration SETTLING_GRACE = Duration.ofSeconds(2);

  private final ProducerConfig config;
  private final Serializer<? super K> keySerializer;
  private final Serializer<? super V> valueSerializer;
  private final Network network;
  private final Metadata metadata;
  private final Partitioner partitioner;
  private final BufferPool pool;
  private final Sender sender;
  private final RoutingQuestions routing;
  private final Consumer<BatchingProducer<K, V>> onClosed;
  private final Consumer<ClusterView> metadataListener = this::onMetadata;

  /** The queues of a topic's partitions; arrays are replaced, not changed. */
  private final ConcurrentHashMap<String, PartitionQueue[]> topics = new ConcurrentHashMap<>();

  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  /**
   * Makes a producer.
   *
   * @param onClosed told once when it has been closed
   */
  public BatchingProducer(
      ProducerConfig config,
      Serializer<? super K> keySerializer,
      Serializer<? super V> valueSerializer,
      ClusterAccess cluster,
      Consumer<BatchingProducer<K, V>> onClosed) {
    this.config = config;
    this.keySerializer = keySerializer;
    this.valueSerializer = valueSerializer;
    this.network = cluster.network();
    this.metadata = cluster.metadata();
    this.partitioner =
        config.partitioner() == null
            ? Partitioners.keyHash(config.batchBytes())
            : config.partitioner();
    this.pool =
        new BufferPool(PooledByteBufAllocator.DEFAULT, config.bufferMemory(), config.batchBytes());
    this.sender = new Sender(config, cluster, pool);
    this.routing = new RoutingQuestions(cluster);
    this.onClosed = onClosed;
  }

  /** Begins to work. */
  public BatchingProducer<K, V> start() {
    sender.start();
    metadata.addListener(metadataListener);
    return this;
  }

  @Override
  public CompletableFuture<RecordMetadata> send(String topic, K key, V value) {
    CompletableFuture<RecordMetadata> future = new CompletableFuture<>();
    send(topic, ANY_PARTITION, NOW, key, value, List.of(), future);
    return future;
  }

  @Override
  public CompletableFuture<RecordMetadata> send(Message<? extends K, ? extends V> message) {
    CompletableFuture<RecordMetadata> future = new CompletableFuture<>();
    send(message, future);
    return future;
  }

  @Override
  public CompletableFuture<PublishedMessage> sendMandatory(
      Message<? extends K, ? extends V> message) {
    return send(message)
        .thenCompose(at -> routing.ask(at).thenApply(routed -> new PublishedMessage(at, routed)));
  }

  @Override
  public void send(String topic, K key, V value, SendCallback callback) {
    Objects.requireNonNull(callback, "callback");
    send(topic, ANY_PARTITION, NOW, key, value, List.of(), callback);
  }

  @Override
  public void send(Message<? extends K, ? extends V> message, SendCallback callback) {
    Objects.requireNonNull(callback, "callback");
    send(message, (Object) callback);
  }

  private void send(Message<? extends K, ? extends V> message, Object waiter) {
    send(
        message.topic(),
        message.hasPartition() ? message.partition() : ANY_PARTITION,
        message.hasTimestamp() ? message.timestampMs() : NOW,
        message.key(),
        message.value(),
        message.headers(),
        waiter);
  }

  /** The waiter is a callback or a future. */
  private void send(
      String topic,
      int partition,
      long timestampMs,
      K key,
      V value,
      List<RecordHeader> headers,
      Object waiter) {
    Objects.requireNonNull(topic, "topic");
    try {
      byte[] keyBytes = serialize(keySerializer, topic, key, "key");
      byte[] valueBytes = serialize(valueSerializer, topic, value, "value");
      int upperBound = RecordBatchBuilder.upperBound(keyBytes, valueBytes, headers);
      if (upperBound > config.maxRequestBytes() - RecordBatch.HEADER_BYTES) {
        throw tooLarge(topic, upperBound);
      }
      PartitionQueue[] queues = queuesOf(topic, partition);
      int target = partition;
      if (target == ANY_PARTITION) {
        byte[] keyOrRoute = keyBytes == null ? RoutingKey.named(headers) : keyBytes;
        target = partitioner.partition(topic, keyOrRoute, valueBytes, queues.length);
        if (target < 0 || target >= queues.length) {
          throw new IllegalStateException(
              "the partitioner chose partition " + target + " of " + queues.length);
        }
      }
      append(
          queues[target],
          timestampMs == NOW ? network.clock().wallMs() : timestampMs,
          keyBytes,
          valueBytes,
          headers,
          upperBound,
          waiter);
    } catch (TailraceException e) {
      network.counters().recordsFailed.increment();
      ProducerBatch.tell(waiter, null, e);
    }
  }

  private void append(
      PartitionQueue queue,
      long timestampMs,
      byte[] key,
      byte[] value,
      List<RecordHeader> headers,
      int upperBound,
      Object waiter) {
    Outcome outcome = queue.append(timestampMs, key, value, headers, upperBound, waiter, null);
    if (outcome == Outcome.NO_MEMORY) {
      ByteBuf memory = awaitMemory(queue, upperBound);
      outcome = queue.append(timestampMs, key, value, headers, upperBound, waiter, memory);
    }
    if (outcome == Outcome.CLOSED) {
      throw closedError();
    }
  }

  private static <T> byte[] serialize(
      Serializer<? super T> serializer, String topic, T data, String what) {
    if (data == null) {
      return null;
    }
    try {
      return serializer.serialize(topic, data);
    } catch (RuntimeException | StackOverflowError | LinkageError e) {
      throw new TailraceException(
          ErrorCode.SERIALIZATION,
          "the " + what + " of a record for topic '" + topic + "' cannot be serialised: " + e,
          e);
    }
  }

  private TailraceException tooLarge(String topic, int upperBound) {
    return new TailraceException(
        ErrorCode.RECORD_TOO_LARGE,
        "a record for topic '"
            + topic
            + "' takes "
            + upperBound
            + " bytes, the producer's maxRequestBytes allows "
            + (config.maxRequestBytes() - RecordBatch.HEADER_BYTES)
            + "; raise maxRequestBytes of the producer");
  }

  private ByteBuf awaitMemory(PartitionQueue queue, int upperBound) {
    if (network.scheduler().inThread()) {
      throw new TailraceException(
          ErrorCode.BUFFER_FULL,
          "the producer's memory is full, and a callback on the network's thread cannot wait");
    }
    ByteBuf memory;
    try {
      memory = pool.take(queue.sizeFor(upperBound), config.maxBlock().toNanos(), sender::wake);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("room in the producer's memory", e);
    }
    if (memory == null) {
      if (closing.get()) {
        throw closedError();
      }
      throw new TailraceException(
          ErrorCode.BUFFER_FULL,
          "the producer's memory of "
              + config.bufferMemory()
              + " bytes was full for "
              + config.maxBlock().toMillis()
              + " ms: records come faster than the brokers take them");
    }
    return memory;
  }

  private PartitionQueue[] queuesOf(String topic, int partition) {
    PartitionQueue[] queues = topics.get(topic);
    if (queues != null && partition < queues.length) {
      return queues;
    }
    if (closing.get()) {
      throw closedError();
    }
    TopicView view = awaitTopic(topic, partition);
    queues = resize(topic, view.partitions().size());
    if (closing.get()) {
      closeQueues(queues); // close() may have gone by before they were there
    }
    return queues;
  }

  private TopicView awaitTopic(String topic, int partition) {
    long timeoutMs = network.scheduler().inThread() ? 0 : config.maxBlock().toMillis();
    try {
      CompletableFuture<TopicView> found =
          metadata.awaitTopic(topic, Math.max(1, partition + 1), timeoutMs);
      if (timeoutMs == 0 && !found.isDone()) {
        throw new TailraceException(
            ErrorCode.UNKNOWN_TOPIC,
            "topic '" + topic + "' is not known yet, and this thread cannot wait for it");
      }
      return found.get();
    } catch (RejectedExecutionException e) {
      throw new TailraceException(ErrorCode.CLIENT_CLOSED, "the client is closed", e);
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("topic '" + topic + "'", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TailraceException known) {
        throw known;
      }
      throw new TailraceException(
          ErrorCode.UNKNOWN, "topic '" + topic + "' could not be looked for", e.getCause());
    }
  }

  private PartitionQueue[] resize(String topic, int partitions) {
    return topics.compute(
        topic,
        (name, old) -> {
          int before = old == null ? 0 : old.length;
          if (before == partitions) {
            return old;
          }
          PartitionQueue[] queues =
              old == null ? new PartitionQueue[partitions] : Arrays.copyOf(old, partitions);
          for (int i = before; i < partitions; i++) {
            queues[i] = new PartitionQueue(topic, i, sender, pool);
          }
          return queues;
        });
  }

  private void onMetadata(ClusterView view) {
    for (String topic : topics.keySet()) {
      TopicView found = view.topic(topic);
      if (found != null && !found.partitions().isEmpty() && !closing.get()) {
        resize(topic, found.partitions().size());
      }
    }
  }

  @Override
  public void flush() {
    if (network.scheduler().inThread()) {
      throw new IllegalStateException("flush must not be called on the network's thread");
    }
    boolean settled;
    try {
      settled = awaitSettled(config.deliveryTimeout().plus(SETTLING_GRACE));
    } catch (InterruptedException e) {
      throw TailraceException.interrupted("records to be settled", e);
    }
    if (!settled) {
      throw new TailraceException(
          ErrorCode.DELIVERY_TIMED_OUT,
          "records are not settled long after the delivery timeout: is a callback blocking?");
    }
  }

  private boolean awaitSettled(Duration timeout) throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    sender.hurry();
    try {
      List<ProducerBatch> batches = sender.unsettled().get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      for (ProducerBatch batch : batches) {
        batch.whenSettled().get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RejectedExecutionException) {
        return true; // The network's thread has ended: nothing is sent or settled any more.
      }
      throw new IllegalStateException("settling does not fail", e);
    } finally {
      sender.relax();
    }
  }

  @Override
  public void close() {
    close(config.deliveryTimeout());
  }

  @Override
  public void close(Duration timeout) {
    Duration limit = WaitTime.zeroOrMore("timeout", timeout);
    boolean onNetworkThread = network.scheduler().inThread();
    if (closing.compareAndSet(false, true)) {
      metadata.removeListener(metadataListener);
      topics.values().forEach(BatchingProducer::closeQueues);
      pool.close();
      if (!onNetworkThread) {
        try {
          awaitSettled(limit);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt(); // unsettled records fail now
        }
      }
      end();
      onClosed.accept(this);
    }
    if (!onNetworkThread) {
      ended.join();
    }
  }

  private void end() {
    try {
      network
          .scheduler()
          .runOrExecute(
              () -> {
                sender.close();
                ended.complete(null);
              });
    } catch (RejectedExecutionException e) {
      // The network thread has ended, so no other thread uses the sender.
      sender.close();
      ended.complete(null);
    }
  }

  /** Bytes of batches that are not settled, out of the buffer memory. */
  public long bufferBytesUsed() {
    return config.bufferMemory() - pool.availableBytes();
  }

  private static void closeQueues(PartitionQueue[] queues) {
    for (PartitionQueue queue : queues) {
      queue.close();
    }
  }

  private static TailraceException closedError() {
    return new TailraceException(ErrorCode.CLIENT_CLOSED, "the producer is closed");
  }
}
