package io.tailrace.coordinator.replica;

/** Whether appended records may be acknowledged. */
public enum Acknowledgement {
  /** Every in-sync replica has the records, as durably as the topic asks for. */
  GIVEN,
  /** Not yet. */
  AWAITED,
  /** The leader epoch under which they were appended is over: the outcome is unknown. */
  EPOCH_ENDED,
  /** The in-sync set fell below its minimum after the append: the outcome is unknown. */
  TOO_FEW_IN_SYNC,
  /** The log failed or is closed: the outcome is unknown. */
  LOG_OFFLINE
}
