package io.tailrace.client.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.ProcessingOrder;
import io.tailrace.client.RecordRejectedException;
import io.tailrace.client.TopicPartition;
import io.tailrace.client.processor.RecordSchedule.Bounds;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RecordScheduleTest {
  private static final TopicPartition P0 = new TopicPartition("orders", 0);
  private static final TopicPartition P1 = new TopicPartition("orders", 1);
  private static final RetryPolicy RETRIES = new RetryPolicy(3, 100, 2, 1000);

  private final RecordSchedule schedule = schedule(ProcessingOrder.KEY);

  private static RecordSchedule schedule(ProcessingOrder order) {
    return new RecordSchedule(order, RETRIES, new Bounds(4, 10, 1000, 20));
  }

  static ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset, String key) {
    return new ConsumerRecord<>(
        partition.topic(),
        partition.partition(),
        offset,
        0,
        key == null ? null : key.getBytes(StandardCharsets.UTF_8),
        new byte[] {1},
        List.of());
  }

  private void fail(Task task, long nowMs) {
    schedule.onFailed(task, new IllegalStateException("no"), nowMs, nowMs);
  }

  @Test
  void recordsOfAKeyWaitForEachOtherAndOthersDoNot() {
    schedule.add(record(P0, 0, "a"));
    schedule.add(record(P0, 1, "a"));
    schedule.add(record(P0, 2, "b"));
    schedule.add(record(P1, 0, "a"));

    Task first = schedule.nextToHandle(0);
    assertEquals(0, first.offset);
    assertEquals(2, schedule.nextToHandle(0).offset);
    assertEquals(P1, schedule.nextToHandle(0).partition.name, "a key is of its partition");
    assertNull(schedule.nextToHandle(0));

    schedule.onHandled(first);
    assertEquals(1, schedule.nextToHandle(0).offset);
  }

  @Test
  void recordsWithoutAKeyAreInNoOrder() {
    schedule.add(record(P0, 0, null));
    schedule.add(record(P0, 1, null));

    assertEquals(0, schedule.nextToHandle(0).offset);
    assertEquals(1, schedule.nextToHandle(0).offset);
  }

  @Test
  void recordsOfAPartitionWaitForEachOtherWhenThatIsTheOrder() {
    RecordSchedule byPartition = schedule(ProcessingOrder.PARTITION);
    byPartition.add(record(P0, 0, "a"));
    byPartition.add(record(P0, 1, "b"));
    byPartition.add(record(P1, 7, "b"));

    assertEquals(0, byPartition.nextToHandle(0).offset);
    assertEquals(7, byPartition.nextToHandle(0).offset);
    assertNull(byPartition.nextToHandle(0));
  }

  @Test
  void anOffsetIsCommittedOnlyWhenAllBeforeItIsSettled() {
    for (int i = 0; i < 3; i++) {
      schedule.add(record(P0, 10 + i * 5, "k" + i)); // with holes, as after compaction
    }
    assertEquals(Map.of(P0, 10L), schedule.committable());
    Task first = schedule.nextToHandle(0);
    Task second = schedule.nextToHandle(0);
    Task third = schedule.nextToHandle(0);

    schedule.onHandled(third);
    schedule.onHandled(second);
    assertEquals(Map.of(P0, 10L), schedule.committable());
    schedule.onHandled(first);
    assertEquals(Map.of(P0, 21L), schedule.committable());
  }

  @Test
  void aFailedRecordHoldsUpItsKeyOnlyAndIsTriedAgainAfterTheBackoff() {
    schedule.add(record(P0, 0, "bad"));
    schedule.add(record(P0, 1, "bad"));
    schedule.add(record(P0, 2, "good"));

    fail(schedule.nextToHandle(0), 0);
    schedule.onHandled(schedule.nextToHandle(0));
    assertNull(schedule.nextToHandle(99));
    assertEquals(100, schedule.nextDueMs());
    Task again = schedule.nextToHandle(100);
    assertEquals(0, again.offset);
    fail(again, 100);
    assertEquals(300, schedule.nextDueMs(), "twice as long");
    schedule.onHandled(schedule.nextToHandle(300));
    assertEquals(1, schedule.nextToHandle(300).offset);
    assertEquals(Map.of(P0, 1L), schedule.committable());
  }

  @Test
  void attemptsThatAreUsedUpMakeADeadLetterThatIsAcknowledgedBeforeTheCommit() {
    schedule.add(record(P0, 0, "bad"));
    schedule.add(record(P0, 1, "bad"));
    fail(schedule.nextToHandle(0), 0);
    fail(schedule.nextToHandle(100), 100);
    assertNull(schedule.nextToBury(1000));
    fail(schedule.nextToHandle(300), 300);

    Task dead = schedule.nextToBury(300);
    assertEquals(3, dead.failures);
    assertEquals(Map.of(P0, 0L), schedule.committable());
    schedule.onBurialFailed(dead, 300);
    assertNull(schedule.nextToHandle(300), "the key waits for its dead letter");
    assertEquals(dead, schedule.nextToBury(400));
    schedule.onBuried(dead);
    assertEquals(Map.of(P0, 1L), schedule.committable());
    assertEquals(1, schedule.nextToHandle(400).offset);
  }

  @Test
  void aRejectedRecordIsNotTriedAgain() {
    schedule.add(record(P0, 0, "bad"));
    schedule.onFailed(schedule.nextToHandle(0), new RecordRejectedException("no"), 0, 0);

    assertTrue(schedule.nextToBury(0).rejected);
  }

  @Test
  void nothingIsCommittedForALostPartitionAndItsKeysWaitForHandlersThatAreStillAtWork() {
    schedule.add(record(P0, 0, "a"));
    schedule.add(record(P0, 1, "a"));
    schedule.add(record(P0, 2, "b"));
    Task abandoned = schedule.nextToHandle(0);
    fail(schedule.nextToHandle(0), 0);

    schedule.drop(Set.of(P0));
    assertEquals(Map.of(), schedule.committable());
    schedule.add(record(P0, 0, "a")); // assigned again
    schedule.add(record(P0, 2, "b"));
    assertEquals(2, schedule.nextToHandle(0).offset);
    assertNull(schedule.nextToHandle(1000));
    schedule.onHandled(abandoned);
    assertEquals(Map.of(P0, 0L), schedule.committable(), "its result does not count");
    assertEquals(0, schedule.nextToHandle(1000).offset);
  }

  @Test
  void aStoppedPartitionBeginsNothingAndFinishesWhatIsUnderWay() {
    schedule.add(record(P0, 0, "a"));
    schedule.add(record(P0, 1, "b"));
    schedule.add(record(P1, 0, "a"));
    Task begun = schedule.nextToHandle(0);

    schedule.stop(Set.of(P0));
    assertTrue(schedule.underWay(Set.of(P0)));
    assertEquals(P1, schedule.nextToHandle(0).partition.name);
    assertNull(schedule.nextToHandle(0));
    schedule.onHandled(begun);
    assertFalse(schedule.underWay(Set.of(P0)));
    assertEquals(1L, schedule.committable().get(P0));
  }

  @Test
  void aPartitionIsFullWithTooManyRecordsBytesOrOffsetsThatWait() {
    for (int i = 0; i < 10; i++) {
      schedule.add(record(P0, i, "k"));
    }
    assertTrue(schedule.isFull(P0));
    for (int i = 0; i < 6; i++) {
      schedule.onHandled(schedule.nextToHandle(0));
    }
    assertFalse(schedule.isFull(P0));
    assertTrue(schedule.hasRoom(P0));

    schedule.add(new ConsumerRecord<>("orders", 1, 0, 0, new byte[1], new byte[1000], List.of()));
    assertTrue(schedule.isFull(P1));
  }
}
