package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;

/** A record on its way through a {@link RecordSchedule}, which alone changes it. */
final class Task {

  /**
   *
   *
   * <pre>
   * QUEUED → HANDLING → SETTLED
   *             ↓ ↑
   *         BACKING_OFF (failed, attempts left)
   * HANDLING → TO_BURY (attempts used up, or rejected) → BURYING → SETTLED
   *                         ↑_______________________________↓ (the dead letter was not written)
   * </pre>
   */
  enum State {
    QUEUED,
    HANDLING,
    BACKING_OFF,
    TO_BURY,
    BURYING,
    SETTLED
  }

  final PartitionWork partition;
  final Lane lane;
  final long offset;
  State state = State.QUEUED;
  int failures;
  boolean rejected;

  /** When the first attempt failed, milliseconds since 1970; meaningful with failures. */
  long firstFailureMs;

  /** What the last attempt threw; null without failures. */
  Throwable lastError;

  /** Dead letters of this record that could not be written, in a row. */
  int burialFailures;

  /** When it goes on, while it backs off or its dead letter does; monotonic milliseconds. */
  long dueMs;

  /** Null once it is settled, so that a record that waits for others before it takes no memory. */
  private ConsumerRecord<byte[], byte[]> record;

  Task(PartitionWork partition, Lane lane, ConsumerRecord<byte[], byte[]> record) {
    this.partition = partition;
    this.lane = lane;
    this.record = record;
    this.offset = record.offset();
  }

  ConsumerRecord<byte[], byte[]> record() {
    return record;
  }

  void settle() {
    state = State.SETTLED;
    record = null;
  }

  static long bytes(ConsumerRecord<byte[], byte[]> record) {
    long bytes = record.key() == null ? 0 : record.key().length;
    return bytes + (record.value() == null ? 0 : record.value().length);
  }
}
