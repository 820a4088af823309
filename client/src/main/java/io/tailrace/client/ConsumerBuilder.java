package io.tailrace.client;

import io.tailrace.client.consumer.ConsumerConfig;
import io.tailrace.client.consumer.GroupConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes a {@link Consumer} or a {@link Replay}. Not thread-safe.
 *
 * @param <K> the keys' type
 * @param <V> the values' type
 */
public final class ConsumerBuilder<K, V> {
  private static final long MAX_POLL_BYTES = 64L * 1024 * 1024;
  private static final int HEAP_SHARE_OF_POLL = 8;

  private final TailraceClient client;
  private final Deserializer<? extends K> keyDeserializer;
  private final Deserializer<? extends V> valueDeserializer;

  private final List<String> topics = new ArrayList<>();
  private final Set<String> subscription = new TreeSet<>();
  private String pattern = "";
  private String group = "";
  private String instanceId = "";
  private String assignor = "";
  private Duration sessionTimeout = Duration.ofSeconds(10);
  private Duration maxPollInterval = Duration.ofMinutes(5);
  private Duration autoCommitInterval = Duration.ofSeconds(5);
  private boolean requireCommitted;
  private RebalanceListener rebalanceListener = RebalanceListener.NONE;
  private final List<TopicPartition> partitions = new ArrayList<>();
  private Position startAt = Position.earliest();
  private OutOfRangePolicy outOfRange = OutOfRangePolicy.FAIL;
  private BadRecordHandler onBadRecord = BadRecordHandler.fail();
  private CorruptRecordsHandler onCorruptRecords = CorruptRecordsHandler.fail();
  private int maxPollRecords = 1000;
  private long maxPollBytes =
      Math.min(MAX_POLL_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE_OF_POLL);
  private int fetchMinBytes = 1;
  private Duration fetchMaxWait = Duration.ofMillis(500);
  private int fetchMaxBytes = 8 * 1024 * 1024;
  private int partitionFetchBytes = 1024 * 1024;
  private long prefetchBytes = 32L * 1024 * 1024;

  ConsumerBuilder(
      TailraceClient client,
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer) {
    this.client = client;
    this.keyDeserializer = Objects.requireNonNull(keyDeserializer, "keyDeserializer");
    this.valueDeserializer = Objects.requireNonNull(valueDeserializer, "valueDeserializer");
  }

  /**
   * Reads every partition of this topic. Those that it gets later are read from their start, once
   * the client's metadata tells of them ({@link TailraceClient.Builder#metadataMaxAge}); {@link
   * Consumer#assign} ends that. May be called again.
   */
  public ConsumerBuilder<K, V> assign(String topic) {
    topics.add(Objects.requireNonNull(topic, "topic"));
    return this;
  }

  /** Reads these partitions. May be called again. */
  public ConsumerBuilder<K, V> assign(TopicPartition... partitions) {
    return assign(Arrays.asList(partitions));
  }

  /** Reads these partitions. May be called again. */
  public ConsumerBuilder<K, V> assign(Collection<TopicPartition> partitions) {
    this.partitions.addAll(partitions);
    return this;
  }

  /**
   * The consumer group: its members share the partitions of the topics that they subscribe to, and
   * each partition starts where the group has committed. A consumer that is assigned partitions may
   * have a group too, to keep its offsets in, while the group has no members.
   */
  public ConsumerBuilder<K, V> group(String group) {
    this.group = Objects.requireNonNull(group, "group");
    return this;
  }

  /** Reads a share of these topics, as a member of the {@link #group}. May be called again. */
  public ConsumerBuilder<K, V> subscribe(String... topics) {
    subscription.addAll(Arrays.asList(topics));
    return this;
  }

  /**
   * Reads a share of the topics whose whole name matches, also of those that are made later, as a
   * member of the {@link #group}.
   *
   * @param pattern a regular expression as RE2 has it, for instance {@code orders\\..*}
   */
  public ConsumerBuilder<K, V> subscribePattern(String pattern) {
    this.pattern = Objects.requireNonNull(pattern, "pattern");
    return this;
  }

