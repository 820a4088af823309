package io.tailrace.client;

import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.TimeToLive;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A message to be sent, where a topic, key and value are not enough: headers, a timestamp, a
 * partition. Immutable; each method returns a copy.
 *
 * <pre>{@code
 * producer.send(Message.of(order).key(order.customer()).header("trace", id).to("orders"));
 * }</pre>
 *
 * <p>A message without a key has to be told its key type when it is built in a chain: {@code
 * Message.<String, Order>of(order).header("trace", id).to("orders")}.
 *
 * @param <K> the key's type
 * @param <V> the value's type
 */
public final class Message<K, V> {
  private static final int NO_PARTITION = -1;
  private static final long NO_TIMESTAMP = -1;

  private final String topic;
  private final int partition;
  private final long timestampMs;
  private final K key;
  private final V value;
  private final List<RecordHeader> headers;

  private Message(
      String topic, int partition, long timestampMs, K key, V value, List<RecordHeader> headers) {
    this.topic = topic;
    this.partition = partition;
    this.timestampMs = timestampMs;
    this.key = key;
    this.value = value;
    this.headers = headers;
  }

  /**
   * A message with a value only.
   *
   * @param value may be null, which in a compacted topic deletes the key
   */
  public static <K, V> Message<K, V> of(V value) {
    return new Message<>(null, NO_PARTITION, NO_TIMESTAMP, null, value, List.of());
  }

  /** A message for a topic, with key and value, which may be null. */
  public static <K, V> Message<K, V> of(String topic, K key, V value) {
    Objects.requireNonNull(topic, "topic");
    return new Message<>(topic, NO_PARTITION, NO_TIMESTAMP, key, value, List.of());
  }

  /** The same message for this topic. */
  public Message<K, V> to(String topic) {
    Objects.requireNonNull(topic, "topic");
    return new Message<>(topic, partition, timestampMs, key, value, headers);
  }

  /** The same message with this key, which may be null. */
  public <L> Message<L, V> key(L key) {
    return new Message<>(topic, partition, timestampMs, key, value, headers);
  }

  /**
   * The same message for this partition, whatever the partitioner says.
   *
   * @param partition from 0
   */
  public Message<K, V> partition(int partition) {
    if (partition < 0) {
      throw new IllegalArgumentException("partition " + partition + " is negative");
    }
    return new Message<>(topic, partition, timestampMs, key, value, headers);
  }

  /** The same message with this timestamp; without one it gets the time at which it is sent. */
  public Message<K, V> timestamp(Instant time) {
    return timestampMs(time.toEpochMilli());
  }

  /**
   * The same message with this timestamp.
   *
   * @param timestampMs milliseconds since 1970, not negative
   */
  public Message<K, V> timestampMs(long timestampMs) {
    if (timestampMs < 0) {
      throw new IllegalArgumentException("timestamp " + timestampMs + " is before 1970");
    }
    return new Message<>(topic, partition, timestampMs, key, value, headers);
  }

  /**
   * The same message, which queues hold back so long, counted from its timestamp; consumers and
   * consumer groups of the topic see it at once. Longer than half of the topic's {@code
   * retention.ms} is refused.
   */
  public Message<K, V> deliverAfter(Duration delay) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("a delay of " + delay + " is negative");
    }
    return header(DeliverAfter.HEADER, Long.toString(delay.toMillis()));
  }

  /**
   * The same message, which queues do not deliver any more after so long, counted from its
   * timestamp: it becomes a dead letter then, unless a consumer holds it. Consumers and consumer
   * groups of the topic see it all the same.
   */
  public Message<K, V> timeToLive(Duration time) {
    if (time.toMillis() < 1) {
      throw new IllegalArgumentException("a time to live of " + time + " is below 1 ms");
    }
    return header(TimeToLive.HEADER, Long.toString(time.toMillis()));
  }

  /** The same message with one more header, whose value is text. */
  public Message<K, V> header(String name, String value) {
    return header(RecordHeader.of(name, value));
  }

  /** The same message with one more header; the value may be null. */
  public Message<K, V> header(String name, byte[] value) {
    return header(new RecordHeader(name, value));
  }

  /** The same message with one more header. A name may occur more than once. */
  public Message<K, V> header(RecordHeader header) {
    List<RecordHeader> more = new ArrayList<>(headers.size() + 1);
    more.addAll(headers);
    more.add(header);
    return headers(more);
  }

  /** The same message with these headers in place of those it has. */
  public Message<K, V> headers(List<RecordHeader> headers) {
    return new Message<>(topic, partition, timestampMs, key, value, List.copyOf(headers));
  }

  /** Where it goes, or null when {@link #to} has not been called. */
  public String topic() {
    return topic;
  }

  /** Whether a partition was named. */
  public boolean hasPartition() {
    return partition != NO_PARTITION;
  }

  /** The partition that was named; meaningful only when {@link #hasPartition()}. */
  public int partition() {
    return partition;
  }

  /** Whether a timestamp was given. */
  public boolean hasTimestamp() {
    return timestampMs != NO_TIMESTAMP;
  }

  /** Milliseconds since 1970; meaningful only when {@link #hasTimestamp()}. */
  public long timestampMs() {
    return timestampMs;
  }

  /** The key, or null. */
  public K key() {
    return key;
  }

  /** The value, or null. */
  public V value() {
    return value;
  }

  /** The headers, in the order in which they were added. */
  public List<RecordHeader> headers() {
    return headers;
  }

  @Override
  public String toString() {
    return "Message[topic="
        + topic
        + (hasPartition() ? ", partition=" + partition : "")
        + (hasTimestamp() ? ", timestampMs=" + timestampMs : "")
        + ", key="
        + key
        + ", value="
        + value
        + ", headers="
        + headers
        + "]";
  }
}
