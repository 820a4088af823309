package io.tailrace.client;

import static io.tailrace.client.WaitTime.positiveMillis;

import io.tailrace.client.admin.RemoteAdmin;
import io.tailrace.client.consumer.ConsumerConfig;
import io.tailrace.client.consumer.GroupConfig;
import io.tailrace.client.consumer.GroupConsumer;
import io.tailrace.client.consumer.PartitionConsumer;
import io.tailrace.client.consumer.RangeReplay;
import io.tailrace.client.metadata.ClusterAccess;
import io.tailrace.client.metadata.Metadata;
import io.tailrace.client.network.BootstrapAddresses;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.NettyTransport;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.NetworkConfig;
import io.tailrace.client.processor.DeadLetterWriter;
import io.tailrace.client.processor.GroupRecordProcessor;
import io.tailrace.client.processor.ProcessorConfig;
import io.tailrace.client.processor.RawHandler;
import io.tailrace.client.producer.BatchingProducer;
import io.tailrace.client.producer.ProducerConfig;
import io.tailrace.client.queue.QueueCalls;
import io.tailrace.client.queue.RemoteQueueConsumer;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * A process's connection to a Tailrace cluster: owns the connections to its brokers, its metadata,
 * and one network thread; makes producers, consumers and the admin. Thread-safe; one per process is
 * enough.
 *
 * <pre>{@code
 * try (TailraceClient client = TailraceClient.connect("localhost:7092")) {
 *   Producer<String, Order> producer = client.producer(Serdes.string(), Serdes.json(Order.class));
 *   RecordMetadata at = producer.send("orders", order.customer(), order).join();
 * }
 * }</pre>
 *
 * <p><b>Durations</b> that are longer than a year count as a year, settings that travel in
 * milliseconds as ten days; negative ones are refused with {@link IllegalArgumentException}.
 *
 * <p><b>Interruption.</b> Every call of this library that waits answers the interruption of its
 * thread with a {@link TailraceException} of the code {@code INTERRUPTED}, and leaves the thread's
 * interrupt flag set. Closing is the exception: it does not throw, but waits no longer.
 */
public final class TailraceClient implements AutoCloseable {

  private static final int NETWORK_CLOSE_SECONDS = 5;
  private static final Duration DEFAULT_CLOSE_TIMEOUT = Duration.ofSeconds(30);

  /** A record that was written can be written as a dead letter. */
  private static final int DEAD_LETTER_BYTES = 64 * 1024 * 1024;

  private static final Duration DEAD_LETTER_MAX_BLOCK = Duration.ofSeconds(5);

  private final ClusterAccess cluster;
  private final Admin admin;
  private final Set<BatchingProducer<?, ?>> producers = ConcurrentHashMap.newKeySet();
  private final Set<PartitionConsumer<?, ?>> consumers = ConcurrentHashMap.newKeySet();
  private final Set<RemoteQueueConsumer<?, ?>> queueConsumers = ConcurrentHashMap.newKeySet();
  private final Set<GroupRecordProcessor> processors = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();

  /** Null without metrics. */
  private final ClientMetrics metrics;

  private TailraceClient(ClusterAccess cluster, ClientMetrics metrics) {
    this.cluster = cluster;
    this.metrics = metrics;
    this.admin = new RemoteAdmin(cluster);
  }

  /**
   * Connects with default settings.
   *
   * @param bootstrap {@code host:port} of one or more brokers, separated by commas
   * @throws TailraceException with {@code BROKER_NOT_AVAILABLE} when none answers within ten
   *     seconds
   */
  public static TailraceClient connect(String bootstrap) {
    return builder().bootstrap(bootstrap).connect();
  }

  /** For settings other than the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Creates, describes, changes and deletes. */
  public Admin admin() {
    return admin;
  }

  /** A producer with default settings. */
  public <K, V> Producer<K, V> producer(
      Serializer<? super K> keySerializer, Serializer<? super V> valueSerializer) {
    return this.<K, V>producerBuilder(keySerializer, valueSerializer).build();
  }

  /** For a producer with settings other than the defaults. */
  public <K, V> ProducerBuilder<K, V> producerBuilder(
      Serializer<? super K> keySerializer, Serializer<? super V> valueSerializer) {
    return new ProducerBuilder<>(this, keySerializer, valueSerializer);
  }

