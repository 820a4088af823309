package io.tailrace.client;

import io.tailrace.protocol.record.StoredRecord;

/**
 * Decides what happens to a record that cannot be deserialised. Runs on the consumer's thread, in
 * {@link Consumer#poll}.
 */
@FunctionalInterface
public interface BadRecordHandler {

  /**
   * Called with the record as it was stored. When this returns, the record counts as consumed; when
   * it throws, the poll throws the same and the position stays at the record.
   *
   * @param partition where the record is
   * @param record its bytes, offset, timestamp and headers
   * @param cause what the deserializer threw
   */
  void onBadRecord(TopicPartition partition, StoredRecord record, Exception cause);

  /**
   * Throws a {@link RecordDeserializationException}: what a consumer does unless told otherwise.
   */
  static BadRecordHandler fail() {
    return (partition, record, cause) -> {
      throw new RecordDeserializationException(partition, record.offset(), cause);
    };
  }

  /** Goes on with the next record; says so in the log. */
  static BadRecordHandler skip() {
    return (partition, record, cause) ->
        org.slf4j.LoggerFactory.getLogger(BadRecordHandler.class)
            .warn("skipped record {}@{}: {}", partition, record.offset(), cause.toString());
  }
}
