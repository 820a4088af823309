package io.tailrace.client;

/** Which records a {@link RecordProcessor} processes one after the other. */
public enum ProcessingOrder {
  /** All records of a partition. One that fails holds up its partition until it is settled. */
  PARTITION,

  /**
   * The records of a partition that have the same key; records without a key are in no order. One
   * that fails holds up its key until it is settled.
   */
  KEY
}
