package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;

/**
 * Records that a broker has stored and cannot read any more. Says where, so that the consumer can
 * go on behind them: {@code consumer.seek(e.partition(), e.resumeOffset())}.
 */
public class CorruptRecordsException extends TailraceException {
  private static final long serialVersionUID = 1L;

  private final TopicPartition partition;
  private final long offset;
  private final long resumeOffset;

  /**
   * Makes an exception.
   *
   * @param partition where the records are
   * @param offset the first offset that cannot be read
   * @param resumeOffset the next offset that can be read; larger than {@code offset}
   * @param message what the broker says
   * @param cause may be null
   */
  public CorruptRecordsException(
      TopicPartition partition, long offset, long resumeOffset, String message, Throwable cause) {
    super(ErrorCode.CORRUPT_LOG, message, cause);
    this.partition = partition;
    this.offset = offset;
    this.resumeOffset = resumeOffset;
  }

  /** Where the records are. */
  public TopicPartition partition() {
    return partition;
  }

  /** The first offset that cannot be read. */
  public long offset() {
    return offset;
  }

  /** The next offset that can be read. */
  public long resumeOffset() {
    return resumeOffset;
  }
}
