package io.tailrace.client;

import io.tailrace.client.processor.ProcessorConfig;
import io.tailrace.client.processor.RetryPolicy;
import io.tailrace.client.processor.TypedHandler;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes a {@link RecordProcessor}. Not thread-safe.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public final class RecordProcessorBuilder<K, V> {
  private static final int DEFAULT_CONCURRENCY = 8;
  private static final int MAX_CONCURRENCY = 10_000;

  private final TailraceClient client;
  private final String group;
  private final Deserializer<? extends K> keyDeserializer;
  private final Deserializer<? extends V> valueDeserializer;

  private final Set<String> topics = new TreeSet<>();
  private ProcessingOrder order = ProcessingOrder.KEY;
  private int concurrency = DEFAULT_CONCURRENCY;
  private int attempts = 5;
  private Duration firstBackoff = Duration.ofSeconds(1);
  private double backoffMultiplier = 2;
  private Duration maxBackoff = Duration.ofMinutes(5);
  private Duration commitInterval = Duration.ofSeconds(1);
  private Duration drainTimeout = Duration.ofSeconds(10);
  private Duration sessionTimeout = Duration.ofSeconds(10);
  private String instanceId = "";
  private Position startAt = Position.earliest();
  private OutOfRangePolicy outOfRange = OutOfRangePolicy.FAIL;

  RecordProcessorBuilder(
      TailraceClient client,
      String group,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    this.client = client;
    this.group = Objects.requireNonNull(group, "group");
    this.keyDeserializer = Objects.requireNonNull(keyDeserializer, "keyDeserializer");
    this.valueDeserializer = Objects.requireNonNull(valueDeserializer, "valueDeserializer");
  }

  /**
   * Processes the records of these topics, and those of {@code <topic>.<group>.retry} where that
   * exists. May be called again.
   */
  public RecordProcessorBuilder<K, V> topics(String... topics) {
    this.topics.addAll(Arrays.asList(topics));
    return this;
  }

  /** Which records are processed one after the other; those of a key by default. */
  public RecordProcessorBuilder<K, V> order(ProcessingOrder order) {
    this.order = Objects.requireNonNull(order, "order");
    return this;
  }

  /** How many records are handled at a time, each on a thread; 8 by default. */
  public RecordProcessorBuilder<K, V> concurrency(int concurrency) {
    this.concurrency = concurrency;
    return this;
  }

  /**
   * How often a record is tried before it becomes a dead letter, the first time included; 5 by
   * default.
   */
  public RecordProcessorBuilder<K, V> attempts(int attempts) {
    this.attempts = attempts;
    return this;
  }

  /**
   * How long a failed record, and those that wait for it, are held up: at first so long, then
   * longer by the multiplier each time, up to the longest; by default 1 s, 2 and 5 min.
   */
  public RecordProcessorBuilder<K, V> backoff(Duration first, double multiplier, Duration longest) {
    this.firstBackoff = first;
    this.backoffMultiplier = multiplier;
    this.maxBackoff = longest;
    return this;
  }

  /** How often offsets are committed; once a second by default. */
  public RecordProcessorBuilder<K, V> commitInterval(Duration commitInterval) {
    this.commitInterval = commitInterval;
    return this;
  }

  /**
   * How long handlers that are at work are waited for, when their partitions go to another member
   * and when the processor is closed; 10 s by default. The records of those that take longer are
   * processed again.
   */
  public RecordProcessorBuilder<K, V> drainTimeout(Duration drainTimeout) {
    this.drainTimeout = drainTimeout;
    return this;
  }

  /** As {@link ConsumerBuilder#sessionTimeout}. */
  public RecordProcessorBuilder<K, V> sessionTimeout(Duration sessionTimeout) {
    this.sessionTimeout = sessionTimeout;
    return this;
  }

  /** As {@link ConsumerBuilder#instanceId}. */
  public RecordProcessorBuilder<K, V> instanceId(String instanceId) {
    this.instanceId = Objects.requireNonNull(instanceId, "instanceId");
    return this;
  }

  /** Where partitions start for which the group has committed nothing; earliest by default. */
  public RecordProcessorBuilder<K, V> startAt(Position position) {
    this.startAt = Objects.requireNonNull(position, "position");
    return this;
  }

  /** What to do when an offset is out of range; by default the processor ends with the error. */
  public RecordProcessorBuilder<K, V> outOfRange(OutOfRangePolicy policy) {
    this.outOfRange = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Joins the group and begins to process. A record that cannot be deserialised becomes a dead
   * letter at once. The processor is closed with the client if not before.
   *
   * @param handler called on the processor's handler threads
   * @throws IllegalArgumentException when settings are out of range
   * @throws IllegalStateException when no topic was named
   * @throws TailraceException with {@code TOPIC_EXISTS} when the topic of its dead letters exists
   *     and has another owner; with {@code INVALID_TOPIC_NAME} when topic and group together make
   *     no name for it
   */
  public RecordProcessor start(RecordHandler<? super K, ? super V> handler) {
    Objects.requireNonNull(handler, "handler");
    if (topics.isEmpty()) {
      throw new IllegalStateException("name what is to be processed with topics()");
    }
    if (concurrency < 1 || concurrency > MAX_CONCURRENCY) {
      throw new IllegalArgumentException("concurrency must be 1 to " + MAX_CONCURRENCY);
    }
    RetryPolicy retries =
        new RetryPolicy(
            attempts,
            WaitTime.zeroOrMoreMillis("backoff", firstBackoff).toMillis(),
            backoffMultiplier,
            WaitTime.zeroOrMoreMillis("backoff", maxBackoff).toMillis());
    ProcessorConfig config =
        new ProcessorConfig(
            group,
            topics,
            order,
            retries,
            concurrency,
            WaitTime.positiveMillis("commitInterval", commitInterval),
            WaitTime.zeroOrMoreMillis("drainTimeout", drainTimeout).toMillis());
    return client.process(
        config,
        new TypedHandler<>(keyDeserializer, valueDeserializer, handler),
        listener ->
            client
                .consumer(Serdes.bytes(), Serdes.bytes())
                .group(group)
                .instanceId(instanceId)
                .sessionTimeout(sessionTimeout)
                .subscribe(config.subscription().toArray(String[]::new))
                .manualCommit()
                .startAt(startAt)
                .outOfRange(outOfRange)
                .maxPollRecords(ProcessorConfig.POLL_RECORDS)
                .maxPollBytes(ProcessorConfig.POLL_BYTES)
                .onRebalance(listener)
                .build());
  }
}
