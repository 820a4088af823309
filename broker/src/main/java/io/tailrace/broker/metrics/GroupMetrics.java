package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.tailrace.broker.group.GroupLag;
import java.util.Comparator;
import java.util.List;

/**
 * How far the groups that this broker coordinates are behind, by group and topic. There are never
 * more than so many rows: those that are least behind share one. Thread-safe.
 */
public final class GroupMetrics {
  private final GaugeTable<GroupLag> table;

  /**
   * @param maxRows so many pairs of group and topic have a row of their own
   */
  GroupMetrics(MeterRegistry registry, int maxRows) {
    table =
        new GaugeTable<>(
            registry,
            "tailrace.group.lag.",
            row -> Tags.of("group", row.group(), "topic", row.topic()),
            new GaugeTable.Limit<>(
                maxRows,
                Comparator.comparingLong(GroupLag::records)
                    .reversed()
                    .thenComparing(GroupLag::group)
                    .thenComparing(GroupLag::topic),
                new GroupLag(GaugeTable.OTHERS, GaugeTable.OTHERS, 0, 0),
                GroupLag::plus));
    table.add("records", "Records that the group has not read", GroupLag::records);
    table.add(
        "seconds",
        "Age of the oldest record that the group has not read; 0 with none",
        GroupLag::seconds);
  }

  /** Takes over what was found out. */
  public void update(List<GroupLag> lags) {
    table.update(lags);
  }
}
