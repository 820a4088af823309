package io.tailrace.client;

import io.tailrace.client.producer.Partitioners;

/**
 * Chooses the partition of a record that does not name one. Must be thread-safe: every thread that
 * sends calls it.
 */
@FunctionalInterface
public interface Partitioner {

  /**
   * Chooses a partition.
   *
   * @param topic where the record goes
   * @param key the serialised key, or else the routing key of a message that is published to an
   *     exchange, or null
   * @param value the serialised value, or null
   * @param partitions how many the topic has
   * @return 0 to {@code partitions - 1}
   */
  int partition(String topic, byte[] key, byte[] value, int partitions);

  /**
   * By the key's hash, so that records of one key stay in order; records without a key go to one
   * partition until a batch's worth has gone there, then to another. The default. The hash is
   * Kafka's: {@code (murmur2(key) & 0x7fffffff) % partitions}.
   */
  static Partitioner keyHash() {
    return Partitioners.keyHash();
  }

  /** One partition after the other, whatever the key. Makes more and smaller batches. */
  static Partitioner roundRobin() {
    return Partitioners.roundRobin();
  }

  /**
   * One partition until a batch's worth of bytes has gone there, then another, whatever the key.
   */
  static Partitioner sticky() {
    return Partitioners.sticky();
  }

  /** The hash that {@link #keyHash} uses. */
  static int murmur2(byte[] key) {
    return Partitioners.murmur2(key);
  }
}
