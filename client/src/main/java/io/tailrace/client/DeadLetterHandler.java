package io.tailrace.client;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes bad records to a topic of their own, and waits until that has acknowledged them. The
 * headers that it adds are documented at {@link BadRecordHandler#deadLetter}.
 */
final class DeadLetterHandler implements BadRecordHandler {
  static final String ORIGIN_TOPIC = "tailrace-origin-topic";
  static final String ORIGIN_PARTITION = "tailrace-origin-partition";
  static final String ORIGIN_OFFSET = "tailrace-origin-offset";
  static final String ORIGIN_TIMESTAMP = "tailrace-origin-timestamp";
  static final String ERROR = "tailrace-error";

  private static final Logger LOG = LoggerFactory.getLogger(BadRecordHandler.class);

  /** Deserializers quote what they could not read; the record itself is at hand. */
  private static final int MAX_ERROR_CHARS = 1000;

  private final Producer<byte[], byte[]> producer;
  private final String topic;

  DeadLetterHandler(Producer<byte[], byte[]> producer, String topic) {
    this.producer = Objects.requireNonNull(producer, "producer");
    this.topic = Objects.requireNonNull(topic, "topic");
  }

  @Override
  public void onBadRecord(TopicPartition partition, StoredRecord record, Exception cause) {
    if (partition.topic().equals(topic)) {
      // Each dead letter would be read again, and written again, for ever.
      throw notWritten(partition, record, ErrorCode.INVALID_CONFIG, "it was read from there", null);
    }
    Message<byte[], byte[]> letter =
        Message.of(topic, record.key(), record.value()).headers(headers(partition, record, cause));
    try {
      RecordMetadata at = producer.send(letter).get();
      LOG.warn(
          "record {}@{} is now dead letter {}: {}",
          partition,
          record.offset(),
          at,
          cause.toString());
    } catch (ExecutionException e) {
      Throwable why = e.getCause();
      ErrorCode code = why instanceof TailraceException known ? known.code() : ErrorCode.UNKNOWN;
      throw notWritten(partition, record, code, why.getMessage(), why);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw notWritten(
          partition, record, ErrorCode.INTERRUPTED, "interrupted while waiting for it", e);
    }
  }

  private static List<RecordHeader> headers(
      TopicPartition partition, StoredRecord record, Exception cause) {
    List<RecordHeader> headers = new ArrayList<>(record.headers());
    headers.add(RecordHeader.of(ORIGIN_TOPIC, partition.topic()));
    headers.add(RecordHeader.of(ORIGIN_PARTITION, Integer.toString(partition.partition())));
    headers.add(RecordHeader.of(ORIGIN_OFFSET, Long.toString(record.offset())));
    headers.add(RecordHeader.of(ORIGIN_TIMESTAMP, Long.toString(record.timestampMs())));
    String error = cause.toString();
    headers.add(
        RecordHeader.of(ERROR, error.substring(0, Math.min(MAX_ERROR_CHARS, error.length()))));
    return headers;
  }

  private TailraceException notWritten(
      TopicPartition partition, StoredRecord record, ErrorCode code, String why, Throwable cause) {
    return new TailraceException(
        code,
        "record "
            + partition
            + "@"
            + record.offset()
            + " cannot be deserialised, and not be written to topic '"
            + topic
            + "' either: "
            + why,
        cause);
  }
}
