package io.tailrace.client.processor;

import io.tailrace.client.TopicPartition;
import java.util.ArrayDeque;

/**
 * Records that are processed one after the other: those of a partition, or of one of its keys. It
 * outlives the partition's assignment as long as one of its records is under way, so that the next
 * assignment's records wait for that. Changed by its {@link RecordSchedule} only.
 */
final class Lane {

  /**
   * What a lane is known by.
   *
   * @param key the record key's bytes, an offset for a record without a key, null when the whole
   *     partition is one lane
   */
  record Name(TopicPartition partition, Object key) {}

  final Name name;
  final ArrayDeque<Task> queue = new ArrayDeque<>();

  /** The one that is under way or waits for its next attempt; null when there is none. */
  Task current;

  Lane(Name name) {
    this.name = name;
  }
}
