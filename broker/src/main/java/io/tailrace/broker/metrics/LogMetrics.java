package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.partition.TopicLogs;
import java.util.Comparator;
import java.util.List;

/**
 * What logs hold, for each topic. There are never more than so many rows, however many topics there
 * are: the smallest topics share one, and adding all rows gives the broker's total. Thread-safe.
 */
public final class LogMetrics {
  private final GaugeTable<TopicLogs> table;

  /**
   * @param maxTopics so many topics have a row of their own
   */
  LogMetrics(MeterRegistry registry, int maxTopics) {
    table =
        new GaugeTable<>(
            registry,
            "tailrace.topic.log.",
            row -> Tags.of("topic", row.topic()),
            new GaugeTable.Limit<>(
                maxTopics,
                Comparator.comparingLong(TopicLogs::sizeInBytes)
                    .reversed()
                    .thenComparing(TopicLogs::topic),
                TopicLogs.none(GaugeTable.OTHERS),
                TopicLogs::plus));
    table.add("partitions", "Partitions with a replica here", TopicLogs::partitions);
    table.add(
        "partitions.unknown",
        "Partitions whose log has not been inspected yet; other numbers leave them out",
        TopicLogs::unknown);
    table.add(
        "partitions.open",
        "Partitions whose log a request has opened since the start",
        TopicLogs::open);
    table.add("size.bytes", "Bytes of all record batches", TopicLogs::sizeInBytes);
    table.add("segments", "Segments that hold record batches", TopicLogs::segments);
    table.add(
        "start.offsets", "Log start offsets, all partitions together", TopicLogs::startOffsets);
    table.add("end.offsets", "Log end offsets, all partitions together", TopicLogs::endOffsets);
  }

  /** Takes over the current contents of the logs. */
  public void update(List<TopicLogs> topics) {
    table.update(topics);
  }
}