  /** For a consumer, or a replay of history. */
  public <K, V> ConsumerBuilder<K, V> consumer(
      Deserializer<? extends K> keyDeserializer, Deserializer<? extends V> valueDeserializer) {
    return new ConsumerBuilder<>(this, keyDeserializer, valueDeserializer);
  }

  /** A consumer of a queue, which shares its messages with the queue's other consumers. */
  public <K, V> QueueConsumer<K, V> queueConsumer(
      String queue,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    checkOpen();
    RemoteQueueConsumer<K, V> consumer =
        new RemoteQueueConsumer<>(
            cluster,
            new QueueCalls(cluster),
            queue,
            keyDeserializer,
            valueDeserializer,
            queueConsumers::remove);
    queueConsumers.add(consumer);
    return consumer;
  }

  /**
   * For a processor of records, as a member of a consumer group.
   *
   * @param group with the topics it names the topics of its dead letters, so it consists of
   *     letters, digits, '.', '_' and '-'
   */
  public <K, V> RecordProcessorBuilder<K, V> recordProcessor(
      String group,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    return new RecordProcessorBuilder<>(this, group, keyDeserializer, valueDeserializer);
  }

  RecordProcessor process(
      ProcessorConfig config,
      RawHandler handler,
      Function<RebalanceListener, Consumer<byte[], byte[]>> consumers) {
    checkOpen();
    DeadLetterWriter deadLetters = new DeadLetterWriter(config, admin, () -> deadLetterProducer());
    GroupRecordProcessor processor =
        new GroupRecordProcessor(
            config, handler, cluster.network().clock(), deadLetters, consumers);
    processors.add(processor);
    processor.ended().whenComplete((done, error) -> processors.remove(processor));
    return processor.start();
  }

  private Producer<byte[], byte[]> deadLetterProducer() {
    return producerBuilder(Serdes.bytes(), Serdes.bytes())
        .linger(Duration.ZERO)
        .maxRequestBytes(DEAD_LETTER_BYTES)
        .bufferMemory(DEAD_LETTER_BYTES)
        .maxBlock(DEAD_LETTER_MAX_BLOCK)
        .build();
  }

  <K, V> Producer<K, V> open(
      ProducerConfig config,
      Serializer<? super K> keySerializer,
      Serializer<? super V> valueSerializer) {
    checkOpen();
    BatchingProducer<K, V> producer =
        new BatchingProducer<>(config, keySerializer, valueSerializer, cluster, producers::remove);
    producers.add(producer);
    return producer.start();
  }

  <K, V> Consumer<K, V> open(
      ConsumerConfig config,
      List<String> topics,
      List<TopicPartition> partitions,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    List<TopicPartition> all = new ArrayList<>(partitions);
    all.addAll(partitionsOf(topics));
    PartitionConsumer<K, V> consumer = open(config, keyDeserializer, valueDeserializer);
    consumer.assign(all, topics);
    return consumer;
  }

  <K, V> Consumer<K, V> open(
      ConsumerConfig config,
      GroupConfig groupConfig,
      Collection<String> subscription,
      List<String> topics,
      List<TopicPartition> partitions,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    List<TopicPartition> all = new ArrayList<>(partitions);
    all.addAll(partitionsOf(topics));
    GroupConsumer<K, V> consumer =
        new GroupConsumer<>(open(config, keyDeserializer, valueDeserializer), groupConfig, cluster);
    if (!all.isEmpty()) {
      consumer.assign(all);
    } else if (!subscription.isEmpty() || !groupConfig.pattern().isEmpty()) {
      consumer.subscribe(subscription);
    }
    return consumer;
  }

  private <K, V> PartitionConsumer<K, V> open(
      ConsumerConfig config,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    checkOpen();
    PartitionConsumer<K, V> consumer =
        new PartitionConsumer<>(
            config, keyDeserializer, valueDeserializer, cluster, consumers::remove);
    consumers.add(consumer);
    return consumer.start();
  }

