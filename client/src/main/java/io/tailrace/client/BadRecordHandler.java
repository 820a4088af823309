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

  /** Throws a {@link RecordDeserializationException}: the default of a consumer. */
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

  /**
   * Writes the record to another topic, waits until that is acknowledged, at most for the
   * producer's delivery timeout, and goes on with the next record; says so in the log. Key and
   * value are written as they were stored, behind the record's own headers come these, all text:
   *
   * <ul>
   *   <li>{@code tailrace-origin-topic}, {@code tailrace-origin-partition}, {@code
   *       tailrace-origin-offset}: where the record is
   *   <li>{@code tailrace-origin-timestamp}: its timestamp, milliseconds since 1970. The dead
   *       letter has the time at which it was written, so that its topic's retention counts from
   *       then
   *   <li>{@code tailrace-error}: what the deserializer threw, at most 1000 characters
   * </ul>
   *
   * <p>When it cannot be written, the poll throws a {@link TailraceException} that names partition
   * and offset, and the next poll tries again; so a record may be written twice, but not be lost.
   * Each record is waited for by itself: the producer should not {@linkplain ProducerBuilder#linger
   * linger} for long.
   *
   * @param producer stays the caller's, who closes it after the consumer; for example {@code
   *     client.producer(Serdes.bytes(), Serdes.bytes())}
   * @param topic another than the one that is read
   */
  static BadRecordHandler deadLetter(Producer<byte[], byte[]> producer, String topic) {
    return new DeadLetterHandler(producer, topic);
  }
}
