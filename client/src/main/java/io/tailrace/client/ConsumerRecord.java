package io.tailrace.client;

import io.tailrace.protocol.record.RecordHeader;
import java.time.Instant;
import java.util.List;

/**
 * A record as a consumer gets it.
 *
 * @param topic the topic's name
 * @param partition from 0
 * @param offset its place in the partition
 * @param timestampMs milliseconds since 1970
 * @param key may be null
 * @param value may be null
 * @param headers in the producer's order; empty when there are none
 * @param <K> the key's type
 * @param <V> the value's type
 */
public record ConsumerRecord<K, V>(
    String topic,
    int partition,
    long offset,
    long timestampMs,
    K key,
    V value,
    List<RecordHeader> headers) {

  /** The timestamp as a point in time. */
  public Instant timestamp() {
    return Instant.ofEpochMilli(timestampMs);
  }

  /** The partition with its topic. */
  public TopicPartition topicPartition() {
    return new TopicPartition(topic, partition);
  }

  /** The last header with this name, or null. */
  public RecordHeader header(String name) {
    for (int i = headers.size() - 1; i >= 0; i--) {
      if (headers.get(i).key().equals(name)) {
        return headers.get(i);
      }
    }
    return null;
  }
}
