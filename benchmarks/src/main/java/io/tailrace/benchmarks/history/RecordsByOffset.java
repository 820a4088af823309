package io.tailrace.benchmarks.history;

import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Values of records, by partition and offset. Confined to one thread. */
final class RecordsByOffset {
  private final Map<String, NavigableMap<Long, String>> partitions = new HashMap<>();

  /** Adds a record; returns the value that was known for its offset, or null. */
  String put(Operation record) {
    return partitions
        .computeIfAbsent(record.partition(), partition -> new TreeMap<>())
        .putIfAbsent(record.offset(), record.value());
  }

  /** The value at an offset, or null. */
  String get(String partition, long offset) {
    return of(partition).get(offset);
  }

  /** The values of a partition. */
  NavigableMap<Long, String> of(String partition) {
    return partitions.getOrDefault(partition, new TreeMap<>());
  }

  /** Visits each partition in turn. */
  void forEach(BiConsumer<String, NavigableMap<Long, String>> visitor) {
    partitions.forEach(visitor);
  }

  /** {@code topic-0@17}. */
  static String place(String partition, long offset) {
    return partition + "@" + offset;
  }
}
