package io.tailrace.client.processor;

import io.tailrace.client.TopicPartition;
import java.util.ArrayDeque;

/**
 * The records of one assignment of a partition, in the order of their offsets, and how far they are
 * settled. A partition that comes back after it was lost has another one. Changed by its {@link
 * RecordSchedule} only.
 */
final class PartitionWork {
  final TopicPartition name;

  /** Those from the first that is not settled on. */
  private final ArrayDeque<Task> tasks = new ArrayDeque<>();

  private int unsettled;
  private long unsettledBytes;
  private long nextOffset = -1;

  /** Whether no more attempts begin. */
  boolean stopped;

  /** Whether the partition is not this consumer's any more: nothing is committed. */
  boolean dropped;

  PartitionWork(TopicPartition name) {
    this.name = name;
  }

  void add(Task task) {
    tasks.addLast(task);
    unsettled++;
    unsettledBytes += Task.bytes(task.record());
    nextOffset = task.offset + 1;
  }

  void settle(Task task) {
    unsettled--;
    unsettledBytes -= Task.bytes(task.record());
    task.settle();
    while (!tasks.isEmpty() && tasks.peekFirst().state == Task.State.SETTLED) {
      tasks.removeFirst();
    }
  }

  /** All before this offset is settled; -1 before the first record. */
  long settledUpTo() {
    return tasks.isEmpty() ? nextOffset : tasks.peekFirst().offset;
  }

  int unsettled() {
    return unsettled;
  }

  long unsettledBytes() {
    return unsettledBytes;
  }

  /** Records that cannot be committed yet, settled ones among them. */
  int uncommittable() {
    return tasks.size();
  }
}