  /**
   * Makes the consumer a static member: one that is closed and comes back under the same id within
   * the session timeout has the same partitions, and no others move meanwhile.
   */
  public ConsumerBuilder<K, V> instanceId(String instanceId) {
    this.instanceId = Objects.requireNonNull(instanceId, "instanceId");
    return this;
  }

  /** How the group's partitions are shared, if most members ask for it; {@code uniform} if none. */
  public ConsumerBuilder<K, V> assignor(String assignor) {
    this.assignor = Objects.requireNonNull(assignor, "assignor");
    return this;
  }

  /**
   * A member from which the coordinator hears nothing for so long is removed; 10 s by default. One
   * whose connection is closed is removed sooner.
   */
  public ConsumerBuilder<K, V> sessionTimeout(Duration sessionTimeout) {
    this.sessionTimeout = sessionTimeout;
    return this;
  }

  /**
   * A member that is not polled for so long leaves its group, and joins again with the next poll; 5
   * minutes by default.
   */
  public ConsumerBuilder<K, V> maxPollInterval(Duration maxPollInterval) {
    this.maxPollInterval = maxPollInterval;
    return this;
  }

  /**
   * How often a consumer with a group commits by itself, within polls, what earlier polls have
   * returned; 5 s by default.
   */
  public ConsumerBuilder<K, V> autoCommit(Duration interval) {
    this.autoCommitInterval = interval;
    return this;
  }

  /** Leaves it to the caller to commit. */
  public ConsumerBuilder<K, V> manualCommit() {
    this.autoCommitInterval = Duration.ZERO;
    return this;
  }

  /**
   * Makes polls fail with {@code NO_OFFSET} where the group has committed nothing for a partition,
   * until that is sought, instead of starting where {@link #startAt} says.
   */
  public ConsumerBuilder<K, V> requireCommitted() {
    this.requireCommitted = true;
    return this;
  }

  /** Told which partitions come and go. */
  public ConsumerBuilder<K, V> onRebalance(RebalanceListener listener) {
    this.rebalanceListener = Objects.requireNonNull(listener, "listener");
    return this;
  }

  /** Where partitions start that the consumer does not seek; the earliest record by default. */
  public ConsumerBuilder<K, V> startAt(Position position) {
    this.startAt = Objects.requireNonNull(position, "position");
    return this;
  }

