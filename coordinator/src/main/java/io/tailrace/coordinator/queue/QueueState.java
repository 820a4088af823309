package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What every replica knows of one queue on one partition. Changes by {@link #replay} alone. Not
 * thread-safe.
 *
 * <pre>
 *            matched
 *   (new, at or above the cursor) --Acquired--> ACQUIRED --Settled--> (settled, forgotten)
 *   (new) --Deferred--> DEFERRED --Acquired, once due--> ACQUIRED
 *   ACQUIRED --Returned, due now--> READY --Acquired--> ACQUIRED
 *   ACQUIRED --Returned, due later--> DELAYED --time--> READY
 *   ACQUIRED, READY, DELAYED --SetAside--> SET_ASIDE --AsideSettled--> (settled, forgotten)
 *   ACQUIRED, READY, DELAYED --Dropped--> (settled, forgotten)
 *   SET_ASIDE, READY, DELAYED --Forwarding--> FORWARDING --Forwarded--> (settled, forgotten)
 *   FORWARDING --ForwardUndone--> what it was before
 *   ACQUIRED, READY, DELAYED --Settled--> (settled, forgotten): an answer may come late
 *   READY, DELAYED, DEFERRED, new --Purged--> (settled, forgotten)
 * </pre>
 *
 * <p>New messages are acquired in the order of their offsets. So a cursor tells them apart: what
 * lies below it and is not held here is settled, or was never matched; what lies at or above it has
 * never been delivered, unless it was deferred: that is told by {@link DeferredSet#to}. The state
 * follows the messages that are not settled, not the span of their offsets: one message that is
 * held for long costs one entry.
 */
final class QueueState {
  private final TreeMap<Long, HeldMessage> messages = new TreeMap<>();

  /** Those that are neither held nor delayed, and the delayed ones by their due time. */
  private final TreeSet<Long> returned = new TreeSet<>();

  private final TreeMap<Long, TreeSet<Long>> delayed = new TreeMap<>();
  private final TreeSet<Long> isolated = new TreeSet<>();
  private final Map<Long, Integer> heldBy = new HashMap<>();

  /** The consumers that hold a message that is delivered alone. */
  private final Set<Long> isolatedHolders = new HashSet<>();

  private final DeferredSet deferred = new DeferredSet();
  private final AsideSet aside = new AsideSet();
  private final ForwardState forwards = new ForwardState();
  private long cursor;
  private long expired;
  private int held;
  private int delayedCount;

  long cursor() {
    return cursor;
  }

  /** Messages that were dropped because the partition does not hold them any more. */
  long expired() {
    return expired;
  }

  NavigableMap<Long, HeldMessage> messages() {
    return messages;
  }

  DeferredSet deferred() {
    return deferred;
  }

  AsideSet aside() {
    return aside;
  }

  ForwardState forwards() {
    return forwards;
  }

  int held() {
    return held;
  }

  int heldBy(long holder) {
    return heldBy.getOrDefault(holder, 0);
  }

  /** The messages of the consumer that holds the most. */
  int largestHolding() {
    return heldBy.values().stream().mapToInt(Integer::intValue).max().orElse(0);
  }

  /** Messages that are not held and that are due, also by time; see {@link #ripen}. */
  NavigableSet<Long> returned() {
    return returned;
  }

  /** Those of {@link #returned()} that are delivered alone. */
  NavigableSet<Long> isolated() {
    return isolated;
  }

  /** Whether it holds a message that is delivered alone. */
  boolean holdsIsolated(long holder) {
    return isolatedHolders.contains(holder);
  }

  int delayedCount() {
    return delayedCount;
  }

  /** When the next delayed message is due, milliseconds since 1970; -1 when none is. */
  long nextDueMs() {
    return earlier(delayed.isEmpty() ? -1 : delayed.firstKey(), deferred.nextDueMs());
  }

  /** Moves the delayed messages whose time has come to the returned ones: an index, no change. */
  void ripen(long nowMs) {
    deferred.ripen(nowMs);
    while (!delayed.isEmpty() && delayed.firstKey() <= nowMs) {
      for (long offset : delayed.pollFirstEntry().getValue()) {
        delayedCount--;
        addReturned(messages.get(offset));
      }
    }
  }

  private void addReturned(HeldMessage message) {
    if (message.isIsolated()) {
      isolated.add(message.offset);
    } else {
      returned.add(message.offset);
    }
  }

  /** The smallest offset that is not settled and was delivered; -1 when there is none. */
  long firstUnsettled() {
    long first = messages.isEmpty() ? -1 : messages.firstKey();
    return earlier(
        earlier(first, deferred.ceiling(0)), earlier(aside.ceiling(0), forwards.first()));
  }

  /** The smaller one of two numbers, where -1 is none. */
  private static long earlier(long one, long other) {
    return one < 0 || (other >= 0 && other < one) ? other : one;
  }

  /** Whether anything in the interval was delivered or set aside and is not settled. */
  boolean hasUnsettled(long from, long to) {
    Long message = messages.ceilingKey(from);
    long firstAside = aside.ceiling(from);
    long firstDeferred = deferred.ceiling(from);
    return (message != null && message < to)
        || (firstAside >= 0 && firstAside < to)
        || (firstDeferred >= 0 && firstDeferred < to)
        || forwards.hasAny(from, to);
  }

  // ---- replay ----

  void replay(QueueDelta delta) {
    if (delta instanceof QueueDelta.Acquired acquired) {
      for (long offset : acquired.offsets()) {
        acquire(acquired.holder(), offset);
      }
    } else if (delta instanceof QueueDelta.Deferred late) {
      deferred.apply(late);
      cursor = Math.max(cursor, late.cursor());
    } else if (delta instanceof QueueDelta.Settled settled) {
      for (long offset : settled.offsets()) {
        remove(offset);
      }
    } else if (delta instanceof QueueDelta.Returned back) {
      for (long offset : back.offsets()) {
        giveBack(offset, back);
      }
    } else if (delta instanceof QueueDelta.SetAside away) {
      for (long offset : away.offsets()) {
        setAside(offset, away);
      }
    } else if (delta instanceof QueueDelta.Dropped dropped) {
      for (long offset : dropped.offsets()) {
        forwards.addDropped(remove(offset) == null ? 0 : 1);
      }
    } else if (delta instanceof QueueDelta.Forwarding forwarding) {
      forward(forwarding);
    } else if (delta instanceof QueueDelta.Forwarded) {
      forwards.end();
    } else if (delta instanceof QueueDelta.ForwardUndone undone) {
      takeBack(forwards.undo(undone.targetGone()));
    } else if (delta instanceof QueueDelta.ForwardsRestored restored) {
      forwards.restore(restored);
    } else if (delta instanceof QueueDelta.AsideSettled settled) {
      for (long offset : settled.offsets()) {
        aside.remove(offset);
      }
    } else if (delta instanceof QueueDelta.Purged purged) {
      purge(purged.cursor());
    } else if (delta instanceof QueueDelta.Expired gone) {
      expire(gone);
    } else if (delta instanceof QueueDelta.Cut cut) {
      cut(cut.from());
    } else if (delta instanceof QueueDelta.Restored restored) {
      restore(restored);
    }
  }

  private void acquire(long holder, long offset) {
    HeldMessage message = messages.get(offset);
    if (message == null) {
      message = new HeldMessage(offset);
      messages.put(offset, message);
      if (!deferred.remove(offset)) {
        cursor = Math.max(cursor, offset + 1);
      }
    } else {
      unindex(message);
    }
    message.onAcquired(holder);
    index(message);
  }

  private HeldMessage remove(long offset) {
    HeldMessage message = messages.remove(offset);
    if (message != null) {
      unindex(message);
    }
    return message;
  }

  private void giveBack(long offset, QueueDelta.Returned delta) {
    HeldMessage message = messages.get(offset);
    if (message != null) {
      unindex(message);
      message.onReturned(delta);
      index(message);
    }
  }

  private void setAside(long offset, QueueDelta.SetAside away) {
    HeldMessage message = remove(offset);
    if (message != null) {
      aside.add(message.aside(away));
    }
  }

  private void forward(QueueDelta.Forwarding delta) {
    takeBack(forwards.inFlight());
    List<AsideMessage> fromAside = new ArrayList<>();
    List<MessageSnapshot> others = new ArrayList<>();
    for (long offset : delta.offsets()) {
      HeldMessage message = remove(offset);
      if (message != null) {
        message.holder = HeldMessage.NOBODY;
        message.dueMs = 0;
        others.add(message.snapshot());
      } else {
        List<AsideMessage> found = aside.from(offset, 1);
        if (aside.remove(offset)) {
          fromAside.add(found.get(0));
        }
      }
    }
    forwards.begin(
        new Forward(
            delta.target(),
            delta.redrive(),
            delta.routingKey(),
            delta.epoch(),
            delta.firstSequence(),
            fromAside,
            others));
  }

  private void takeBack(Forward forward) {
    if (forward != null) {
      forward.aside().forEach(aside::add);
      forward.messages().forEach(this::put);
    }
  }

  private void put(MessageSnapshot snapshot) {
    HeldMessage message = HeldMessage.of(snapshot);
    messages.put(message.offset, message);
    index(message);
  }

  private void purge(long newCursor) {
    List<Long> gone = new ArrayList<>();
    for (HeldMessage message : messages.values()) {
      if (!message.isHeld()) {
        gone.add(message.offset);
      }
    }
    gone.forEach(this::remove);
    deferred.clear(newCursor);
    cursor = Math.max(cursor, newCursor);
  }

  private void expire(QueueDelta.Expired gone) {
    while (!messages.isEmpty() && messages.firstKey() < gone.below()) {
      remove(messages.firstKey());
    }
    aside.removeBelow(gone.below());
    deferred.removeBelow(gone.below());
    cursor = Math.max(cursor, gone.below());
    expired += gone.count();
  }

  /** Whether anything is known of records at or above an offset. */
  boolean reachesBeyond(long offset) {
    return cursor > offset || deferred.to() > offset || hasUnsettled(offset, Long.MAX_VALUE);
  }

  private void cut(long from) {
    while (!messages.isEmpty() && messages.lastKey() >= from) {
      remove(messages.lastKey());
    }
    aside.removeFrom(from);
    deferred.removeFrom(from);
    forwards.removeFrom(from);
    cursor = Math.min(cursor, from);
  }

  private void restore(QueueDelta.Restored restored) {
    cursor = Math.max(cursor, restored.cursor());
    expired = Math.max(expired, restored.expired());
    restored.messages().forEach(this::put);
    restored.aside().forEach(aside::add);
  }

  private void index(HeldMessage message) {
    if (message.isHeld()) {
      held++;
      heldBy.merge(message.holder, 1, Integer::sum);
      if (message.isIsolated()) {
        isolatedHolders.add(message.holder);
      }
    } else if (message.dueMs > 0) {
      delayed.computeIfAbsent(message.dueMs, due -> new TreeSet<>()).add(message.offset);
      delayedCount++;
    } else {
      addReturned(message);
    }
  }

  private void unindex(HeldMessage message) {
    if (message.isHeld()) {
      held--;
      heldBy.merge(message.holder, -1, (a, b) -> a + b == 0 ? null : a + b);
      if (message.isIsolated()) {
        isolatedHolders.remove(message.holder);
      }
    } else if (!returned.remove(message.offset) && !isolated.remove(message.offset)) {
      TreeSet<Long> due = delayed.get(message.dueMs);
      due.remove(message.offset);
      if (due.isEmpty()) {
        delayed.remove(message.dueMs);
      }
      delayedCount--;
    }
  }

  /** The deltas that make this state out of an empty one. */
  List<QueueDelta> snapshot(int chunk) {
    List<QueueDelta> deltas = new ArrayList<>();
    List<MessageSnapshot> held = new ArrayList<>();
    for (HeldMessage message : messages.values()) {
      held.add(message.snapshot());
      if (held.size() == chunk) {
        deltas.add(new QueueDelta.Restored(cursor, expired, List.copyOf(held), List.of()));
        held.clear();
      }
    }
    List<AsideMessage> away = new ArrayList<>();
    aside.forEach(
        message -> {
          away.add(message);
          if (away.size() == chunk) {
            deltas.add(new QueueDelta.Restored(cursor, expired, List.of(), List.copyOf(away)));
            away.clear();
          }
        });
    deltas.add(new QueueDelta.Restored(cursor, expired, List.copyOf(held), List.copyOf(away)));
    deltas.addAll(deferred.snapshot(cursor, chunk));
    QueueDelta.ForwardsRestored sent = forwards.snapshot();
    if (sent != null) {
      deltas.add(sent);
    }
    return deltas;
  }
}
