package io.tailrace.broker.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Gauges with one row for each of many things, such as topics. There are never more than so many
 * rows: the last things in an order share one. Thread-safe.
 */
final class GaugeTable<T> {
  /** The name in the row that things share which have none of their own; nothing is called so. */
  static final String OTHERS = "(others)";

  /**
   * Which things have rows of their own.
   *
   * @param max so many
   * @param order those that have rows of their own come first
   * @param none the shared row when nothing shares it
   */
  record Limit<T>(int max, Comparator<T> order, T none, BinaryOperator<T> plus) {

    private List<T> rows(List<T> all) {
      if (all.size() <= max) {
        return all;
      }
      List<T> ordered = new ArrayList<>(all);
      ordered.sort(order);
      List<T> rows = new ArrayList<>(ordered.subList(0, max));
      rows.add(ordered.subList(max, ordered.size()).stream().reduce(none, plus));
      return rows;
    }
  }

  private final MeterRegistry registry;
  private final String prefix;
  private final Function<T, Tags> tags;
  private final Limit<T> limit;
  private final Map<MultiGauge, ToDoubleFunction<T>> gauges = new LinkedHashMap<>();

  /**
   * @param prefix of the gauges' names
   */
  GaugeTable(MeterRegistry registry, String prefix, Function<T, Tags> tags, Limit<T> limit) {
    this.registry = registry;
    this.prefix = prefix;
    this.tags = tags;
    this.limit = limit;
  }

  /** Adds a gauge. To be called before the first {@link #update}. */
  void add(String name, String description, ToDoubleFunction<T> value) {
    gauges.put(
        MultiGauge.builder(prefix + name).description(description).register(registry), value);
  }

  /** Takes over the current things. */
  synchronized void update(List<T> all) {
    List<T> rows = limit.rows(all);
    gauges.forEach((gauge, value) -> gauge.register(rows(rows, value), true));
  }

  private List<MultiGauge.Row<?>> rows(List<T> rows, ToDoubleFunction<T> value) {
    List<MultiGauge.Row<?>> registered = new ArrayList<>(rows.size());
    rows.forEach(
        row -> registered.add(MultiGauge.Row.of(tags.apply(row), value.applyAsDouble(row))));
    return registered;
  }
}
