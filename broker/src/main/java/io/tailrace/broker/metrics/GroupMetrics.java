package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.group.GroupLag;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How far the groups that this broker coordinates are behind, by group and topic. There are never
 * more than so many rows: those that are least behind share one. Thread-safe.
 */
public final class GroupMetrics {
  private final int maxRows;
  private final MultiGauge records;
  private final MultiGauge seconds;

  /**
   * @param maxRows so many pairs of group and topic have a row of their own
   */
  GroupMetrics(MeterRegistry registry, int maxRows) {
    this.maxRows = maxRows;
    this.records =
        MultiGauge.builder("tailrace.group.lag.records")
            .description("Records that the group has not read")
            .register(registry);
    this.seconds =
        MultiGauge.builder("tailrace.group.lag.seconds")
            .description("Age of the oldest record that the group has not read; 0 with none")
            .register(registry);
  }

  /** Takes over what was found out. */
  public synchronized void update(List<GroupLag> lags) {
    List<GroupLag> rows = rows(lags);
    records.register(rows(rows, GroupLag::records), true);
    seconds.register(rows(rows, GroupLag::seconds), true);
  }

  private static List<MultiGauge.Row<?>> rows(
      List<GroupLag> lags, ToDoubleFunction<GroupLag> value) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (GroupLag lag : lags) {
      rows.add(
          MultiGauge.Row.of(
              Tags.of("group", lag.group(), "topic", lag.topic()), value.applyAsDouble(lag)));
    }
    return rows;
  }

  private List<GroupLag> rows(List<GroupLag> lags) {
    if (lags.size() <= maxRows) {
      return lags;
    }
    List<GroupLag> mostFirst = new ArrayList<>(lags);
    mostFirst.sort(
        Comparator.comparingLong(GroupLag::records)
            .reversed()
            .thenComparing(GroupLag::group)
            .thenComparing(GroupLag::topic));
    List<GroupLag> rows = new ArrayList<>(mostFirst.subList(0, maxRows));
    rows.add(
        mostFirst.subList(maxRows, mostFirst.size()).stream()
            .reduce(new GroupLag(LogMetrics.OTHERS, LogMetrics.OTHERS, 0, 0), GroupLag::plus));
    return rows;
  }
}
