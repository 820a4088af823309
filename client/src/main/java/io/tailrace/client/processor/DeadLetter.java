package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.protocol.record.RecordHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * A record that a group could not process, as it is written to the topic of its dead letters: key,
 * value, timestamp and headers as they were, and headers that say why. A record that has been a
 * dead letter before keeps those of its first death; only the number of its deaths changes.
 */
final class DeadLetter {
  static final String REASON = "dead-letter-reason";
  static final String GROUP = "dead-letter-group";
  static final String HOPS = "dead-letter-hops";
  static final String TOPIC = "dead-letter-topic";
  static final String PARTITION = "dead-letter-partition";
  static final String OFFSET = "dead-letter-offset";
  static final String TIMESTAMP = "dead-letter-timestamp";
  static final String DELIVERY_COUNT = "dead-letter-delivery-count";
  static final String FIRST_FAILURE_TIME = "dead-letter-first-failure-time";
  static final String LAST_ERROR = "dead-letter-last-error";

  static final String REJECTED = "rejected";
  static final String DELIVERY_LIMIT = "delivery-limit";

  private static final int MAX_ERROR_CHARS = 1000;

  private DeadLetter() {}

  static Message<byte[], byte[]> of(Task task, String group, String deadLetterTopic) {
    ConsumerRecord<byte[], byte[]> record = task.record();
    List<RecordHeader> headers = new ArrayList<>(record.headers());
    int hops = hops(record);
    headers.removeIf(header -> header.key().equals(HOPS));
    if (hops == 0) {
      add(headers, REASON, task.rejected ? REJECTED : DELIVERY_LIMIT);
      add(headers, GROUP, group);
      add(headers, TOPIC, record.topic());
      add(headers, PARTITION, record.partition());
      add(headers, OFFSET, record.offset());
      add(headers, TIMESTAMP, record.timestampMs());
      add(headers, DELIVERY_COUNT, task.failures);
      add(headers, FIRST_FAILURE_TIME, task.firstFailureMs);
      add(headers, LAST_ERROR, text(task.lastError));
    }
    add(headers, HOPS, hops + 1);
    return Message.of(deadLetterTopic, record.key(), record.value())
        .timestampMs(Math.max(0, record.timestampMs()))
        .headers(headers);
  }

  /** How often the record has died before. */
  static int hops(ConsumerRecord<?, ?> record) {
    RecordHeader hops = record.header(HOPS);
    try {
      return hops == null ? 0 : Integer.parseInt(String.valueOf(hops.valueAsString()));
    } catch (NumberFormatException e) {
      return 0; // a header of the application's
    }
  }

  private static void add(List<RecordHeader> headers, String name, Object value) {
    headers.add(RecordHeader.of(name, String.valueOf(value)));
  }

  private static String text(Throwable error) {
    String text = error.toString();
    return text.substring(0, Math.min(MAX_ERROR_CHARS, text.length()));
  }
}
