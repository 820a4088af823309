package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.delivery.QueueReport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What queues hold on the partitions that this broker leads. There are never more than so many
 * rows: the queues with the fewest messages share one. Thread-safe.
 */
public final class QueueMetrics {
  private final int maxQueues;
  private final Map<MultiGauge, ToDoubleFunction<QueueReport>> gauges = new LinkedHashMap<>();
  private long nowMs;

  /**
   * @param maxQueues so many queues have a row of their own
   */
  QueueMetrics(MeterRegistry registry, int maxQueues) {
    this.maxQueues = maxQueues;
    add(registry, "ready", "Messages that may be delivered now", QueueReport::ready);
    add(registry, "in.flight", "Messages that consumers hold", QueueReport::inFlight);
    add(registry, "delayed", "Messages that are not due yet", QueueReport::delayed);
    add(
        registry,
        "set.aside",
        "Messages that were rejected or failed too often",
        QueueReport::setAside);
    add(
        registry,
        "expired",
        "Messages that were dropped because an exchange did not keep them any longer",
        QueueReport::expired);
    add(
        registry,
        "oldest.unsettled.seconds",
        "Age of the oldest message that is not settled; 0 when there is none",
        report -> report.oldestMs() == 0 ? 0 : Math.max(0, nowMs - report.oldestMs()) / 1e3);
  }

  private void add(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<QueueReport> value) {
    gauges.put(
        MultiGauge.builder("tailrace.queue." + name).description(description).register(registry),
        value);
  }

  /**
   * Takes over what the queues hold.
   *
   * @param atMs milliseconds since 1970
   */
  public synchronized void update(List<QueueReport> queues, long atMs) {
    nowMs = atMs;
    List<QueueReport> rows = rows(queues);
    gauges.forEach(
        (gauge, value) ->
            gauge.register(
                rows.stream()
                    .map(
                        row ->
                            MultiGauge.Row.of(
                                Tags.of("queue", row.queue()), value.applyAsDouble(row)))
                    .toList(),
                true));
  }

  private List<QueueReport> rows(List<QueueReport> queues) {
    if (queues.size() <= maxQueues) {
      return queues;
    }
    List<QueueReport> fullestFirst = new ArrayList<>(queues);
    fullestFirst.sort(
        Comparator.comparingLong(QueueReport::unsettled)
            .reversed()
            .thenComparing(QueueReport::queue));
    List<QueueReport> rows = new ArrayList<>(fullestFirst.subList(0, maxQueues));
    rows.add(
        fullestFirst.subList(maxQueues, fullestFirst.size()).stream()
            .reduce(QueueReport.none(LogMetrics.OTHERS), QueueReport::plus));
    return rows;
  }
}
