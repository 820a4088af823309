package io.tailrace.client;

/**
 * Turns keys or values into bytes. Thread-safe: a producer calls it from every thread that sends.
 *
 * @param <T> the type of the objects
 */
@FunctionalInterface
public interface Serializer<T> {

  /**
   * Turns an object into bytes. The array must not be changed afterwards.
   *
   * @param topic where it goes
   * @param data never null: null is sent as null without asking the serializer
   * @throws RuntimeException when that cannot be; the send fails with {@code SERIALIZATION}
   */
  byte[] serialize(String topic, T data);
}
