package io.tailrace.client;

/**
 * Turns bytes into keys or values. Called by the thread that polls.
 *
 * @param <T> the type of the objects
 */
@FunctionalInterface
public interface Deserializer<T> {

  /**
   * Turns bytes into an object.
   *
   * @param topic where they come from
   * @param data never null: null is handed over as null without asking the deserializer; belongs to
   *     the deserializer
   * @throws RuntimeException when that cannot be; {@link ConsumerBuilder#onBadRecord} decides then
   */
  T deserialize(String topic, byte[] data);
}
