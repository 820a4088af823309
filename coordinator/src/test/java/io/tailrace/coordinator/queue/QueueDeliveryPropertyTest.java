package io.tailrace.coordinator.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Random lives of a queue, against a model that keeps one plain entry for every message. */
class QueueDeliveryPropertyTest {
  private static final QueueSettings SETTINGS =
      new QueueSettings(3, 500, 2, 2_000, 5_000, DeadLetters.OWN_QUEUE, QueueLimits.NONE);
  private static final QueueBounds BOUNDS = new QueueBounds(25, 10, 20);
  private static final int HOLDERS = 4;

  @Test
  void agreesWithANaiveModel() {
    for (long seed = 0; seed < 150; seed++) {
      try {
        new Life(seed).live();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private enum Status {
    READY,
    HELD,
    DELAYED,
    ASIDE,
    DONE
  }

  private static final class Entry {
    private Status status = Status.READY;
    private LockToken lock;
    private long lockEndMs;
    private long dueMs;
    private int failures;
    private int deliveries;
    private boolean acked;

    /** Whether nothing was heard of its lock since the last failover. */
    private boolean inherited;

    /** When its publisher wants it delivered; 0 = at once. */
    private long deferredMs;
  }

  private static final class Life {
    private final SplittableRandom random;
    private final Map<Long, Entry> model = new TreeMap<>();
    private final List<QueueDelta> log = new ArrayList<>();
    private final List<LockToken> tokens = new ArrayList<>();
    private final Map<Long, Long> lost = new HashMap<>();
    private QueueDelivery queue = new QueueDelivery(SETTINGS, BOUNDS);
    private long end;
    private long now = 100_000;

    Life(long seed) {
      random = new SplittableRandom(seed);
    }

    void live() {
      for (int step = 0; step < 800; step++) {
        switch (random.nextInt(12)) {
          case 0, 1 -> publish();
          case 2, 3, 4 -> receive(holder(), 1 + random.nextInt(8));
          case 5, 6, 7 -> answer();
          case 8 -> passTime(random.nextInt(3_000));
          case 9 -> loseConnection();
          case 10 -> rareEvent();
          default -> comeBack();
        }
        compare();
      }
      drain();
    }

    private long holder() {
      return random.nextLong(1, HOLDERS + 1);
    }

    private void publish() {
      long from = end + random.nextInt(3); // the records between do not match
      end = from + 1 + random.nextInt(5);
      for (long offset = from; offset < end; offset++) {
        Entry entry = new Entry();
        if (random.nextInt(4) == 0 && queue.deferralRoom() > end - from) {
          entry.deferredMs = now - 500 + random.nextInt(4_000);
          entry.dueMs = entry.deferredMs;
          entry.status = Status.DELAYED;
        }
        model.put(offset, entry);
      }
      match(from);
    }

    /** Tells the queue of the new messages from an offset on. */
    private void match(long from) {
      List<Long> deferred = new ArrayList<>();
      for (long offset = from; offset < end; offset++) {
        Entry entry = model.get(offset);
        if (entry != null && entry.deferredMs > 0) {
          deferred.add(offset);
        } else if (entry != null) {
          queue.onMatched(offset, offset + 1);
        }
      }
      if (!deferred.isEmpty()) {
        QueueDelta.Deferred delta =
            queue.defer(
                deferred.stream().mapToLong(each -> each).toArray(),
                deferred.stream().mapToLong(each -> model.get(each).deferredMs).toArray());
        if (delta != null) {
          apply(delta);
        }
      }
    }

    private void apply(QueueDelta delta) {
      log.add(delta);
      queue.apply(delta, now);
    }

    private void receive(long holder, int max) {
      long[] offered = queue.offer(holder, max, now);
      assertTrue(offered.length <= max);
      QueueDelta.Acquired acquired = queue.acquire(holder, offered);
      if (acquired == null) {
        assertEquals(0, offered.length);
        return;
      }
      assertEquals(offered.length, acquired.offsets().length);
      apply(acquired);
      for (long offset : acquired.offsets()) {
        Entry entry = model.get(offset);
        ripen(entry);
        assertEquals(Status.READY, entry.status, "offset " + offset);
        assertFalse(entry.acked);
        entry.status = Status.HELD;
        entry.deliveries++;
        entry.lockEndMs = now + SETTINGS.lockMs();
        entry.inherited = false;
        entry.lock = new LockToken(offset, entry.deliveries, holder);
        assertEquals(entry.deliveries, queue.delivery(offset));
        assertEquals(entry.failures, queue.failures(offset));
        tokens.add(entry.lock);
      }
    }

    private void ripen(Entry entry) {
      if (entry.status == Status.DELAYED && entry.dueMs <= now) {
        entry.status = Status.READY;
      }
    }

    private void answer() {
      if (tokens.isEmpty()) {
        return;
      }
      List<Answer> answers = new ArrayList<>();
      List<Integer> expectedLost = new ArrayList<>();
      Map<Long, Boolean> named = new HashMap<>();
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        int recent = Math.max(0, tokens.size() - 20);
        LockToken token = tokens.get(recent + random.nextInt(tokens.size() - recent));
        if (named.put(token.offset(), true) == null) {
          answers.add(new Answer(token, kind(), -1, ""));
        }
      }
      for (int i = 0; i < answers.size(); i++) {
        if (!expect(answers.get(i))) {
          expectedLost.add(i);
        }
      }
      QueueDelivery.Answered answered = queue.answer(answers, now, now);
      answered.deltas().forEach(this::apply);
      assertEquals(expectedLost, answered.lost());
    }

    private Answer.Kind kind() {
      Answer.Kind[] kinds = Answer.Kind.values();
      return random.nextInt(3) == 0 ? kinds[random.nextInt(kinds.length)] : Answer.Kind.ACK;
    }

    /** Changes the model; returns whether the answer counts. */
    private boolean expect(Answer answer) {
      Entry entry = model.get(answer.token().offset());
      ripen(entry);
      boolean locked = entry.status == Status.HELD && entry.lock.equals(answer.token());
      if (answer.kind() == Answer.Kind.ACK) {
        if (entry.status == Status.DONE) {
          return true;
        }
        if (entry.status == Status.ASIDE || (entry.status == Status.HELD && !locked)) {
          return false;
        }
        entry.status = Status.DONE;
        entry.acked = true;
        return true;
      }
      if (locked) {
        switch (answer.kind()) {
          case RELEASE -> entry.status = Status.READY;
          case REJECT -> entry.status = Status.ASIDE;
          case RENEW -> {
            entry.lockEndMs = now + SETTINGS.lockMs();
            entry.inherited = false;
          }
          default -> {
            fail(entry);
            if (entry.status == Status.READY) {
              entry.status = Status.DELAYED;
              entry.dueMs = now + (entry.failures == 1 ? 500 : 1_000);
            }
          }
        }
      }
      return locked;
    }

    private static void fail(Entry entry) {
      entry.failures++;
      entry.status = entry.failures >= SETTINGS.maxDeliveries() ? Status.ASIDE : Status.READY;
    }

    private void passTime(long ms) {
      now += ms;
      for (Entry entry : model.values()) {
        ripen(entry);
        if (entry.status == Status.HELD
            && (entry.lockEndMs <= now
                || now - lost.getOrDefault(entry.lock.holder(), now) >= 1_000)) {
          if (entry.inherited) {
            entry.status = Status.READY; // failover is no failure
          } else {
            fail(entry);
          }
        }
      }
      lost.values().removeIf(since -> now - since >= 1_000);
      queue.onTick(now, now).forEach(this::apply);
      long next = queue.nextTickMs(now, now);
      assertTrue(next != 0, "everything that was due has happened");
    }

    private void loseConnection() {
      long holder = holder();
      queue.onConnectionLost(holder, now);
      if (model.values().stream()
          .anyMatch(e -> e.status == Status.HELD && e.lock.holder() == holder)) {
        lost.put(holder, now);
      }
    }

    private void comeBack() {
      long holder = holder();
      queue.onConnected(holder);
      lost.remove(holder);
    }

    private void rareEvent() {
      switch (random.nextInt(5)) {
        case 0 -> release(holder());
        case 1 -> {
          if (random.nextInt(5) == 0) {
            apply(queue.purge(end));
            for (Entry entry : model.values()) {
              if (entry.status == Status.READY || entry.status == Status.DELAYED) {
                entry.status = Status.DONE;
              }
            }
          }
        }
        case 2 -> failOver(log);
        case 3 -> {
          List<QueueDelta> snapshot = queue.snapshot(1 + random.nextInt(7));
          log.clear();
          log.addAll(snapshot);
          failOver(log);
        }
        default -> {
          if (random.nextInt(8) == 0) {
            expire(random.nextInt(1 + (int) end / 4));
          }
        }
      }
    }

    private void release(long holder) {
      queue.release(holder, now).forEach(this::apply);
      lost.remove(holder);
      for (Entry entry : model.values()) {
        if (entry.status == Status.HELD && entry.lock.holder() == holder) {
          entry.status = Status.READY;
        }
      }
    }

    private void failOver(List<QueueDelta> deltas) {
      queue = new QueueDelivery(SETTINGS, BOUNDS);
      deltas.forEach(delta -> queue.apply(delta, 0));
      queue.lead(now);
      lost.clear();
      match(queue.cursor());
      for (Entry entry : model.values()) {
        if (entry.status == Status.HELD) {
          entry.lockEndMs = now + SETTINGS.lockMs();
          entry.inherited = true;
        }
      }
    }

    private void expire(long below) {
      long count = 0;
      for (Map.Entry<Long, Entry> each : model.entrySet()) {
        if (each.getKey() < below && each.getValue().status != Status.DONE) {
          each.getValue().status = Status.DONE;
          count++;
        }
      }
      QueueDelta.Expired gone = queue.onLogStart(below);
      assertEquals(count, gone == null ? 0 : gone.count());
      if (gone != null) {
        apply(gone);
      }
    }

    private void compare() {
      model.values().forEach(this::ripen);
      QueueCounts counts = queue.counts(now);
      assertEquals(count(Status.READY), counts.ready(), "ready");
      assertEquals(count(Status.HELD), counts.inFlight(), "in flight");
      assertEquals(count(Status.DELAYED), counts.delayed(), "delayed");
      assertEquals(count(Status.ASIDE), counts.setAside(), "set aside");
      long oldest =
          model.entrySet().stream()
              .filter(each -> each.getValue().status != Status.DONE)
              .mapToLong(Map.Entry::getKey)
              .findFirst()
              .orElse(-1);
      assertEquals(oldest, counts.oldestUnsettled(), "oldest");
    }

    private long count(Status status) {
      return model.values().stream().filter(entry -> entry.status == status).count();
    }

    /** Everything is delivered at last, and nothing that was acknowledged. */
    private void drain() {
      for (int round = 0;
          round < 10_000 && count(Status.DONE) + count(Status.ASIDE) < model.size();
          round++) {
        for (long holder = 1; holder <= HOLDERS; holder++) {
          release(holder);
        }
        receive(1, 10);
        for (Entry entry : model.values()) {
          if (entry.status == Status.HELD) {
            Answer ack = new Answer(entry.lock, Answer.Kind.ACK, -1, "");
            assertTrue(expect(ack));
            queue.answer(List.of(ack), now, now).deltas().forEach(this::apply);
          }
        }
        passTime(100);
        compare();
      }
      assertEquals(model.size(), count(Status.DONE) + count(Status.ASIDE));
    }
  }
}