  <K, V> Replay<K, V> replay(
      ConsumerConfig config,
      Collection<TopicPartition> partitions,
      Position from,
      Position to,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    checkOpen();
    // The end first: a record that is written in between is not replayed, rather than perhaps.
    Map<TopicPartition, Long> ends = offsets(partitions, Position.latest());
    if (!(to instanceof Position.Latest)) {
      offsets(partitions, to).forEach((partition, end) -> ends.merge(partition, end, Math::min));
    }
    Map<TopicPartition, Long> starts = offsets(partitions, from);
    if (from instanceof Position.Offset && config.outOfRange() == OutOfRangePolicy.EARLIEST) {
      offsets(partitions, Position.earliest())
          .forEach((partition, first) -> starts.merge(partition, first, Math::max));
    }
    return new RangeReplay<>(
        open(config, keyDeserializer, valueDeserializer),
        starts,
        ends,
        Duration.ofMillis(cluster.network().config().requestTimeoutMs()));
  }

  private Map<TopicPartition, Long> offsets(
      Collection<TopicPartition> partitions, Position position) {
    Map<TopicPartition, Position> positions = new HashMap<>();
    partitions.forEach(partition -> positions.put(partition, position));
    Map<TopicPartition, Long> offsets = new HashMap<>();
    await(cluster.offsets().find(positions), "offsets")
        .forEach((partition, found) -> offsets.put(partition, found.offset()));
    return offsets;
  }

