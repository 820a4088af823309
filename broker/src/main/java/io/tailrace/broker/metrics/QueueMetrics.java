package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.delivery.QueueReport;
import java.util.Comparator;
import java.util.List;

/**
 * What queues hold on the partitions that this broker leads. There are never more than so many
 * rows: the queues with the fewest messages share one. Thread-safe.
 */
public final class QueueMetrics {
  private final GaugeTable<QueueReport> table;
  private long nowMs;

  /**
   * @param maxQueues so many queues have a row of their own
   */
  QueueMetrics(MeterRegistry registry, int maxQueues) {
    table =
        new GaugeTable<>(
            registry,
            "tailrace.queue.",
            row -> Tags.of("queue", row.queue()),
            new GaugeTable.Limit<>(
                maxQueues,
                Comparator.comparingLong(QueueReport::unsettled)
                    .reversed()
                    .thenComparing(QueueReport::queue),
                QueueReport.none(GaugeTable.OTHERS),
                QueueReport::plus));
    table.add("ready", "Messages that may be delivered now", QueueReport::ready);
    table.add("in.flight", "Messages that consumers hold", QueueReport::inFlight);
    table.add("delayed", "Messages that are not due yet", QueueReport::delayed);
    table.add(
        "set.aside", "Messages that were rejected or failed too often", QueueReport::setAside);
    table.add(
        "expired",
        "Messages that were dropped because an exchange did not keep them any longer",
        QueueReport::expired);
    table.add(
        "replay.left",
        "Offsets that replays and back-fills have before them",
        QueueReport::replayLeft);
    table.add(
        "oldest.unsettled.seconds",
        "Age of the oldest message that is not settled; 0 when there is none",
        report -> report.oldestMs() == 0 ? 0 : Math.max(0, nowMs - report.oldestMs()) / 1e3);
  }

  /**
   * Takes over what the queues hold.
   *
   * @param atMs milliseconds since 1970
   */
  public synchronized void update(List<QueueReport> queues, long atMs) {
    nowMs = atMs;
    table.update(queues);
  }
}
