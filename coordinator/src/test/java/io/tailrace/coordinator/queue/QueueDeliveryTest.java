package io.tailrace.coordinator.queue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class QueueDeliveryTest {
  private static final long A = 1;
  private static final long B = 2;
  private static final long LOCK_MS = QueueSettings.DEFAULTS.lockMs();

  private QueueDelivery queue =
      new QueueDelivery(QueueSettings.DEFAULTS, new QueueBounds(10, 6, 5));
  private final List<QueueDelta> log = new ArrayList<>();
  private long now = 1_000_000;

  private void apply(QueueDelta delta) {
    log.add(delta);
    queue.apply(delta, now);
  }

  private void apply(List<QueueDelta> deltas) {
    deltas.forEach(this::apply);
  }

  private long[] receive(long holder, int max) {
    QueueDelta.Acquired acquired = queue.acquire(holder, queue.offer(holder, max, now));
    if (acquired == null) {
      return new long[0];
    }
    apply(acquired);
    return acquired.offsets();
  }

  private LockToken token(long offset, long holder) {
    return new LockToken(offset, queue.delivery(offset), holder);
  }

  /** Returns whether the answer counted. */
  private boolean answer(Answer.Kind kind, LockToken token) {
    QueueDelivery.Answered answered =
        queue.answer(List.of(new Answer(token, kind, -1, "boom")), now, now);
    apply(answered.deltas());
    return answered.lost().isEmpty();
  }

  private void tickAfter(long ms) {
    now += ms;
    apply(queue.onTick(now, now));
  }

  /** Another broker leads, which knows what was logged, and matches the records anew. */
  private void failOver(long highWatermark) {
    queue = new QueueDelivery(QueueSettings.DEFAULTS, new QueueBounds(10, 6, 5));
    log.forEach(delta -> queue.apply(delta, 0));
    queue.lead(now);
    queue.onMatched(queue.cursor(), highWatermark);
  }

  @Test
  void deliversInOrderAndToOneHolderEach() {
    queue.onMatched(0, 5);

    assertArrayEquals(new long[] {0, 1}, receive(A, 2));
    assertArrayEquals(new long[] {2, 3, 4}, receive(B, 5));
    assertArrayEquals(new long[] {}, receive(A, 5));
    assertEquals(new QueueCounts(0, 5, 0, 0, 0, 0, Set.of()), queue.counts(now));
  }

  @Test
  void anAckSettlesAndARepeatedOneSucceeds() {
    queue.onMatched(0, 1);
    receive(A, 1);
    LockToken token = token(0, A);

    assertTrue(answer(Answer.Kind.ACK, token));
    assertTrue(answer(Answer.Kind.ACK, token));
    failOver(1);
    assertTrue(answer(Answer.Kind.ACK, token));
    assertArrayEquals(new long[] {}, receive(B, 1));
    assertEquals(-1, queue.counts(now).oldestUnsettled());
  }

  @Test
  void aLateAckCountsWhileNobodyElseHoldsTheMessage() {
    queue.onMatched(0, 1);
    receive(A, 1);
    LockToken late = token(0, A);
    tickAfter(LOCK_MS);
    assertEquals(1, queue.counts(now).ready());

    assertTrue(answer(Answer.Kind.ACK, late));
    assertArrayEquals(new long[] {}, receive(B, 1));
  }

  @Test
  void aLateAnswerDoesNotTouchANewerLock() {
    queue.onMatched(0, 1);
    receive(A, 1);
    LockToken late = token(0, A);
    tickAfter(LOCK_MS);
    receive(B, 1);

    for (Answer.Kind kind : Answer.Kind.values()) {
      assertFalse(answer(kind, late), kind.toString());
    }
    assertEquals(1, queue.counts(now).inFlight());
    assertTrue(answer(Answer.Kind.ACK, token(0, B)));
  }

  @Test
  void anAnswerOfTheSameHolderToAnEarlierDeliveryIsStale() {
    queue.onMatched(0, 1);
    receive(A, 1);
    LockToken first = token(0, A);
    tickAfter(LOCK_MS);
    receive(A, 1);

    assertFalse(answer(Answer.Kind.NACK, first));
    assertTrue(answer(Answer.Kind.NACK, token(0, A)));
  }

  @Test
  void failoverIsNoFailureOfWhatWasHeld() {
    queue.onMatched(0, 2);
    receive(A, 2);
    failOver(2);
    assertTrue(answer(Answer.Kind.RENEW, token(1, A)));
    tickAfter(LOCK_MS);

    assertArrayEquals(new long[] {0, 1}, receive(B, 2));
    assertEquals(0, queue.failures(0), "nothing was heard of it under this leader");
    assertEquals(1, queue.failures(1), "its consumer went on, and then fell silent");
    assertEquals(2, queue.delivery(0));
  }

  @Test
  void aConnectionThatIsLostAfterAFailoverIsNoFailureOfWhatWasNotHeardOf() {
    queue.onMatched(0, 1);
    receive(A, 1);
    failOver(1);
    queue.onConnected(A);
    queue.onConnectionLost(A, now);
    tickAfter(1_000);

    assertArrayEquals(new long[] {0}, receive(B, 1));
    assertEquals(0, queue.failures(0));
  }

  @Test
  void aRenewedLockLastsLongerAndANewLeaderGrantsOnePeriod() {
    queue.onMatched(0, 1);
    receive(A, 1);
    tickAfter(LOCK_MS - 1);
    assertTrue(answer(Answer.Kind.RENEW, token(0, A)));
    tickAfter(LOCK_MS - 1);
    assertEquals(1, queue.counts(now).inFlight());

    failOver(1);
    tickAfter(LOCK_MS - 1);
    assertEquals(1, queue.counts(now).inFlight());
    assertEquals(1, queue.nextTickMs(now, now));
    tickAfter(1);
    assertEquals(1, queue.counts(now).ready());
  }

  @Test
  void aNackedMessageRestsLongerEachTimeAndIsSetAsideAtTheLimit() {
    queue.onMatched(0, 2);
    for (long pauseMs : List.of(1_000, 2_000, 4_000, 8_000)) {
      receive(A, 1);
      assertTrue(answer(Answer.Kind.NACK, token(0, A)));
      assertEquals(1, queue.counts(now).delayed());
      assertEquals(pauseMs, queue.nextTickMs(now, now));
      failOver(2); // due times are absolute
      tickAfter(pauseMs - 1);
      assertEquals(1, queue.counts(now).delayed());
      tickAfter(1);
      assertEquals(0, queue.counts(now).delayed());
    }
    receive(A, 1);
    assertEquals(4, queue.failures(0));
    answer(Answer.Kind.NACK, token(0, A));

    assertEquals(new QueueCounts(1, 0, 0, 1, 0, 0, Set.of()), queue.counts(now));
    assertEquals(
        List.of(new AsideMessage(0, AsideReason.DELIVERY_LIMIT, 5, 1_000_000, "boom")),
        queue.aside(0, 10));
    assertArrayEquals(new long[] {1}, receive(A, 5));
  }

  @Test
  void aRejectedMessageIsSetAsideAtOnceAndAReleasedOneIsNotCounted() {
    queue.onMatched(0, 1);
    for (int i = 0; i < 10; i++) {
      receive(A, 1);
      assertTrue(answer(Answer.Kind.RELEASE, token(0, A)));
      assertEquals(1, queue.counts(now).ready());
    }
    receive(A, 1);
    assertEquals(0, queue.failures(0));
    LockToken token = token(0, A);
    assertTrue(answer(Answer.Kind.REJECT, token));

    assertEquals(new QueueCounts(0, 0, 0, 1, 0, 0, Set.of()), queue.counts(now));
    assertFalse(answer(Answer.Kind.ACK, token));
  }

  @Test
  void aConsumerThatComesBackWithinASecondKeepsItsMessages() {
    queue.onMatched(0, 2);
    receive(A, 2);
    queue.onConnectionLost(A, now);
    assertEquals(1_000, queue.nextTickMs(now, now));
    tickAfter(999);
    queue.onConnected(A);
    tickAfter(1_000);
    assertEquals(2, queue.counts(now).inFlight());

    queue.onConnectionLost(A, now);
    tickAfter(1_000);
    assertEquals(2, queue.counts(now).ready());
    receive(B, 2);
    assertEquals(1, queue.failures(0));
  }

  @Test
  void closingAndFailingOverCountNothing() {
    queue.onMatched(0, 2);
    for (int i = 0; i < 20; i++) {
      receive(A, 2);
      failOver(2);
      apply(queue.release(A, now));
    }
    receive(B, 2);
    assertEquals(0, queue.failures(0));
    assertEquals(0, queue.failures(1));
  }

  /** A message that kills whoever takes it must not spoil the others that were prefetched. */
  @Test
  void isolatesWhatWasDeliveredTwiceWithoutAnAnswer() {
    queue.onMatched(0, 4);
    for (int i = 0; i < 2; i++) {
      receive(A, 3);
      queue.onConnectionLost(A, now);
      tickAfter(1_000);
    }
    assertArrayEquals(new long[] {0}, receive(B, 6));
    assertArrayEquals(new long[] {}, receive(B, 6), "nothing beside it");
    assertTrue(answer(Answer.Kind.ACK, token(0, B)));

    // 1 is the one that kills: three more times, always alone.
    for (int i = 0; i < 3; i++) {
      assertArrayEquals(new long[] {1}, receive(A, 6));
      queue.onConnectionLost(A, now);
      tickAfter(1_000);
    }
    assertEquals(
        List.of(new AsideMessage(1, AsideReason.DELIVERY_LIMIT, 5, 1_001_000, "CONNECTION_LOST")),
        queue.aside(0, 9));
    assertArrayEquals(new long[] {2}, receive(B, 6));
    assertTrue(answer(Answer.Kind.ACK, token(2, B)));
    assertArrayEquals(new long[] {3}, receive(B, 6));
  }

  @Test
  void aBusyConsumerIsDrainedForAMessageThatIsDeliveredAlone() {
    queue.onMatched(0, 6);
    for (int i = 0; i < 2; i++) {
      receive(A, 1);
      tickAfter(LOCK_MS);
    }
    queue.onMatched(6, 9);
    assertArrayEquals(new long[] {0}, receive(B, 1));
    answer(Answer.Kind.RELEASE, token(0, B));
    QueueDelta.Acquired elsewhere = queue.acquire(B, new long[] {1, 2});
    apply(elsewhere); // B was offered these before 0 came back

    assertArrayEquals(new long[] {}, receive(B, 5));
    answer(Answer.Kind.ACK, token(1, B));
    assertArrayEquals(new long[] {}, receive(B, 5));
    answer(Answer.Kind.ACK, token(2, B));
    assertArrayEquals(new long[] {0}, receive(B, 5));
  }

  @Test
  void nacksNeverIsolate() {
    queue.onMatched(0, 3);
    for (int i = 0; i < 3; i++) {
      receive(A, 1);
      answer(Answer.Kind.NACK, token(0, A));
      now += 100_000;
    }
    assertArrayEquals(new long[] {0, 1, 2}, receive(A, 5));
  }

  @Test
  void atItsBoundOnlyNewMessagesWait() {
    queue.onMatched(0, 100);
    for (int i = 0; i < 10; i++) {
      assertEquals(1, receive(A, 1).length);
      answer(Answer.Kind.NACK, token(i, A));
    }
    assertArrayEquals(new long[] {}, receive(A, 5));
    assertTrue(queue.counts(now).reached().contains(QueueBounds.Reached.OPEN));

    now += 1_000;
    assertEquals(6, receive(A, 9).length, "what one consumer may hold");
    assertEquals(4, receive(B, 9).length);
    assertTrue(answer(Answer.Kind.ACK, token(0, A)));
    assertArrayEquals(new long[] {10}, receive(A, 9));
  }

  @Test
  void offeredMessagesThatSomebodyElseTookAreNotDeliveredAgain() {
    queue.onMatched(0, 4);
    long[] offered = queue.offer(A, 3, now);
    assertArrayEquals(new long[] {0, 1}, receive(B, 2));

    QueueDelta.Acquired acquired = queue.acquire(A, offered);
    assertArrayEquals(new long[] {2}, acquired.offsets());
    apply(acquired);
    assertNull(queue.acquire(A, offered));
  }

  private void defer(long[] offsets, long... dueMs) {
    QueueDelta.Deferred deferred = queue.defer(offsets, dueMs);
    if (deferred != null) {
      apply(deferred);
    }
  }

  @Test
  void whatIsPutOffIsDeliveredOnceItIsDueAndHoldsUpNothing() {
    queue.onMatched(0, 1);
    queue.onMatched(2, 3);
    defer(new long[] {1, 3}, now + 50, now + 10);
    assertEquals(new QueueCounts(2, 0, 2, 0, 0, 0, Set.of()), queue.counts(now));
    assertArrayEquals(new long[] {0, 2}, receive(A, 5));
    assertEquals(10, queue.nextTickMs(now, now));

    tickAfter(10);
    assertArrayEquals(new long[] {3}, receive(A, 5));
    tickAfter(39);
    assertArrayEquals(new long[] {}, receive(A, 5));
    assertFalse(queue.hasReady(now));
    tickAfter(1);
    assertTrue(queue.hasReady(now));
    assertArrayEquals(new long[] {1}, receive(A, 5));
  }

  @Test
  void whatWasPutOffAndSettledDoesNotComeBackAfterAFailover() {
    queue.onMatched(0, 1);
    defer(new long[] {1, 2}, now, now + 1_000_000);
    long[] first = queue.offer(A, 1, now);
    assertArrayEquals(new long[] {1}, first, "what is due comes before what is new");
    apply(queue.acquire(A, first));
    assertTrue(answer(Answer.Kind.ACK, token(1, A)));

    failOver(1); // tells 0 again; 1 and 2 are told as put off again
    defer(new long[] {1, 2}, now, now + 1_000_000);
    assertEquals(new QueueCounts(1, 0, 1, 0, 0, 0, Set.of()), queue.counts(now));
    assertArrayEquals(new long[] {0}, receive(A, 5));
    assertFalse(answer(Answer.Kind.ACK, new LockToken(2, 1, A)), "2 was never delivered");
  }

  @Test
  void aQueueOfMessagesThatArePutOffNeedNotBeMatchedAgainFromItsBeginning() {
    defer(new long[] {0, 5}, now + 10, now + 20);
    assertEquals(6, queue.cursor());
    queue.onMatched(6, 7);
    defer(new long[] {7}, now + 30);
    assertEquals(6, queue.cursor());
  }

  @Test
  void theBoundsNameWhatIsWaitedFor() {
    defer(new long[] {0, 1, 2, 3}, now + 10, now + 10, now + 10, now + 10);
    assertEquals(1, queue.deferralRoom());
    defer(new long[] {4}, now + 10);
    assertEquals(0, queue.deferralRoom());
    assertEquals(Set.of(QueueBounds.Reached.DEFERRED), queue.counts(now).reached());

    queue.onMatched(5, 50);
    assertEquals(6, receive(A, 50).length);
    assertTrue(queue.counts(now).reached().contains(QueueBounds.Reached.HELD_BY_CONSUMER));
    assertEquals(4, receive(B, 50).length);
    tickAfter(10);
    assertEquals(
        Set.of(
            QueueBounds.Reached.OPEN,
            QueueBounds.Reached.HELD_BY_CONSUMER,
            QueueBounds.Reached.DEFERRED),
        queue.counts(now).reached());
    assertArrayEquals(new long[] {}, receive(B, 50));
    assertTrue(answer(Answer.Kind.ACK, token(5, A)));
    assertArrayEquals(new long[] {0}, receive(B, 50));
  }

  @Test
  void purgeAndRetentionTakeWhatIsPutOff() {
    defer(new long[] {0, 1, 4}, now + 10, now + 10, now + 10);
    apply(queue.onLogStart(1));
    assertEquals(new QueueCounts(0, 0, 2, 0, 1, 1, Set.of()), queue.counts(now));
    assertTrue(queue.hasUnsettled(2, 5));
    assertFalse(queue.hasUnsettled(2, 4));
    apply(queue.purge(9));
    assertEquals(new QueueCounts(0, 0, 0, 0, 1, -1, Set.of()), queue.counts(now));
    defer(new long[] {8}, now + 10);
    assertEquals(0, queue.counts(now).delayed(), "8 was purged before it was matched");
  }

  /** Millions of messages in the extreme states must fit into a broker's memory. */
  @Test
  void aMillionMessagesThatArePutOffOrSetAsideCostLittle() {
    int million = 1_000_000;
    QueueDelivery large = new QueueDelivery(QueueSettings.DEFAULTS, QueueBounds.DEFAULTS);
    long before = usedBytes();
    for (int from = 0; from < million; from += 1_000) {
      long[] offsets = LongStream.range(from, from + 1_000).toArray();
      large.onMatched(from, from + 1_000);
      large.apply(new QueueDelta.Acquired(A, offsets), now);
      large.apply(new QueueDelta.SetAside(offsets, AsideReason.REJECTED, now, "boom"), now);
    }
    long aside = usedBytes() - before;
    assertEquals(million, large.counts(now).setAside());
    assertTrue(aside < 64 << 20, "set aside: " + aside);

    for (int from = million; from < 2 * million; from += 1_000) {
      long[] offsets = LongStream.range(from, from + 1_000).toArray();
      long[] dueMs = LongStream.range(from, from + 1_000).map(each -> now + each % 97).toArray();
      large.apply(large.defer(offsets, dueMs), now);
    }
    long deferred = usedBytes() - before - aside;
    assertEquals(million, large.counts(now).delayed() + large.counts(now).ready());
    assertTrue(deferred < 64 << 20, "put off: " + deferred);
    large.onMatched(2L * million, 2L * million + 1);
    assertEquals(20_000, large.offer(B, 100_000, now + 100).length);
  }

  private static long usedBytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @Test
  void purgeTakesWhatIsReadyOrDelayedAndNotWhatIsHeld() {
    queue.onMatched(0, 6);
    receive(A, 3);
    answer(Answer.Kind.NACK, token(0, A));
    answer(Answer.Kind.RELEASE, token(1, A));
    apply(queue.purge(6));

    assertEquals(new QueueCounts(0, 1, 0, 0, 0, 2, Set.of()), queue.counts(now));
    failOver(8);
    assertArrayEquals(new long[] {6, 7}, receive(B, 5));
  }

  @Test
  void whatThePartitionNoLongerHoldsIsDroppedAndCounted() {
    queue.onMatched(0, 8);
    receive(A, 3);
    answer(Answer.Kind.REJECT, token(0, A));
    answer(Answer.Kind.ACK, token(1, A));
    assertNull(queue.onLogStart(0));
    apply(queue.onLogStart(5));

    assertEquals(new QueueCounts(3, 0, 0, 0, 4, 5, Set.of()), queue.counts(now));
    assertArrayEquals(new long[] {5, 6, 7}, receive(B, 5));
  }

  @Test
  void knowsWhatIsUnsettledInAnInterval() {
    queue.onMatched(0, 6);
    receive(A, 4);
    answer(Answer.Kind.ACK, token(1, A));
    answer(Answer.Kind.ACK, token(2, A));

    assertTrue(queue.hasUnsettled(0, 1));
    assertFalse(queue.hasUnsettled(1, 3));
    assertTrue(queue.hasUnsettled(3, 4));
    assertTrue(queue.hasUnsettled(5, 6));
    assertFalse(queue.hasUnsettled(6, 9));
  }

  @Test
  void forgetsAllThatItKnewOfRecordsThatWereGivenUp() {
    queue.onMatched(0, 6);
    receive(A, 5);
    answer(Answer.Kind.ACK, token(1, A));
    answer(Answer.Kind.ACK, token(3, A));
    answer(Answer.Kind.REJECT, token(2, A));
    defer(new long[] {6, 7}, now + 50, now + 50);
    assertFalse(queue.reachesBeyond(8));
    assertTrue(queue.reachesBeyond(7));

    apply(new QueueDelta.Cut(2));
    assertFalse(queue.reachesBeyond(2));
    failOver(2);
    assertEquals(new QueueCounts(0, 1, 0, 0, 0, 0, Set.of()), queue.counts(now));

    queue.onMatched(2, 5);
    defer(new long[] {6}, now + 50);
    assertArrayEquals(new long[] {2, 3, 4}, receive(B, 9), "other messages, none of them settled");
    now += 60;
    assertArrayEquals(new long[] {6}, receive(B, 9));
  }
}