  /** Every partition of these topics; waits until the cluster knows them. */
  List<TopicPartition> partitionsOf(Collection<String> topics) {
    checkOpen();
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      int timeoutMs = cluster.network().config().requestTimeoutMs();
      int count =
          await(cluster.metadata().awaitTopic(topic, timeoutMs), "topic '" + topic + "'")
              .partitions()
              .size();
      for (int i = 0; i < count; i++) {
        partitions.add(new TopicPartition(topic, i));
      }
    }
    return partitions;
  }

  /**
   * Waits for a future that the network thread completes, at the latest when its own timeout is
   * over.
   */
  private <T> T await(CompletableFuture<T> future, String waitingFor) {
    if (cluster.network().scheduler().inThread()) {
      throw new IllegalStateException("this must not be called on the client's network thread");
    }
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TailraceException known) {
        throw new TailraceException(known.code(), known.getMessage(), known);
      }
      throw new TailraceException(ErrorCode.UNKNOWN, e.getCause().toString(), e.getCause());
    } catch (InterruptedException e) {
      throw TailraceException.interrupted(waitingFor, e);
    }
  }

  ClientCounters counters() {
    return cluster.network().counters();
  }

  /** Bytes of records that are not acknowledged, of all producers. Thread-safe. */
  long producerBytes() {
    return producers.stream().mapToLong(BatchingProducer::bufferBytesUsed).sum();
  }

  /** Records that are still to be consumed, of all consumers, as far as is known. Thread-safe. */
  long consumerLag() {
    return consumers.stream().mapToLong(PartitionConsumer::totalLag).sum();
  }

  private void checkOpen() {
    if (closed.get()) {
      throw new TailraceException(ErrorCode.CLIENT_CLOSED, "the client is closed");
    }
  }

  /** As {@link #close(Duration)}, with thirty seconds. */
  @Override
  public void close() {
    close(DEFAULT_CLOSE_TIMEOUT);
  }

  /**
   * Closes the producers and consumers that are still open, then the connections. Records that are
   * waiting are sent, and their acknowledgements awaited, for at most this long; every future is
   * complete when this returns. An interrupted thread does not wait: unsettled records fail at
   * once, and the interrupt flag stays set. May be called again.
   *
   * @throws IllegalArgumentException when the timeout is negative; one of more than a year counts
   *     as a year
   */
  public void close(Duration timeout) {
    Duration limit = WaitTime.zeroOrMore("timeout", timeout);
    if (cluster.network().scheduler().inThread()) {
      throw new IllegalStateException("close must not be called on the client's network thread");
    }
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    long deadline = System.nanoTime() + limit.toNanos();
    List.copyOf(processors).forEach(processor -> processor.close(until(deadline)));
    List.copyOf(producers).forEach(producer -> producer.close(until(deadline)));
    List.copyOf(consumers).forEach(consumer -> consumer.closeFromOutside(until(deadline)));
    List.copyOf(queueConsumers).forEach(RemoteQueueConsumer::close);
    shutDown(cluster);
    if (metrics != null) {
      metrics.unbind(this);
    }
  }

  private static Duration until(long deadlineNanos) {
    return Duration.ofNanos(Math.max(0, deadlineNanos - System.nanoTime()));
  }

  private static void shutDown(ClusterAccess cluster) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    cluster
        .network()
        .scheduler()
        .execute(
            () -> {
              cluster.metadata().close();
              cluster.connections().close();
              done.complete(null);
            });
    done.orTimeout(NETWORK_CLOSE_SECONDS, TimeUnit.SECONDS).exceptionally(late -> null).join();
    cluster.network().transport().close();
  }

  /** Settings of a client. Not thread-safe. */
  public static final class Builder {
    /** One attempt at one address, so that others have their turn. */
    private static final int LONGEST_CONNECT_MS = 3000;

    private String bootstrap = "localhost:7092";
    private String clientId = "tailrace-java";
    private Duration connectTimeout = Duration.ofSeconds(10);
    private Duration requestTimeout = Duration.ofSeconds(15);
    private Duration metadataMaxAge = Duration.ofMinutes(2);
    private Duration reconnectBackoff = Duration.ofMillis(20);
    private Duration maxReconnectBackoff = Duration.ofSeconds(1);
    private ClientMetrics metrics;

    private Builder() {}

    /**
     * Where to learn about the cluster; {@code localhost:7092} by default.
     *
     * @param bootstrap {@code host:port} of one or more brokers, separated by commas
     */
    public Builder bootstrap(String bootstrap) {
      this.bootstrap = Objects.requireNonNull(bootstrap, "bootstrap");
      return this;
    }

    /** What brokers call this client in their logs. */
    public Builder clientId(String clientId) {
      this.clientId = Objects.requireNonNull(clientId, "clientId");
      return this;
    }

    /** How long {@link #connect} tries; ten seconds by default. */
    public Builder connectTimeout(Duration connectTimeout) {
      this.connectTimeout = connectTimeout;
      return this;
    }

    /**
     * How long one request may be unanswered, how long the admin and positions are retried, and how
     * long a replay waits for its next record before it fails; fifteen seconds by default.
     */
    public Builder requestTimeout(Duration requestTimeout) {
      this.requestTimeout = requestTimeout;
      return this;
    }

    /** When metadata is asked for again without any other reason; two minutes by default. */
    public Builder metadataMaxAge(Duration metadataMaxAge) {
      this.metadataMaxAge = metadataMaxAge;
      return this;
    }

    /** The first and the longest wait between attempts to reach a broker; 20 ms and 1 s. */
    public Builder reconnectBackoff(Duration first, Duration longest) {
      this.reconnectBackoff = first;
      this.maxReconnectBackoff = longest;
      return this;
    }

    /**
     * Where the client's figures are shown, as {@link ClientMetrics#to} makes it; nowhere by
     * default.
     */
    public Builder metrics(ClientMetrics metrics) {
      this.metrics = Objects.requireNonNull(metrics, "metrics");
      return this;
    }

    /**
     * Connects: asks the bootstrap brokers, one after the other, until one answers.
     *
     * @throws IllegalArgumentException when settings are out of range
     * @throws TailraceException with {@code BROKER_NOT_AVAILABLE} when none answers in time
     */
    public TailraceClient connect() {
      List<BrokerAddress> addresses = BootstrapAddresses.parse(bootstrap);
      int connectTimeoutMs = positiveMillis("connectTimeout", connectTimeout);
      NetworkConfig config =
          new NetworkConfig(
              clientId,
              Math.min(connectTimeoutMs, LONGEST_CONNECT_MS),
              positiveMillis("requestTimeout", requestTimeout),
              positiveMillis("reconnectBackoff", reconnectBackoff),
              positiveMillis("maxReconnectBackoff", maxReconnectBackoff));
      int maxAgeMs = positiveMillis("metadataMaxAge", metadataMaxAge);
      Network network =
          new Network(
              new NettyTransport("tailrace-client-" + clientId),
              Clock.SYSTEM,
              new SplittableRandom(),
              config,
              new ClientCounters());
      Connections connections = new Connections(network);
      Metadata metadata = new Metadata(network, connections, addresses, maxAgeMs);
      TailraceClient client =
          new TailraceClient(ClusterAccess.of(network, connections, metadata), metrics);
      try {
        client.await(metadata.awaitCluster(connectTimeoutMs), "a broker");
      } catch (TailraceException e) {
        shutDown(client.cluster);
        throw e;
      }
      if (metrics != null) {
        metrics.bind(client, clientId);
      }
      return client;
    }
  }
}
