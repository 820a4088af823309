package io.tailrace.client.processor;

import io.tailrace.client.ProcessingOrder;
import io.tailrace.client.processor.RecordSchedule.Bounds;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * A processor's settings, checked; {@link io.tailrace.client.RecordProcessorBuilder} says what each
 * means.
 *
 * @param topics those that are processed, without their retry topics
 */
public record ProcessorConfig(
    String group,
    Set<String> topics,
    ProcessingOrder order,
    RetryPolicy retries,
    int concurrency,
    long commitIntervalMs,
    long drainTimeoutMs) {
  public static final int POLL_RECORDS = 500;
  public static final long POLL_BYTES = 8L * 1024 * 1024;

  private static final int UNSETTLED_RECORDS = 1_000;
  private static final long UNSETTLED_BYTES = 8L * 1024 * 1024;
  private static final int UNCOMMITTABLE_RECORDS = 20_000;

  /** Copies the topics. */
  public ProcessorConfig {
    topics = Set.copyOf(topics);
  }

  /** The topics and their retry topics. */
  public Collection<String> subscription() {
    Set<String> all = new TreeSet<>(topics);
    topics.forEach(topic -> all.add(retryTopic(topic)));
    return all;
  }

  private String retryTopic(String topic) {
    return topic + "." + group + ".retry";
  }

  String deadLetterTopic(String source) {
    return source + "." + group + ".dlq";
  }

  /** The topic that a record comes from in the first place: of a retry topic the one behind it. */
  String sourceOf(String topic) {
    return topics.contains(topic)
        ? topic
        : topics.stream().filter(each -> retryTopic(each).equals(topic)).findAny().orElse(topic);
  }

  Bounds bounds() {
    return new Bounds(concurrency, UNSETTLED_RECORDS, UNSETTLED_BYTES, UNCOMMITTABLE_RECORDS);
  }
}
