package io.tailrace.client;

/**
 * A message of a queue, seen without being taken.
 *
 * @param record the message; its key and value as bytes
 * @param state what becomes of it next
 * @param failures how often its delivery had failed
 */
public record BrowsedMessage(ConsumerRecord<byte[], byte[]> record, State state, int failures) {

  /** What becomes of a message next. */
  public enum State {
    /** May be delivered now. */
    READY,
    /** A consumer has it. */
    HELD,
    /** Rests after a failure. */
    DELAYED,
    /** Is not delivered any more. */
    SET_ASIDE
  }
}
