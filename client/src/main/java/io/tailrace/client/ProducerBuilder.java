package io.tailrace.client;

import io.tailrace.client.producer.ProducerConfig;
import io.tailrace.protocol.record.CompressionType;
import java.time.Duration;
import java.util.Objects;

/**
 * Makes a {@link Producer}. The defaults are safe: every in-sync replica acknowledges, nothing is
 * written twice or out of order. Not thread-safe.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public final class ProducerBuilder<K, V> {
  private final TailraceClient client;
  private final Serializer<? super K> keySerializer;
  private final Serializer<? super V> valueSerializer;

  private Acks acks = Acks.ALL;
  private Boolean idempotent;
  private int batchBytes = 16 * 1024;
  private Duration linger = Duration.ofMillis(5);
  private long bufferMemory = 32L * 1024 * 1024;
  private int maxRequestBytes = 1024 * 1024;
  private CompressionType compression = CompressionType.LZ4;
  private Duration deliveryTimeout = Duration.ofMinutes(2);
  private Duration maxBlock = Duration.ofMinutes(1);
  private int maxInFlight = ProducerConfig.MAX_IN_FLIGHT_IDEMPOTENT;
  private Partitioner partitioner;

  ProducerBuilder(
      TailraceClient client,
      Serializer<? super K> keySerializer,
      Serializer<? super V> valueSerializer) {
    this.client = client;
    this.keySerializer = Objects.requireNonNull(keySerializer, "keySerializer");
    this.valueSerializer = Objects.requireNonNull(valueSerializer, "valueSerializer");
  }

  /** What acknowledged means; {@link Acks#ALL} by default. */
  public ProducerBuilder<K, V> acks(Acks acks) {
    this.acks = Objects.requireNonNull(acks, "acks");
    return this;
  }

  /**
   * Whether the broker recognises repeated batches, so that retrying does not write a record twice;
   * by default it does with {@link Acks#ALL}, and cannot with less. Without it a lost answer leads
   * to a second copy, and only one request at a time is sent for a partition, so that records stay
   * in order.
   */
  public ProducerBuilder<K, V> idempotent(boolean idempotent) {
    this.idempotent = idempotent;
    return this;
  }

  /** Bytes, before compression, at which a batch of one partition is full; 16 KiB by default. */
  public ProducerBuilder<K, V> batchBytes(int batchBytes) {
    this.batchBytes = batchBytes;
    return this;
  }

  /**
   * How long a record may wait for its batch to fill; 5 ms by default. Zero sends at once, and what
   * comes while requests are on their way travels together.
   */
  public ProducerBuilder<K, V> linger(Duration linger) {
    this.linger = linger;
    return this;
  }

  /**
   * Bytes of all batches that are not yet acknowledged; 32 MiB by default. The memory is direct,
   * not of the heap ({@code -XX:MaxDirectMemorySize}, if the heap is small); it is taken as it is
   * needed and kept until the producer is closed.
   */
  public ProducerBuilder<K, V> bufferMemory(long bufferMemory) {
    this.bufferMemory = bufferMemory;
    return this;
  }

  /**
   * Bytes of one request, and the bound for one record; 1 MiB by default. The broker has a limit of
   * its own.
   */
  public ProducerBuilder<K, V> maxRequestBytes(int maxRequestBytes) {
    this.maxRequestBytes = maxRequestBytes;
    return this;
  }

  /** How batches are compressed; LZ4 by default. */
  public ProducerBuilder<K, V> compression(CompressionType compression) {
    this.compression = Objects.requireNonNull(compression, "compression");
    return this;
  }

  /**
   * How long after the call of {@code send} a record is settled at the latest, with all retries;
   * two minutes by default.
   */
  public ProducerBuilder<K, V> deliveryTimeout(Duration deliveryTimeout) {
    this.deliveryTimeout = deliveryTimeout;
    return this;
  }

  /** How long {@code send} may wait for metadata and memory; one minute by default. */
  public ProducerBuilder<K, V> maxBlock(Duration maxBlock) {
    this.maxBlock = maxBlock;
    return this;
  }

  /** Requests that may be unanswered on one broker's connection; 1 to 5, 5 by default. */
  public ProducerBuilder<K, V> maxInFlight(int maxInFlight) {
    this.maxInFlight = maxInFlight;
    return this;
  }

  /** Chooses partitions; {@link Partitioner#keyHash} by default. */
  public ProducerBuilder<K, V> partitioner(Partitioner partitioner) {
    this.partitioner = Objects.requireNonNull(partitioner, "partitioner");
    return this;
  }

  /**
   * Makes the producer. It is closed with the client if not before.
   *
   * @throws IllegalArgumentException when settings are out of range or do not go together
   */
  public Producer<K, V> build() {
    ProducerConfig config =
        new ProducerConfig(
            acks,
            idempotent == null ? acks == Acks.ALL : idempotent,
            batchBytes,
            linger,
            bufferMemory,
            maxRequestBytes,
            compression,
            deliveryTimeout,
            maxBlock,
            maxInFlight,
            partitioner);
    return client.open(config, keySerializer, valueSerializer);
  }
}
