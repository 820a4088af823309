package io.tailrace.client.consumer;

import io.tailrace.client.ConsumerRecord;
import java.util.ArrayList;
import java.util.List;

/** The records that one poll gathers, within its bounds. Confined to the thread that polls. */
final class PolledRecords<K, V> {
  private static final int FIRST_CAPACITY = 16;

  private final int maxRecords;
  private final long maxBytes;
  private final List<ConsumerRecord<K, V>> records;
  private long bytes;

  PolledRecords(ConsumerConfig config) {
    this.maxRecords = config.maxPollRecords();
    this.maxBytes = config.maxPollBytes();
    this.records = new ArrayList<>(Math.min(maxRecords, FIRST_CAPACITY));
  }

  List<ConsumerRecord<K, V>> list() {
    return records;
  }

  /** Whether no further record may be read. */
  boolean full() {
    return records.size() >= maxRecords || bytes >= maxBytes;
  }

  /**
   * Whether a record of this size goes beyond the bytes of one poll; the first one never does, so
   * that each poll makes progress.
   */
  boolean exceededBy(long recordBytes) {
    return bytes > 0 && bytes + recordBytes > maxBytes;
  }

  /** Counts a record that was read, whether or not it is handed out. */
  void count(long recordBytes) {
    bytes += recordBytes;
  }

  void add(ConsumerRecord<K, V> record) {
    records.add(record);
  }
}
