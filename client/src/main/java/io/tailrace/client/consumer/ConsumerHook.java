package io.tailrace.client.consumer;

/**
 * What a group adds to a consumer. Called within the consumer's methods, on the thread that uses
 * it.
 */
interface ConsumerHook {
  /** Adds nothing. */
  ConsumerHook NONE = new ConsumerHook() {};

  /** A poll begins: the records of all earlier ones are dealt with. */
  default void onPoll() {}

  /** A waiting poll looks around. */
  default void onTurn() {}

  /** The consumer closes. */
  default void onClose(long timeoutMs) {}

  /** The consumer closes while its thread is busy elsewhere. Called on any thread. */
  default void onAbandoned() {}
}
