package io.tailrace.client;

/** What a consumer does when its position is no longer, or not yet, in the partition. */
public enum OutOfRangePolicy {
  /** {@link Consumer#poll} throws; the application decides and seeks. */
  FAIL,
  /** Goes on with the oldest record that is there. */
  EARLIEST,
  /** Continues with records that are written from now on. */
  LATEST
}
