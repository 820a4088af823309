package io.tailrace.client;

/**
 * A message that a consumer of a queue holds until it answers, or its lock ends.
 *
 * @param record the message
 * @param delivery which delivery of it this is, from 1
 * @param failures how many deliveries of it failed before
 * @param generation of the replay or back-fill that delivers it, on its partition; 0 = it comes in
 *     its turn
 * @param <K> the key's type
 * @param <V> the value's type
 */
public record ReceivedMessage<K, V>(
    ConsumerRecord<K, V> record, int delivery, int failures, int generation) {

  /** The message's value. */
  public V value() {
    return record.value();
  }

  /** The message's key. */
  public K key() {
    return record.key();
  }
}
