package io.tailrace.client.processor;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.DeadLetterHeaders;
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
  static final String REJECTED = "rejected";
  static final String DELIVERY_LIMIT = "delivery-limit";

  private static final int MAX_ERROR_CHARS = 1000;

  private DeadLetter() {}

  static Message<byte[], byte[]> of(Task task, String group, String deadLetterTopic) {
    ConsumerRecord<byte[], byte[]> record = task.record();
    List<RecordHeader> headers = new ArrayList<>(record.headers());
    int hops = hops(record);
    headers.removeIf(header -> header.key().equals(DeadLetterHeaders.HOPS));
    if (hops == 0) {
      add(headers, DeadLetterHeaders.REASON, task.rejected ? REJECTED : DELIVERY_LIMIT);
      add(headers, DeadLetterHeaders.GROUP, group);
      add(headers, DeadLetterHeaders.TOPIC, record.topic());
      add(headers, DeadLetterHeaders.PARTITION, record.partition());
      add(headers, DeadLetterHeaders.OFFSET, record.offset());
      add(headers, DeadLetterHeaders.TIMESTAMP, record.timestampMs());
      add(headers, DeadLetterHeaders.DELIVERY_COUNT, task.failures);
      add(headers, DeadLetterHeaders.FIRST_FAILURE_TIME, task.firstFailureMs);
      add(headers, DeadLetterHeaders.LAST_ERROR, text(task.lastError));
    }
    add(headers, DeadLetterHeaders.HOPS, hops + 1);
    return Message.of(deadLetterTopic, record.key(), record.value())
        .timestampMs(Math.max(0, record.timestampMs()))
        .headers(headers);
  }

  /** How often the record has died before. */
  static int hops(ConsumerRecord<?, ?> record) {
    RecordHeader hops = record.header(DeadLetterHeaders.HOPS);
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
