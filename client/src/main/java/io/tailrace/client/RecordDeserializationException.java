package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;

/**
 * A record whose key or value cannot be turned into an object. Says where the record stands, so
 * that the consumer can go on behind it: {@code consumer.seek(e.partition(), e.offset() + 1)}.
 */
public class RecordDeserializationException extends TailraceException {
  private static final long serialVersionUID = 1L;

  private final TopicPartition partition;
  private final long offset;

  /**
   * Makes an exception for one record.
   *
   * @param partition where the record is
   * @param offset the record's offset
   * @param cause what the deserializer threw
   */
  public RecordDeserializationException(TopicPartition partition, long offset, Throwable cause) {
    super(
        ErrorCode.SERIALIZATION,
        "record "
            + partition
            + "@"
            + offset
            + " cannot be deserialised: "
            + cause
            + "; check the deserializers, or seek behind it, or set onBadRecord on the consumer",
        cause);
    this.partition = partition;
    this.offset = offset;
  }

  /** Where the record is. */
  public TopicPartition partition() {
    return partition;
  }

  /** The record's offset. */
  public long offset() {
    return offset;
  }
}
