package io.tailrace.benchmarks.history;

import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** All replicas of a partition hold the same batches, where both hold the offset. */
final class EqualReplicas implements HistoryCheck {
  private record Batch(long lastOffset, int epoch, String checksum) {}

  private final Map<String, Map<String, NavigableMap<Long, Batch>>> partitions = new HashMap<>();

  @Override
  public void accept(Operation operation) {
    if (operation.is(Action.DUMP)) {
      partitions
          .computeIfAbsent(operation.partition(), partition -> new TreeMap<>())
          .computeIfAbsent(operation.client(), broker -> new TreeMap<>())
          .put(
              operation.offset(),
              new Batch(operation.lastOffset(), operation.epoch(), operation.value()));
    }
  }

  @Override
  public void finish(Consumer<String> violations) {
    partitions.forEach(
        (partition, replicas) -> {
          String first = replicas.keySet().iterator().next();
          replicas.forEach(
              (broker, batches) -> {
                if (!broker.equals(first)) {
                  compare(partition, first, replicas.get(first), broker, batches, violations);
                }
              });
        });
  }

  private static void compare(
      String partition,
      String one,
      NavigableMap<Long, Batch> ones,
      String other,
      NavigableMap<Long, Batch> others,
      Consumer<String> violations) {
    long from = Math.max(ones.firstKey(), others.firstKey());
    long to =
        Math.min(
            ones.lastEntry().getValue().lastOffset(), others.lastEntry().getValue().lastOffset());
    TreeMap<Long, Batch> all = new TreeMap<>(ones.subMap(from, true, to, true));
    all.putAll(others.subMap(from, true, to, true));
    for (long offset : all.keySet()) {
      if (ones.get(offset) == null || !ones.get(offset).equals(others.get(offset))) {
        violations.accept(
            RecordsByOffset.place(partition, offset)
                + " is "
                + ones.get(offset)
                + " at "
                + one
                + " and "
                + others.get(offset)
                + " at "
                + other);
        return; // what follows would only repeat it
      }
    }
  }
}
