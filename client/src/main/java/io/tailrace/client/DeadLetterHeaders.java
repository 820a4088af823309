package io.tailrace.client;

/**
 * The headers that dead letters carry besides their own; the values are text. Those of the first
 * death stay when a message dies again, but for {@link #HOPS}.
 */
public final class DeadLetterHeaders {
  /** Why it died: {@code rejected}, {@code delivery-limit}, {@code expired}, {@code max-length}. */
  public static final String REASON = "dead-letter-reason";

  /** The name of the queue that it died in. */
  public static final String QUEUE = "dead-letter-queue";

  /** The id of that queue: another queue of the same name, made later, has another one. */
  public static final String QUEUE_ID = "dead-letter-queue-id";

  /** The consumer group that could not process it, in place of a queue. */
  public static final String GROUP = "dead-letter-group";

  /** How often it has died. */
  public static final String HOPS = "dead-letter-hops";

  /** The topic that it was published to. */
  public static final String TOPIC = "dead-letter-topic";

  /** The partition that it was in. */
  public static final String PARTITION = "dead-letter-partition";

  /** Its offset there. */
  public static final String OFFSET = "dead-letter-offset";

  /** When it was published, milliseconds since 1970. */
  public static final String TIMESTAMP = "dead-letter-timestamp";

  /** How often its delivery failed. */
  public static final String DELIVERY_COUNT = "dead-letter-delivery-count";

  /** When it failed for the first time, milliseconds since 1970; absent when it never did. */
  public static final String FIRST_FAILURE_TIME = "dead-letter-first-failure-time";

  /** What its consumer said of the last failure; absent when it said nothing. */
  public static final String LAST_ERROR = "dead-letter-last-error";

  /** How often it was sent back from a dead-letter queue. */
  public static final String REDRIVE_COUNT = "redrive-count";

  private DeadLetterHeaders() {}
}
