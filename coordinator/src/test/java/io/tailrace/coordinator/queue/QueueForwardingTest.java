package io.tailrace.coordinator.queue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class QueueForwardingTest {
  private static final ForwardTarget TARGET = new ForwardTarget(new UUID(1, 2), "jobs.dlq", 0);

  private final List<QueueDelta> log = new ArrayList<>();
  private QueueDelivery queue = newQueue();
  private long now = 1_000_000;

  private static QueueDelivery newQueue() {
    return new QueueDelivery(QueueSettings.DEFAULTS, new QueueBounds(1_000, 1_000, 1_000));
  }

  private void apply(QueueDelta delta) {
    log.add(delta);
    queue.apply(delta, now);
  }

  private void failOver() {
    queue = newQueue();
    log.forEach(delta -> queue.apply(delta, 0));
    queue.lead(now);
  }

  private void reject(long from, long to) {
    queue.onMatched(from, to);
    answer(Answer.Kind.REJECT, queue.offer(7, (int) (to - from), now));
  }

  private void answer(Answer.Kind kind, long[] offsets) {
    apply(queue.acquire(7, offsets));
    List<Answer> answers = new ArrayList<>();
    for (long offset : offsets) {
      answers.add(new Answer(new LockToken(offset, queue.delivery(offset), 7), kind, -1, "boom"));
    }
    queue.answer(answers, now, now).deltas().forEach(this::apply);
  }

  @Test
  void aMessageOnItsWayIsNotDeliveredAndCountsAsSetAside() {
    reject(0, 3);

    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {0, 2}));

    assertEquals(3, queue.counts(now).setAside());
    assertEquals(0, queue.counts(now).oldestUnsettled());
    assertTrue(queue.hasUnsettled(2, 3));
    assertEquals(0, queue.offer(8, 10, now).length);
    assertArrayEquals(new long[] {0, 2}, queue.forwarding().inFlight().offsets());
    assertEquals("boom", queue.forwarding().inFlight().asideAt(2).lastError());
    LockToken late = new LockToken(2, 1, 7);
    Answer ack = new Answer(late, Answer.Kind.ACK, -1, "");
    assertEquals(List.of(0), queue.answer(List.of(ack), now, now).lost());

    apply(queue.forwarding().forwarded());
    assertEquals(1, queue.counts(now).setAside());
    assertNull(queue.forwarding().inFlight());
    assertEquals(2, queue.forwarding().nextSequence(TARGET));
  }

  @Test
  void theSameBatchIsInFlightAfterReplayAndAfterASnapshot() {
    reject(0, 3);
    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {0, 1}));
    apply(queue.forwarding().forwarded());
    apply(queue.forwarding().deadLetter(TARGET, "late", new long[] {2}));
    Forward before = queue.forwarding().inFlight();

    failOver();
    assertEquals(before, queue.forwarding().inFlight());

    List<QueueDelta> snapshot = queue.snapshot(1);
    log.clear();
    log.addAll(snapshot);
    failOver();
    assertEquals(before, queue.forwarding().inFlight());
    assertEquals(2, before.firstSequence());
    assertEquals(3, queue.forwarding().nextSequence(TARGET));
  }

  @Test
  void whatCouldNotBeAppendedWaitsAgainUnderTheSameSequence() {
    reject(0, 2);
    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {0, 1}));
    apply(queue.forwarding().undo(false));

    assertEquals(2, queue.aside(0, 10).size());
    assertEquals(0, queue.forwarding().nextSequence(TARGET));
    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {0}));
    assertEquals(0, queue.forwarding().inFlight().firstSequence());
  }

  @Test
  void aNewEpochBeginsAtSequenceZeroWithTheSameMessages() {
    reject(0, 3);
    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {0}));
    apply(queue.forwarding().forwarded());
    apply(queue.forwarding().deadLetter(TARGET, "", new long[] {1, 2}));

    apply(queue.forwarding().renumber());

    Forward forward = queue.forwarding().inFlight();
    assertEquals(1, forward.epoch());
    assertEquals(0, forward.firstSequence());
    assertArrayEquals(new long[] {1, 2}, forward.offsets());
    assertEquals(2, queue.forwarding().nextSequence(TARGET));
  }

  @Test
  void aRedriveTakesWhatNobodyHoldsAndPassesOverTheRest() {
    queue.onMatched(0, 8);
    apply(queue.acquire(7, queue.offer(7, 2, now))); // holds 0 and 1
    ForwardTarget inbox = new ForwardTarget(new UUID(3, 4), "jobs.inbox", 0);

    queue.forwarding().redrive(inbox, new long[] {1, 3, 5}, now).forEach(this::apply);

    assertArrayEquals(new long[] {3, 5}, queue.forwarding().inFlight().offsets());
    assertTrue(queue.forwarding().inFlight().redrive());
    assertEquals(2, queue.counts(now).inFlight());
    assertArrayEquals(new long[] {2, 4, 6, 7}, queue.offer(8, 10, now));
    assertEquals(0, queue.forwarding().redrive(inbox, new long[] {0}, now).size());

    apply(queue.forwarding().undo(true));
    assertArrayEquals(new long[] {2, 3, 4, 5, 6, 7}, queue.offer(8, 10, now));
  }

  @Test
  void aRedriveTakesDeadLettersThatWereSetAside() {
    reject(0, 1);
    queue.forwarding().redrive(TARGET, new long[] {0}, now).forEach(this::apply);

    assertEquals(0, queue.forwarding().inFlight().asideAt(0).offset());
    apply(queue.forwarding().forwarded());
    assertEquals(-1, queue.counts(now).oldestUnsettled());
  }

  @Test
  void aQueueWithoutDeadLettersDropsAndCountsThem() {
    queue.configure(
        new QueueSettings(
            5, 0, 1, 0, 1_000, new DeadLetters(DeadLetters.NONE, "", null), QueueLimits.NONE));
    reject(0, 2);

    assertEquals(0, queue.counts(now).setAside());
    assertEquals(2, queue.forwarding().dropped());
    failOver();
    assertEquals(2, queue.forwarding().dropped());
  }

  @Test
  void theOldestReadyMessagesExpireAndNoneThatIsHeld() {
    queue.onMatched(0, 6);
    apply(queue.acquire(7, queue.offer(7, 3, now))); // holds 0, 1 and 2
    queue
        .answer(List.of(new Answer(new LockToken(1, 1, 7), Answer.Kind.RELEASE, -1, "")), now, now)
        .deltas()
        .forEach(this::apply);
    QueueLimits limits = new QueueLimits(0, 2, 0, 0);
    assertEquals(2, queue.forwarding().excess(limits, now));

    long[] oldest = queue.forwarding().oldestReady(2, now);
    assertArrayEquals(new long[] {1, 3}, oldest);
    queue.forwarding().expire(oldest, AsideReason.MAX_LENGTH, false, now).forEach(this::apply);

    assertEquals(0, queue.forwarding().excess(limits, now));
    assertEquals(
        List.of(
            new AsideMessage(1, AsideReason.MAX_LENGTH, 0, 0, ""),
            new AsideMessage(3, AsideReason.MAX_LENGTH, 0, 0, "")),
        queue.aside(0, 9));
    assertEquals(2, queue.counts(now).inFlight());
    assertArrayEquals(new long[] {4, 5}, queue.offer(8, 10, now));
    failOver();
    assertEquals(2, queue.counts(now).setAside());
  }

  @Test
  void forwardersHaveIdsOfTheirOwn() {
    UUID one = new UUID(1, 1);
    long id = ForwarderIds.of(one, one, 0);

    assertTrue(ForwarderIds.isForwarder(id));
    assertEquals(id, ForwarderIds.of(one, one, 0));
    assertNotEquals(id, ForwarderIds.of(one, one, 1));
    assertNotEquals(id, ForwarderIds.of(one, new UUID(1, 2), 0));
    assertFalse(ForwarderIds.isForwarder(4_000_000_000L));
    assertFalse(ForwarderIds.isForwarder(-1));
  }

  /** The target's log, which appends a batch once by its producer's epoch and sequence. */
  private static final class Target {
    private final List<Long> appended = new ArrayList<>();
    private int epoch;
    private int next;

    void append(Forward forward) {
      if (forward.epoch() > epoch) {
        epoch = forward.epoch();
        next = 0;
      }
      if (forward.firstSequence() == next) {
        for (long offset : forward.offsets()) {
          appended.add(offset);
        }
        next += forward.count();
      } else if (forward.firstSequence() + forward.count() > next) {
        throw new AssertionError("sequence " + forward.firstSequence() + ", expected " + next);
      }
    }
  }

  /** A leader that dies between any two steps of forwarding, and its successors. */
  @Test
  void everyMessageIsForwardedOnceWhereverTheLeaderDies() {
    for (long seed = 0; seed < 300; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      log.clear();
      queue = newQueue();
      Target target = new Target();
      int total = 40;
      reject(0, total);
      int deaths = 0;
      while (queue.counts(now).setAside() > 0) {
        if (forwardSome(random, target) == Fate.DIED) {
          deaths++;
          if (random.nextInt(4) == 0) {
            List<QueueDelta> snapshot = queue.snapshot(1 + random.nextInt(5));
            log.clear();
            log.addAll(snapshot);
          }
          failOver();
        }
      }
      assertEquals(total, target.appended.size(), "seed " + seed + ", deaths " + deaths);
      assertEquals(total, target.appended.stream().distinct().count(), "seed " + seed);
    }
  }

  private enum Fate {
    ALIVE,
    DIED
  }

  private Fate forwardSome(SplittableRandom random, Target target) {
    QueueForwarding forwarding = queue.forwarding();
    if (forwarding.inFlight() == null) {
      long[] offsets =
          queue.aside(0, 1 + random.nextInt(6)).stream().mapToLong(AsideMessage::offset).toArray();
      QueueDelta.Forwarding delta = forwarding.deadLetter(TARGET, "", offsets);
      if (dies(random)) {
        return Fate.DIED; // the delta is not committed
      }
      apply(delta);
    }
    if (dies(random)) {
      return Fate.DIED; // committed, not appended
    }
    target.append(forwarding.inFlight());
    if (dies(random)) {
      return Fate.DIED; // appended, not settled
    }
    apply(forwarding.forwarded());
    return dies(random) ? Fate.DIED : Fate.ALIVE;
  }

  private static boolean dies(SplittableRandom random) {
    return random.nextInt(3) == 0;
  }
}
