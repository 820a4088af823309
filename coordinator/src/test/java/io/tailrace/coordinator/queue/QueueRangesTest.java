package io.tailrace.coordinator.queue;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class QueueRangesTest {
  private static final QueueSettings SETTINGS =
      new QueueSettings(3, 500, 2, 2_000, 5_000, DeadLetters.OWN_QUEUE, QueueLimits.NONE);
  private static final QueueBounds BOUNDS = new QueueBounds(1_000, 100, 150);
  private static final long A = 1;

  private QueueRanges queue = new QueueRanges(SETTINGS, BOUNDS);
  private final List<QueueDelta> log = new ArrayList<>();
  private long now = 1_000_000;

  private void apply(List<? extends QueueDelta> deltas) {
    for (QueueDelta each : deltas) {
      log.add(each);
      queue.apply(each, now);
    }
  }

  private List<LockToken> receive(long holder, int max) {
    QueueRanges.Offer offer = queue.offer(holder, max, now, now);
    QueueDelivery delivery = queue.delivery(offer.generation());
    QueueDelta.Acquired acquired = delivery.acquire(holder, offer.offsets());
    if (acquired == null) {
      return List.of();
    }
    apply(QueueRanges.inRange(offer.generation(), List.of(acquired)));
    queue.onDelivered(holder, offer.generation());
    List<LockToken> tokens = new ArrayList<>();
    for (long offset : acquired.offsets()) {
      tokens.add(new LockToken(offset, delivery.delivery(offset), holder, offer.generation()));
    }
    return tokens;
  }

  /** Returns whether it counted. */
  private boolean answer(Answer.Kind kind, LockToken token) {
    QueueDelivery.Answered answered =
        queue.answer(List.of(new Answer(token, kind, -1, "")), now, now);
    apply(answered.deltas());
    return answered.lost().isEmpty();
  }

  private int replay(long from, long to) {
    QueueDelta.RangeStarted started = queue.start(RangeSpec.Kind.REPLAY, from, to, List.of(), 7);
    apply(List.of(started));
    scan();
    return started.range().generation();
  }

  /** Every record of a range matches. */
  private void scan() {
    for (QueueRange range : queue.ranges()) {
      range.delivery().onMatched(range.scanned(), range.spec().to());
      range.onScanned(range.spec().to());
    }
  }

  private void failOver(long highWatermark) {
    queue = new QueueRanges(SETTINGS, BOUNDS);
    log.forEach(delta -> queue.apply(delta, 0));
    queue.lead(now);
    queue.tail().onMatched(queue.tail().cursor(), highWatermark);
    scan();
  }

  private static long[] offsets(List<LockToken> tokens) {
    return tokens.stream().mapToLong(LockToken::offset).toArray();
  }

  @Test
  void replaysWhatWasSettledAndLeavesWhatIsHeldToItsHolder() {
    queue.tail().onMatched(0, 3);
    List<LockToken> first = receive(A, 3);
    assertTrue(answer(Answer.Kind.ACK, first.get(0)));
    int generation = replay(0, 3);

    List<LockToken> again = receive(2, 10);
    assertArrayEquals(new long[] {0, 1, 2}, offsets(again));
    assertEquals(generation, again.get(0).generation());
    assertTrue(answer(Answer.Kind.ACK, first.get(0)), "it was settled before");
    assertTrue(answer(Answer.Kind.ACK, first.get(1)), "the first holder has it still");
    assertTrue(answer(Answer.Kind.RENEW, again.get(1)), "no answer of before touches it");
    again.forEach(each -> assertTrue(answer(Answer.Kind.ACK, each)));
    apply(queue.settle(10));
    assertTrue(queue.ranges().isEmpty());
    assertTrue(answer(Answer.Kind.ACK, again.get(0)), "a repeated one, of a range that is over");
    assertFalse(answer(Answer.Kind.NACK, again.get(0)));
    assertEquals(1, queue.counts(now).inFlight());
  }

  @Test
  void keepsHalfOfTheCreditForMessagesInTheirTurn() {
    queue.tail().onMatched(0, 20);
    receive(9, 20).forEach(each -> answer(Answer.Kind.ACK, each));
    replay(0, 20);
    queue.tail().onMatched(20, 40);

    List<LockToken> replayed = receive(A, 10);
    assertEquals(5, replayed.size());
    List<LockToken> live = receive(A, 5);
    assertArrayEquals(new long[] {20, 21, 22, 23, 24}, offsets(live));
    replayed.forEach(each -> answer(Answer.Kind.ACK, each));
    assertEquals(5, receive(A, 5).size());
    live.forEach(each -> answer(Answer.Kind.ACK, each));
    assertArrayEquals(new long[] {25, 26, 27, 28, 29}, offsets(receive(A, 5)));
  }

  @Test
  void takesTurnsWhereAConsumerHoldsOneMessage() {
    queue.tail().onMatched(0, 2);
    receive(9, 2).forEach(each -> answer(Answer.Kind.ACK, each));
    replay(0, 2);
    queue.tail().onMatched(2, 4);

    List<Integer> generations = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      List<LockToken> one = receive(A, 1);
      generations.add(one.get(0).generation());
      answer(Answer.Kind.ACK, one.get(0));
    }
    assertEquals(List.of(1, 0, 1, 0), generations);
  }

  @Test
  void usesTheWholeCreditWhenNothingElseComes() {
    queue.tail().onMatched(0, 10);
    receive(9, 10).forEach(each -> answer(Answer.Kind.ACK, each));
    now += 10_000;
    replay(0, 10);

    assertEquals(10, receive(A, 10).size());
  }

  @Test
  void aReplayedMessageThatDiesGoesWhereTheOthersGo() {
    queue.tail().onMatched(0, 2);
    List<LockToken> first = receive(A, 2);
    answer(Answer.Kind.ACK, first.get(0));
    replay(0, 2);
    List<LockToken> again = receive(2, 2);
    again.forEach(each -> answer(Answer.Kind.REJECT, each));
    assertEquals(2, queue.counts(now).setAside());

    apply(queue.settle(10));
    assertEquals(1, queue.tail().aside(0, 10).size(), "the other one is held in its turn still");
    failOver(2);
    answer(Answer.Kind.ACK, first.get(1));
    apply(queue.settle(10));
    apply(queue.settle(10));
    assertEquals(2, queue.tail().aside(0, 10).size());
    assertTrue(queue.ranges().isEmpty());
    assertEquals(2, queue.counts(now).setAside());
  }

  @Test
  void aCancelledReplayIsOverAtOnce() {
    queue.tail().onMatched(0, 4);
    receive(A, 4).forEach(each -> answer(Answer.Kind.ACK, each));
    replay(0, 4);
    List<LockToken> held = receive(A, 2);

    apply(queue.cancel());
    assertEquals(0, queue.counts(now).ready());
    assertEquals(0, queue.counts(now).inFlight());
    assertTrue(answer(Answer.Kind.ACK, held.get(0)));
    assertFalse(answer(Answer.Kind.RENEW, held.get(1)));
    assertEquals(2, replay(0, 4), "a generation is never used again");
  }

  @Test
  void takesNoMoreRangesThanItCanServe() {
    for (int i = 0; i < QueueRanges.MAX_RANGES; i++) {
      replay(0, 1);
    }
    assertNull(queue.start(RangeSpec.Kind.REPLAY, 0, 1, List.of(), 1));
  }

  /** Replays, failovers and answers in an order from a seed. */
  @Test
  void everyReplayDeliversEachMessageOnceMore() {
    for (long seed = 0; seed < 100; seed++) {
      try {
        new Life(new SplittableRandom(seed)).live();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static final class Life {
    private final QueueRangesTest test = new QueueRangesTest();
    private final SplittableRandom random;
    private final List<LockToken> held = new ArrayList<>();
    private final Map<Integer, RangeSpec> started = new HashMap<>();

    /** Acknowledged messages, by the generation. */
    private final Map<Integer, Set<Long>> settled = new HashMap<>();

    private long end;

    Life(SplittableRandom random) {
      this.random = random;
    }

    void live() {
      for (int i = 0; i < 300; i++) {
        step();
      }
      for (int round = 0; round < 1_000 && !isIdle(); round++) {
        test.now += 1_000;
        test.apply(test.queue.onTick(test.now, test.now));
        receive(4, 20);
        held.forEach(this::ack);
        held.clear();
        test.apply(test.queue.settle(5));
      }
      assertEquals(new QueueCounts(0, 0, 0, 0, 0, -1, Set.of()), test.queue.counts(test.now));
      assertTrue(test.queue.ranges().isEmpty());
      assertEquals((int) end, settled.getOrDefault(0, Set.of()).size());
      started.forEach(
          (generation, range) ->
              assertEquals(
                  range.to() - range.from(), settled.get(generation).size(), "of " + range));
    }

    private boolean isIdle() {
      QueueCounts counts = test.queue.counts(test.now);
      return counts.ready() + counts.inFlight() + counts.delayed() == 0
          && test.queue.ranges().isEmpty();
    }

    private void step() {
      switch (random.nextInt(10)) {
        case 0, 1 -> {
          test.queue.tail().onMatched(end, end + 3);
          end += 3;
        }
        case 2, 3, 4 -> receive(1 + random.nextInt(3), 1 + random.nextInt(6));
        case 5, 6 -> {
          if (!held.isEmpty()) {
            ack(held.remove(random.nextInt(held.size())));
          }
        }
        case 7 -> {
          long to = test.queue.tail().cursor();
          if (to > 0 && random.nextInt(3) == 0) {
            long from = random.nextLong(to);
            QueueDelta.RangeStarted range =
                test.queue.start(RangeSpec.Kind.REPLAY, from, to, List.of(), 1);
            if (range != null) {
              test.apply(List.of(range));
              test.scan();
              started.put(range.range().generation(), range.range());
            }
          }
        }
        case 8 -> {
          test.apply(test.queue.settle(5));
          if (random.nextInt(3) == 0) { // a message is taken from a consumer that holds it
            held.removeIf(token -> random.nextBoolean());
            test.apply(test.queue.release(1 + random.nextInt(3), test.now));
          }
        }
        default -> {
          if (random.nextBoolean()) {
            List<QueueDelta> snapshot = test.queue.snapshot(1 + random.nextInt(4));
            test.log.clear();
            test.log.addAll(snapshot);
          }
          test.failOver(end);
        }
      }
    }

    private void receive(long holder, int max) {
      for (LockToken each : test.receive(holder, max)) {
        assertFalse(
            settled.getOrDefault(each.generation(), Set.of()).contains(each.offset()),
            () -> each + " was acknowledged");
        held.add(each);
      }
    }

    private void ack(LockToken token) {
      if (test.answer(Answer.Kind.ACK, token)) {
        settled.computeIfAbsent(token.generation(), each -> new HashSet<>()).add(token.offset());
      }
    }
  }
}