  /**
   * What to do when a position is out of range; fails by default, because going on means that
   * records were missed.
   */
  public ConsumerBuilder<K, V> outOfRange(OutOfRangePolicy policy) {
    this.outOfRange = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /** What to do with records that cannot be deserialised; fails by default. */
  public ConsumerBuilder<K, V> onBadRecord(BadRecordHandler handler) {
    this.onBadRecord = Objects.requireNonNull(handler, "handler");
    return this;
  }

  /** What to do where a broker cannot read what it has stored; fails by default. */
  public ConsumerBuilder<K, V> onCorruptRecords(CorruptRecordsHandler handler) {
    this.onCorruptRecords = Objects.requireNonNull(handler, "handler");
    return this;
  }

  /** Records that one poll returns at most; 1000 by default. */
  public ConsumerBuilder<K, V> maxPollRecords(int maxPollRecords) {
    this.maxPollRecords = maxPollRecords;
    return this;
  }

  /**
   * Bytes of keys, values and headers, decompressed, that one poll returns at most; 64 MiB or an
   * eighth of the largest heap by default, whichever is less. A record that is larger by itself is
   * returned alone.
   */
  public ConsumerBuilder<K, V> maxPollBytes(long maxPollBytes) {
    this.maxPollBytes = maxPollBytes;
    return this;
  }

  /**
   * A broker answers a fetch when it has this many bytes; 1 by default. With any other value, each
   * fetch names all partitions instead of those that go on.
   */
  public ConsumerBuilder<K, V> fetchMinBytes(int fetchMinBytes) {
    this.fetchMinBytes = fetchMinBytes;
    return this;
  }

  /** A broker answers a fetch after this time with the records that it has; 500 ms by default. */
  public ConsumerBuilder<K, V> fetchMaxWait(Duration fetchMaxWait) {
    this.fetchMaxWait = fetchMaxWait;
    return this;
  }

  /**
   * Bytes of one fetch; 8 MiB by default. A batch that is larger is fetched nevertheless, alone.
   */
  public ConsumerBuilder<K, V> fetchMaxBytes(int fetchMaxBytes) {
    this.fetchMaxBytes = fetchMaxBytes;
    return this;
  }

  /** Bytes of one partition in one fetch; 1 MiB by default. */
  public ConsumerBuilder<K, V> partitionFetchBytes(int partitionFetchBytes) {
    this.partitionFetchBytes = partitionFetchBytes;
    return this;
  }

  /**
   * Bytes, as they come from the brokers, that are fetched ahead of the polls; 32 MiB by default.
   */
  public ConsumerBuilder<K, V> prefetchBytes(long prefetchBytes) {
    this.prefetchBytes = prefetchBytes;
    return this;
  }

  /**
   * Makes the consumer, and waits for the metadata of the topics that are to be read as a whole. It
   * is closed with the client if not before.
   *
   * @throws IllegalArgumentException when settings are out of range
   * @throws IllegalStateException when it is to subscribe without a group, or both to subscribe and
   *     to be assigned partitions
   * @throws TailraceException when a topic is not known within the client's request timeout
   */
  public Consumer<K, V> build() {
    boolean subscribes = !subscription.isEmpty() || !pattern.isEmpty();
    if (subscribes && group.isEmpty()) {
      throw new IllegalStateException("to subscribe takes a group; name one with group()");
    }
    if (subscribes && !(topics.isEmpty() && partitions.isEmpty())) {
      throw new IllegalStateException("either subscribe or assign");
    }
    if (!group.isEmpty()) {
      return client.open(
          config(),
          groupConfig(),
          subscription,
          topics,
          partitions,
          keyDeserializer,
          valueDeserializer);
    }
    return client.open(config(), topics, partitions, keyDeserializer, valueDeserializer);
  }

  /**
   * Reads a stretch of a topic's history, and waits until it is known where that starts and ends.
   * What was assigned is not looked at.
   *
   * @param from the first record
   * @param to where to end, exclusive; at the latest at the end that the partition has now
   * @throws TailraceException when the topic or the positions are not known within the client's
   *     request timeout
   */
  public Replay<K, V> replay(String topic, Position from, Position to) {
    return replay(client.partitionsOf(List.of(topic)), from, to);
  }

  /** As {@link #replay(String, Position, Position)}, for some partitions. */
  public Replay<K, V> replay(Collection<TopicPartition> partitions, Position from, Position to) {
    return client.replay(
        config(), List.copyOf(partitions), from, to, keyDeserializer, valueDeserializer);
  }

  private GroupConfig groupConfig() {
    return new GroupConfig(
        group,
        instanceId,
        assignor,
        pattern,
        Duration.ofMillis(WaitTime.positiveMillis("sessionTimeout", sessionTimeout)),
        Duration.ofMillis(WaitTime.positiveMillis("maxPollInterval", maxPollInterval)),
        WaitTime.zeroOrMoreMillis("autoCommit", autoCommitInterval),
        requireCommitted,
        rebalanceListener);
  }

  private ConsumerConfig config() {
    return new ConsumerConfig(
        startAt,
        outOfRange,
        onBadRecord,
        onCorruptRecords,
        maxPollRecords,
        maxPollBytes,
        fetchMinBytes,
        fetchMaxWait,
        fetchMaxBytes,
        partitionFetchBytes,
        prefetchBytes);
  }
}
