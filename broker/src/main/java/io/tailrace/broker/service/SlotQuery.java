package io.tailrace.broker.service;

/**
 * Names a partition of a fetch session, or gives it another offset.
 *
 * @param slot the client's number for it within the session
 */
public record SlotQuery(int slot, FetchQuery query) {

  /** Whether both name one log. */
  boolean isSameLog(SlotQuery other) {
    return query.topic().equals(other.query.topic())
        && query.partition() == other.query.partition()
        && query.log() == other.query.log();
  }
}
