package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Deserializer;
import io.tailrace.client.RecordHandler;
import io.tailrace.client.RecordRejectedException;

/**
 * Deserialises records for a handler. One that cannot be read is rejected: trying again is vain.
 */
public final class TypedHandler<K, V> implements RawHandler {
  private final Deserializer<? extends K> keyDeserializer;
  private final Deserializer<? extends V> valueDeserializer;
  private final RecordHandler<? super K, ? super V> handler;

  /** Makes a handler for bytes out of one for objects. */
  public TypedHandler(
      Deserializer<? extends K> keyDeserializer,
      Deserializer<? extends V> valueDeserializer,
      RecordHandler<? super K, ? super V> handler) {
    this.keyDeserializer = keyDeserializer;
    this.valueDeserializer = valueDeserializer;
    this.handler = handler;
  }

  @Override
  @SuppressWarnings("unchecked") // a handler of a supertype takes records of the subtype
  public void handle(ConsumerRecord<byte[], byte[]> record) throws Exception {
    ConsumerRecord<K, V> typed =
        new ConsumerRecord<>(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestampMs(),
            read(keyDeserializer, record.topic(), record.key()),
            read(valueDeserializer, record.topic(), record.value()),
            record.headers());
    ((RecordHandler<K, V>) handler).handle(typed);
  }

  /** The deserializer gets its own copy: the dead letter has the bytes as they were stored. */
  private static <T> T read(Deserializer<? extends T> deserializer, String topic, byte[] data) {
    if (data == null) {
      return null;
    }
    try {
      return deserializer.deserialize(topic, data.clone());
    } catch (RuntimeException e) {
      throw new RecordRejectedException("the record cannot be deserialised: " + e, e);
    }
  }
}
