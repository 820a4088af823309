package io.tailrace.coordinator.queue;

/**
 * A message of a queue as a reader sees it that does not take it.
 *
 * @param failures how often its delivery had failed
 */
public record BrowsedMessage(long offset, State state, int failures) {

  /** What becomes of it next. */
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
