package io.tailrace.broker.forward;

import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.protocol.record.RecordHeader;
import java.util.ArrayList;
import java.util.List;

/**
 * The headers that dead letters carry besides their own. Those of the first death stay when a
 * message dies again; only the count of its deaths grows.
 */
public final class DeadLetterHeaders {
  /** Why it is not delivered any more, as {@code AsideReason} labels it. */
  public static final String REASON = "dead-letter-reason";

  /** The name of the queue that it died in, and that queue's id. */
  public static final String QUEUE = "dead-letter-queue";

  public static final String QUEUE_ID = "dead-letter-queue-id";

  /** How often it has died. */
  public static final String HOPS = "dead-letter-hops";

  /** Where it was published, and when, milliseconds since 1970. */
  public static final String TOPIC = "dead-letter-topic";

  public static final String PARTITION = "dead-letter-partition";
  public static final String OFFSET = "dead-letter-offset";
  public static final String TIMESTAMP = "dead-letter-timestamp";

  /** How often its delivery had failed. */
  public static final String DELIVERY_COUNT = "dead-letter-delivery-count";

  /** When it failed for the first time, milliseconds since 1970; absent when it never did. */
  public static final String FIRST_FAILURE_TIME = "dead-letter-first-failure-time";

  /** What its consumer said of the last failure; absent when it said nothing. */
  public static final String LAST_ERROR = "dead-letter-last-error";

  /** Set where the record itself was gone when it was forwarded: nothing else is left of it. */
  public static final String LOST = "dead-letter-lost";

  /** How often it was sent back from a dead-letter queue. */
  public static final String REDRIVE_COUNT = "redrive-count";

  /** What routes a record in place of its key. */
  static final String ROUTING_KEY = "routing-key";

  private DeadLetterHeaders() {}

  /** The headers of a message that becomes a dead letter. */
  static List<RecordHeader> ofDead(
      ForwardSource source, AsideMessage message, long timestampMs, List<RecordHeader> own) {
    List<RecordHeader> headers = new ArrayList<>(own);
    int hops = hops(own);
    if (hops > 0) {
      set(headers, HOPS, Integer.toString(hops + 1));
      return headers;
    }
    headers.add(RecordHeader.of(REASON, message.reason().label()));
    headers.add(RecordHeader.of(QUEUE, source.queue()));
    headers.add(RecordHeader.of(QUEUE_ID, source.queueId().toString()));
    set(headers, HOPS, "1");
    headers.add(RecordHeader.of(TOPIC, source.topic()));
    headers.add(RecordHeader.of(PARTITION, Integer.toString(source.partition())));
    headers.add(RecordHeader.of(OFFSET, Long.toString(message.offset())));
    headers.add(RecordHeader.of(TIMESTAMP, Long.toString(timestampMs)));
    headers.add(RecordHeader.of(DELIVERY_COUNT, Integer.toString(message.failures())));
    if (message.firstFailureMs() > 0) {
      headers.add(RecordHeader.of(FIRST_FAILURE_TIME, Long.toString(message.firstFailureMs())));
    }
    if (!message.lastError().isEmpty()) {
      headers.add(RecordHeader.of(LAST_ERROR, message.lastError()));
    }
    return headers;
  }

  /** How often a message has died; 0 = never, or its headers do not say. */
  public static int hops(List<RecordHeader> headers) {
    return number(headers, HOPS);
  }

  /** Whether a message was sent back from a dead-letter queue. */
  public static boolean wasRedriven(List<RecordHeader> headers) {
    return number(headers, REDRIVE_COUNT) > 0;
  }

  /** The number that a header holds; 0 when there is none. */
  static int number(List<RecordHeader> headers, String key) {
    for (RecordHeader header : headers) {
      if (header.key().equals(key) && header.value() != null) {
        try {
          return Math.max(0, Integer.parseInt(header.valueAsString()));
        } catch (NumberFormatException e) {
          return 0; // a publisher wrote it
        }
      }
    }
    return 0;
  }

  /** Replaces a header, or adds it. */
  static void set(List<RecordHeader> headers, String key, String value) {
    headers.removeIf(each -> each.key().equals(key));
    headers.add(RecordHeader.of(key, value));
  }
}
