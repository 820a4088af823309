package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.partition.TopicLogs;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What logs hold, for each topic. There are never more than so many rows, however many topics there
 * are: the smallest topics share one, and adding all rows gives the broker's total. Thread-safe.
 */
public final class LogMetrics {
  /** The row that topics share which have none of their own; no topic can have this name. */
  static final String OTHERS = "(others)";

  private final int maxTopics;
  private final Map<MultiGauge, ToDoubleFunction<TopicLogs>> gauges = new LinkedHashMap<>();

  /**
   * @param maxTopics so many topics have a row of their own
   */
  LogMetrics(MeterRegistry registry, int maxTopics) {
    this.maxTopics = maxTopics;
    add(registry, "partitions", "Partitions with a replica here", TopicLogs::partitions);
    add(
        registry,
        "partitions.unknown",
        "Partitions whose log has not been inspected yet; other numbers leave them out",
        TopicLogs::unknown);
    add(
        registry,
        "partitions.open",
        "Partitions whose log a request has opened since the start",
        TopicLogs::open);
    add(registry, "size.bytes", "Bytes of all record batches", TopicLogs::sizeInBytes);
    add(registry, "segments", "Segments that hold record batches", TopicLogs::segments);
    add(
        registry,
        "start.offsets",
        "Log start offsets, all partitions together",
        TopicLogs::startOffsets);
    add(registry, "end.offsets", "Log end offsets, all partitions together", TopicLogs::endOffsets);
  }

  private void add(
      MeterRegistry registry, String name, String description, ToDoubleFunction<TopicLogs> value) {
    gauges.put(
        MultiGauge.builder("tailrace.topic.log." + name)
            .description(description)
            .register(registry),
        value);
  }

  /** Takes over the current contents of the logs. */
  public synchronized void update(List<TopicLogs> topics) {
    List<TopicLogs> rows = rows(topics);
    gauges.forEach(
        (gauge, value) ->
            gauge.register(
                rows.stream()
                    .map(
                        row ->
                            MultiGauge.Row.of(
                                Tags.of("topic", row.topic()), value.applyAsDouble(row)))
                    .toList(),
                true));
  }

  private List<TopicLogs> rows(List<TopicLogs> topics) {
    if (topics.size() <= maxTopics) {
      return topics;
    }
    List<TopicLogs> largestFirst = new ArrayList<>(topics);
    largestFirst.sort(
        Comparator.comparingLong(TopicLogs::sizeInBytes)
            .reversed()
            .thenComparing(TopicLogs::topic));
    List<TopicLogs> rows = new ArrayList<>(largestFirst.subList(0, maxTopics));
    rows.add(
        largestFirst.subList(maxTopics, largestFirst.size()).stream()
            .reduce(TopicLogs.none(OTHERS), TopicLogs::plus));
    return rows;
  }
}
