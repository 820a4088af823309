package io.tailrace.client.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.ProcessingOrder;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.processor.RecordSchedule.Bounds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Runs random events from seeds: records, results, failures, rebalances. After each of them: no two
 * records that are kept in order are handled at a time or out of order, nothing unsettled is below
 * an offset that may be committed. At the end all is settled.
 */
class RecordSchedulePropertyTest {
  private static final int SEEDS = 200;
  private static final int STEPS = 400;
  private static final int PARTITIONS = 3;
  private static final int ATTEMPTS = 3;
  private static final int CONCURRENCY = 5;
  private static final long BACKOFF_MS = 50;

  private final List<Task> handling = new ArrayList<>();
  private final List<Task> burying = new ArrayList<>();

  /** By partition, the offsets that are settled for the group: committed ones and others. */
  private final Map<TopicPartition, Set<Long>> settled = new HashMap<>();

  private final Map<TopicPartition, Long> committed = new HashMap<>();
  private final Map<TopicPartition, Long> written = new HashMap<>();
  private final Map<TopicPartition, Long> position = new HashMap<>();

  private ProcessingOrder order;
  private RecordSchedule schedule;
  private SplittableRandom random;
  private String what;
  private long nowMs;

  @ParameterizedTest
  @EnumSource(ProcessingOrder.class)
  void everyRecordIsSettledInOrderWhateverHappens(ProcessingOrder order) {
    for (int seed = 0; seed < SEEDS; seed++) {
      begin(order, seed);
      for (int step = 0; step < STEPS; step++) {
        what = "seed " + seed + ", step " + step;
        step();
        check();
      }
      finish();
    }
  }

  private void begin(ProcessingOrder order, int seed) {
    this.order = order;
    random = new SplittableRandom(seed);
    schedule =
        new RecordSchedule(
            order,
            new RetryPolicy(ATTEMPTS, BACKOFF_MS, 2, 1000),
            new Bounds(CONCURRENCY, 20, 1 << 20, 40));
    nowMs = 0;
    List.of(handling, burying).forEach(List::clear);
    List.of(settled, committed, written, position).forEach(Map::clear);
    for (int i = 0; i < PARTITIONS; i++) {
      TopicPartition partition = new TopicPartition("t", i);
      settled.put(partition, new HashSet<>());
      written.put(partition, 0L);
      position.put(partition, 0L);
      committed.put(partition, 0L);
    }
  }

  private void step() {
    TopicPartition partition = new TopicPartition("t", random.nextInt(PARTITIONS));
    switch (random.nextInt(8)) {
      case 0, 1 -> receive(partition);
      case 2 -> handleNext();
      case 3, 4 -> endHandler();
      case 5 -> endBurial();
      case 6 -> nowMs += random.nextInt(80);
      default -> {
        if (random.nextInt(10) == 0) {
          rebalance(partition);
        } else {
          commit(partition);
        }
      }
    }
  }

  private void receive(TopicPartition partition) {
    if (schedule.isFull(partition)) {
      return;
    }
    long offset = position.get(partition);
    if (offset >= written.get(partition)) {
      written.put(partition, offset + 1);
    }
    position.put(partition, offset + 1);
    schedule.add(record(partition, offset));
  }

  /** The same offset has the same key each time. */
  private static ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset) {
    int key = (int) (offset * 31 + partition.partition()) % 7;
    return RecordScheduleTest.record(partition, offset, key == 0 ? null : "k" + key);
  }

  private void handleNext() {
    Task task = schedule.nextToHandle(nowMs);
    if (task != null) {
      for (Task other : handling) {
        assertTrue(!inOrder(task, other), () -> what + ": two of a key at a time");
      }
      for (Task other : burying) {
        assertTrue(
            other.partition.dropped || !inOrder(task, other), () -> what + ": before its burial");
      }
      handling.add(task);
      for (long before = 0; before < task.offset; before++) {
        ConsumerRecord<byte[], byte[]> earlier = record(task.partition.name, before);
        boolean ordered =
            order == ProcessingOrder.PARTITION
                || (earlier.key() != null && Arrays.equals(earlier.key(), task.record().key()));
        long offset = before;
        assertTrue(
            !ordered || settled.get(task.partition.name).contains(before),
            () -> what + ": " + task.offset + " before " + offset);
      }
    }
    Task dead = schedule.nextToBury(nowMs);
    if (dead != null) {
      assertEquals(ATTEMPTS, dead.failures, what);
      burying.add(dead);
    }
  }

  private boolean inOrder(Task one, Task other) {
    if (!one.partition.name.equals(other.partition.name)) {
      return false;
    }
    byte[] key = one.record().key();
    return order == ProcessingOrder.PARTITION
        || (key == null ? one.offset == other.offset : Arrays.equals(key, other.record().key()));
  }

  private void endHandler() {
    if (handling.isEmpty()) {
      return;
    }
    Task task = handling.remove(random.nextInt(handling.size()));
    if (random.nextInt(3) == 0) {
      schedule.onFailed(task, new IllegalStateException("no"), nowMs, nowMs);
    } else {
      settled.get(task.partition.name).add(task.offset);
      schedule.onHandled(task);
    }
  }

  private void endBurial() {
    if (burying.isEmpty()) {
      return;
    }
    Task task = burying.remove(random.nextInt(burying.size()));
    if (random.nextInt(3) == 0) {
      schedule.onBurialFailed(task, nowMs);
    } else {
      settled.get(task.partition.name).add(task.offset);
      schedule.onBuried(task);
    }
  }

  private void commit(TopicPartition partition) {
    Long offset = schedule.committable().get(partition);
    if (offset != null) {
      committed.merge(partition, offset, Math::max);
    }
  }

  /** The partition goes and comes back, from what was committed. */
  private void rebalance(TopicPartition partition) {
    if (random.nextBoolean()) {
      schedule.stop(Set.of(partition));
      commit(partition);
    }
    schedule.drop(Set.of(partition));
    assertTrue(!schedule.committable().containsKey(partition), what);
    position.put(partition, committed.get(partition));
  }

  private void check() {
    assertTrue(schedule.handling() <= CONCURRENCY, what);
    assertEquals(handling.size(), schedule.handling(), what);
    schedule
        .committable()
        .forEach(
            (partition, offset) -> {
              assertTrue(offset >= committed.get(partition), () -> what + ": back in " + partition);
              for (long before = 0; before < offset; before++) {
                assertTrue(
                    settled.get(partition).contains(before),
                    () -> what + ": skips in " + partition);
              }
            });
  }

  private void finish() {
    for (int turns = 0; turns < 20_000; turns++) {
      boolean done = true;
      for (TopicPartition partition : new TreeSet<>(written.keySet())) {
        if (position.get(partition) < written.get(partition)) {
          receive(partition);
        }
        commit(partition);
        done &= committed.get(partition) >= written.get(partition);
      }
      if (done) {
        return;
      }
      handleNext();
      endHandler();
      endBurial();
      nowMs += 20;
      check();
    }
    throw new AssertionError(what + ": not all is settled: " + committed + " of " + written);
  }
}
