package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;

/**
 * One queue on one partition: decides which consumer gets which message and what answers change.
 * Every method that decides returns deltas and changes nothing; {@link #apply} changes the state,
 * in the leader as in every other replica. Time and offsets come from outside. Not thread-safe.
 *
 * <p>What only a leader has is not replayed: the new messages (they follow from the data and the
 * bindings), the ends of locks (a new leader grants each one full period), and which consumers have
 * lost their connection.
 */
public final class QueueDelivery {
  private static final long[] NONE = {};

  /** How long a consumer may be without a connection before its messages are taken from it. */
  private static final long CONNECTION_GRACE_MS = 1_000;

  private QueueSettings settings;
  private final QueueBounds bounds;
  private final QueueState state = new QueueState();
  private final OffsetIntervals fresh = new OffsetIntervals();
  private final QueueForwarding forwarding;

  /** The held messages, the one whose lock ends first at the front. */
  private final LinkedHashMap<Long, HeldMessage> locks = new LinkedHashMap<>();

  /** Consumers without a connection, and since when, on the monotonic clock. */
  private final Map<Long, Long> lostSinceMs = new HashMap<>();

  /** A consumer that gets nothing until it holds nothing, since a message is delivered alone. */
  private long draining = HeldMessage.NOBODY;

  public QueueDelivery(QueueSettings settings, QueueBounds bounds) {
    this.settings = settings;
    this.bounds = bounds;
    this.forwarding = new QueueForwarding(state, fresh, bounds);
  }

  // ---- what every replica does ----

  /**
   * Takes over a change.
   *
   * @param monotonicMs when, for the locks that begin
   */
  public void apply(QueueDelta delta, long monotonicMs) {
    state.replay(delta);
    if (delta instanceof QueueDelta.Acquired acquired) {
      for (long offset : acquired.offsets()) {
        lock(state.messages().get(offset), monotonicMs);
      }
    } else if (delta instanceof QueueDelta.Settled settled) {
      unlock(settled.offsets());
    } else if (delta instanceof QueueDelta.Returned back) {
      unlock(back.offsets());
    } else if (delta instanceof QueueDelta.SetAside away) {
      unlock(away.offsets());
    } else if (delta instanceof QueueDelta.Dropped dropped) {
      unlock(dropped.offsets());
    } else if (delta instanceof QueueDelta.Forwarding away) {
      unlock(away.offsets());
    } else if (delta instanceof QueueDelta.Cut cut) {
      locks.keySet().removeIf(offset -> offset >= cut.from());
    } else if (delta instanceof QueueDelta.Expired gone) {
      locks.keySet().removeIf(offset -> offset < gone.below());
    }
    fresh.removeBelow(state.cursor());
  }

  private void lock(HeldMessage message, long monotonicMs) {
    message.inherited = false;
    message.lockEndMs = monotonicMs + settings.lockMs();
    locks.remove(message.offset);
    locks.put(message.offset, message);
  }

  private void unlock(long[] offsets) {
    for (long offset : offsets) {
      locks.remove(offset);
    }
  }

  /** The deltas that bring an empty queue to this state, with at most so many messages in each. */
  public List<QueueDelta> snapshot(int chunk) {
    return state.snapshot(chunk);
  }

  /** Takes over how the queue treats its messages; locks that run stay as they are. */
  public void configure(QueueSettings changed) {
    settings = changed;
  }

  // ---- leading ----

  /**
   * Begins to lead: the caller will tell what matches from {@link #cursor()} on, and each lock gets
   * one full period. A lock that ends under which nothing was heard since is no failure of the
   * message: the consumer may never have got it, or its answer died with the earlier leader.
   */
  public void lead(long monotonicMs) {
    fresh.clear();
    locks.clear();
    state.deferred().rebuild();
    lostSinceMs.clear();
    draining = HeldMessage.NOBODY;
    for (HeldMessage message : state.messages().values()) {
      if (message.isHeld()) {
        lock(message, monotonicMs);
        message.inherited = true;
      }
    }
  }

  /**
   * Whether anything is known of records at or above an offset, be it only that they are settled.
   */
  public boolean reachesBeyond(long offset) {
    return state.reachesBeyond(offset);
  }

  /** Everything at or above it has never been delivered. */
  public long cursor() {
    return state.cursor();
  }

  /**
   * New messages: all offsets of an interval match. Told in order, without gaps in time: what lies
   * below and was not told does not match.
   */
  public void onMatched(long from, long to) {
    fresh.add(Math.max(from, state.cursor()), to);
  }

  /**
   * New messages that their publishers have put off; told along with those of {@link #onMatched},
   * after all that lie before them.
   *
   * @param offsets ascending
   * @param dueMs when each may be delivered, milliseconds since 1970
   * @return null when all of them are known
   */
  public QueueDelta.Deferred defer(long[] offsets, long[] dueMs) {
    int known = 0;
    while (known < offsets.length && offsets[known] < state.deferred().to()) {
      known++;
    }
    if (known == offsets.length) {
      return null;
    }
    long to = offsets[offsets.length - 1] + 1;
    return new QueueDelta.Deferred(
        fresh.count() == 0 ? Math.max(state.cursor(), to) : state.cursor(),
        to,
        Arrays.copyOfRange(offsets, known, offsets.length),
        Arrays.copyOfRange(dueMs, known, dueMs.length));
  }

  /** How many more messages may be put off. */
  public long deferralRoom() {
    return bounds.maxDeferred() - state.deferred().size();
  }

  /** Whether a message was put off before, by its offset: it needs no room again. */
  public boolean wasDeferred(long offset) {
    return offset < state.deferred().to();
  }

  /** Forgets the new messages: the log is read again from {@link #cursor()} on. */
  public void forgetMatched() {
    fresh.clear();
  }

  /** How many new messages are known. */
  public long freshCount() {
    return fresh.count();
  }

  /** In how many pieces the known new messages lie: what they cost in memory. */
  public int freshIntervals() {
    return fresh.intervals();
  }

  /** Whether a delivery could be made to a consumer now. */
  public boolean hasReady(long wallMs) {
    state.ripen(wallMs);
    return !state.returned().isEmpty()
        || !state.isolated().isEmpty()
        || (hasNew() && state.messages().size() < bounds.maxOpen());
  }

  private boolean hasNew() {
    return fresh.count() > 0 || !state.deferred().ripe().isEmpty();
  }

  /**
   * What a consumer would get now: messages that were given back first, then those that were put
   * off and are due, then new ones. A message that was delivered twice without an answer is offered
   * alone, to a consumer that holds nothing: if it kills its consumer it takes no other message
   * along.
   *
   * @return offsets, ascending; none when nothing is ready for it
   */
  public long[] offer(long holder, int max, long wallMs) {
    state.ripen(wallMs);
    int holds = state.heldBy(holder);
    if (state.holdsIsolated(holder)) {
      return NONE;
    }
    if (!state.isolated().isEmpty()) {
      if (holds == 0) {
        return max > 0 ? new long[] {state.isolated().first()} : NONE;
      }
      if (state.heldBy(draining) == 0) {
        draining = holder;
      }
      if (draining == holder) {
        return NONE;
      }
    }
    int room = Math.min(max, bounds.maxHeld() - holds);
    if (room <= 0) {
      return NONE;
    }
    int again = Math.min(room, state.returned().size());
    int open = Math.max(0, bounds.maxOpen() - state.messages().size());
    int due = Math.min(Math.min(room - again, state.deferred().ripe().size()), open);
    int anew = (int) Math.min(Math.min(room - again - due, fresh.count()), open - due);
    long[] offsets = new long[again + due + anew];
    int at = copy(state.returned(), again, offsets, 0);
    at = copy(state.deferred().ripe(), due, offsets, at);
    fresh.copyTo(offsets, at, anew);
    if (due > 0) {
      Arrays.sort(offsets);
    }
    return offsets;
  }

  private static int copy(NavigableSet<Long> from, int count, long[] to, int at) {
    Iterator<Long> next = from.iterator();
    for (int i = 0; i < count; i++) {
      to[at + i] = next.next();
    }
    return at + count;
  }

  /**
   * Delivers what was offered, as far as it can still be had.
   *
   * @param offsets ascending; a part of what {@link #offer} gave, where new ones are left out only
   *     at the end
   * @return null when none can be had
   */
  public QueueDelta.Acquired acquire(long holder, long[] offsets) {
    long[] taken = new long[offsets.length];
    int count = 0;
    long[] anew = new long[offsets.length];
    int known = fresh.copyTo(anew, 0, anew.length);
    int next = 0;
    for (long offset : offsets) {
      boolean again = state.returned().contains(offset) || state.deferred().ripe().contains(offset);
      boolean alone =
          offsets.length == 1 && state.heldBy(holder) == 0 && state.isolated().contains(offset);
      if (again || alone) {
        taken[count++] = offset;
      } else if (next < known && anew[next] == offset) {
        taken[count++] = offset;
        next++;
      }
    }
    return count == 0 ? null : new QueueDelta.Acquired(holder, Arrays.copyOf(taken, count));
  }

  /** Which delivery of a message that is held this is, from 1. */
  public int delivery(long offset) {
    return state.messages().get(offset).deliveries;
  }

  /** How often the delivery of a message that is held has failed before. */
  public int failures(long offset) {
    return state.messages().get(offset).failures;
  }

  /**
   * The outcome of answers.
   *
   * @param deltas what follows from them
   * @param lost which of them, by their place, came too late: another consumer holds the message or
   *     it was set aside
   */
  public record Answered(List<QueueDelta> deltas, List<Integer> lost) {}

  /** When messages may be delivered again, and why: those of one kind make one delta. */
  private record Pause(long dueMs, String error) {}

  /** Why messages are delivered no more: those of one kind make one delta. */
  private record Death(AsideReason reason, String error) {}

  private static void add(Map<Death, List<Long>> dead, Death death, LockToken token) {
    dead.computeIfAbsent(death, each -> new ArrayList<>()).add(token.offset());
  }

  /**
   * Decides about answers. A late acknowledgement counts while no other consumer holds the message;
   * everything else counts only under the lock that it names. Renewals take effect at once: they
   * are no deltas.
   *
   * @param wallMs milliseconds since 1970
   */
  public Answered answer(List<Answer> answers, long wallMs, long monotonicMs) {
    List<Integer> lost = new ArrayList<>();
    List<Long> acked = new ArrayList<>();
    List<Long> released = new ArrayList<>();
    Map<Death, List<Long>> dead = new LinkedHashMap<>();
    Map<Pause, List<Long>> nacked = new LinkedHashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      LockToken token = answer.token();
      HeldMessage message = state.messages().get(token.offset());
      boolean locked =
          message != null
              && message.isHeld()
              && message.holder == token.holder()
              && message.deliveries == token.delivery();
      if (answer.kind() == Answer.Kind.ACK) {
        if (locked || (message != null && !message.isHeld())) {
          acked.add(token.offset());
        } else if (message != null || !isSettled(token.offset())) {
          lost.add(i);
        }
      } else if (!locked) {
        lost.add(i);
      } else {
        switch (answer.kind()) {
          case RELEASE -> released.add(token.offset());
          case REJECT -> add(dead, new Death(AsideReason.REJECTED, answer.error()), token);
          case RENEW -> lock(message, monotonicMs);
          default -> {
            if (message.failures + 1 >= settings.maxDeliveries()) {
              add(dead, new Death(AsideReason.DELIVERY_LIMIT, answer.error()), token);
            } else {
              long pauseMs =
                  answer.delayMs() >= 0
                      ? answer.delayMs()
                      : settings.backoffMs(message.failures + 1);
              nacked
                  .computeIfAbsent(
                      new Pause(pauseMs == 0 ? 0 : wallMs + pauseMs, answer.error()),
                      pause -> new ArrayList<>())
                  .add(token.offset());
            }
          }
        }
      }
    }
    List<QueueDelta> deltas = new ArrayList<>();
    if (!acked.isEmpty()) {
      deltas.add(new QueueDelta.Settled(array(acked)));
    }
    dead.forEach((death, offsets) -> deltas.add(dead(offsets, death, wallMs)));
    if (!released.isEmpty()) {
      deltas.add(new QueueDelta.Returned(array(released), ReturnCause.RELEASE, wallMs, 0, ""));
    }
    nacked.forEach(
        (pause, offsets) ->
            deltas.add(
                new QueueDelta.Returned(
                    array(offsets), ReturnCause.NACK, wallMs, pause.dueMs(), pause.error())));
    return new Answered(deltas, lost);
  }

  private boolean isSettled(long offset) {
    boolean wasDelivered =
        offset < state.cursor()
            || (offset < state.deferred().to() && fresh.ceiling(offset) != offset);
    return wasDelivered
        && !state.aside().contains(offset)
        && !state.deferred().contains(offset)
        && !state.forwards().contains(offset);
  }

  /** The consumer closes: what it holds is given back, and that is no failure. */
  public List<QueueDelta> release(long holder, long wallMs) {
    lostSinceMs.remove(holder);
    return giveBack(heldBy(holder), ReturnCause.RELEASE, wallMs);
  }

  /** The consumer's connection was lost; unless it comes back soon its messages have failed. */
  public void onConnectionLost(long holder, long monotonicMs) {
    if (state.heldBy(holder) > 0) {
      lostSinceMs.put(holder, monotonicMs);
    }
  }

  /** The consumer has a connection. */
  public void onConnected(long holder) {
    if (!lostSinceMs.isEmpty()) {
      lostSinceMs.remove(holder);
    }
  }

  /** What the time brings: locks that end, consumers that do not come back. */
  public List<QueueDelta> onTick(long wallMs, long monotonicMs) {
    state.ripen(wallMs);
    List<Long> ended = new ArrayList<>();
    for (HeldMessage message : locks.values()) {
      if (message.lockEndMs > monotonicMs) {
        break;
      }
      ended.add(message.offset);
    }
    List<QueueDelta> deltas = new ArrayList<>(giveBack(ended, ReturnCause.LOCK_EXPIRED, wallMs));
    List<Long> gone = new ArrayList<>();
    lostSinceMs.forEach(
        (holder, since) -> {
          if (monotonicMs - since >= CONNECTION_GRACE_MS) {
            gone.add(holder);
          }
        });
    for (long holder : gone) {
      lostSinceMs.remove(holder);
      List<Long> offsets = heldBy(holder);
      offsets.removeAll(ended);
      deltas.addAll(giveBack(offsets, ReturnCause.CONNECTION_LOST, wallMs));
    }
    return deltas;
  }

  /** In how many milliseconds {@link #onTick} is to be called; -1 = nothing will happen. */
  public long nextTickMs(long wallMs, long monotonicMs) {
    long next = Long.MAX_VALUE;
    if (state.nextDueMs() >= 0) {
      next = state.nextDueMs() - wallMs;
    }
    if (!locks.isEmpty()) {
      next = Math.min(next, locks.values().iterator().next().lockEndMs - monotonicMs);
    }
    for (long since : lostSinceMs.values()) {
      next = Math.min(next, since + CONNECTION_GRACE_MS - monotonicMs);
    }
    return next == Long.MAX_VALUE ? -1 : Math.max(0, next);
  }

  private List<Long> heldBy(long holder) {
    List<Long> offsets = new ArrayList<>();
    for (HeldMessage message : locks.values()) {
      if (message.holder == holder) {
        offsets.add(message.offset);
      }
    }
    return offsets;
  }

  /** Gives messages back; those whose locks were inherited have not failed. */
  private List<QueueDelta> giveBack(List<Long> offsets, ReturnCause cause, long wallMs) {
    List<Long> back = new ArrayList<>();
    List<Long> excused = new ArrayList<>();
    List<Long> exhausted = new ArrayList<>();
    for (long offset : offsets) {
      HeldMessage message = state.messages().get(offset);
      if (!cause.isFailure()) {
        back.add(offset);
      } else if (message.inherited) {
        excused.add(offset);
      } else {
        (message.failures + 1 >= settings.maxDeliveries() ? exhausted : back).add(offset);
      }
    }
    List<QueueDelta> deltas = new ArrayList<>();
    if (!exhausted.isEmpty()) {
      Death death = new Death(AsideReason.DELIVERY_LIMIT, cause.name());
      deltas.add(dead(exhausted, death, wallMs));
    }
    if (!back.isEmpty()) {
      deltas.add(new QueueDelta.Returned(array(back), cause, wallMs, 0, ""));
    }
    if (!excused.isEmpty()) {
      deltas.add(new QueueDelta.Returned(array(excused), ReturnCause.FAILOVER, wallMs, 0, ""));
    }
    return deltas;
  }

  private QueueDelta dead(List<Long> offsets, Death death, long wallMs) {
    return settings.deadLetters().areDropped()
        ? new QueueDelta.Dropped(array(offsets), death.reason())
        : new QueueDelta.SetAside(array(offsets), death.reason(), wallMs, death.error());
  }

  private static long[] array(List<Long> offsets) {
    return offsets.stream().mapToLong(Long::longValue).sorted().toArray();
  }

  // ---- what is not settled ----

  /**
   * Drops what is ready or delayed.
   *
   * @param highWatermark of the data: new messages below it are dropped too
   */
  public QueueDelta.Purged purge(long highWatermark) {
    return new QueueDelta.Purged(Math.max(state.cursor(), highWatermark));
  }

  /**
   * The partition's log begins later now.
   *
   * @return null when that concerns nothing here
   */
  public QueueDelta.Expired onLogStart(long logStartOffset) {
    long count = state.messages().headMap(logStartOffset).size();
    for (long at = state.aside().ceiling(0);
        at >= 0 && at < logStartOffset;
        at = state.aside().ceiling(at + 1)) {
      count++;
    }
    count += state.deferred().countBelow(logStartOffset);
    count += fresh.countBelow(logStartOffset);
    return count == 0 ? null : new QueueDelta.Expired(logStartOffset, count);
  }

  /** How many messages a consumer holds. */
  int heldCount(long holder) {
    return state.heldBy(holder);
  }

  /** Whether the next message is delivered alone. */
  boolean hasIsolated() {
    return !state.isolated().isEmpty();
  }

  /** Whether a consumer holds a message that is delivered alone. */
  boolean holdsIsolated(long holder) {
    return state.holdsIsolated(holder);
  }

  /** Whether a message is known and not settled, or may be delivered as a new one. */
  boolean knows(long offset) {
    return state.hasUnsettled(offset, offset + 1) || fresh.ceiling(offset) == offset;
  }

  /** What is forwarded to other topics. */
  public QueueForwarding forwarding() {
    return forwarding;
  }

  /** The messages that were set aside, from an offset on. */
  public List<AsideMessage> aside(long from, int max) {
    return state.aside().from(from, max);
  }

  /**
   * The first messages from an offset on that are not settled, in the order of their offsets,
   * without those on their way to another topic. Changes nothing.
   */
  public List<BrowsedMessage> browse(long from, int max) {
    return QueueContents.from(state, fresh, from, max);
  }

  /** Whether a message of the interval is not settled. */
  public boolean hasUnsettled(long from, long to) {
    long next = fresh.ceiling(from);
    return state.hasUnsettled(from, to) || (next >= 0 && next < to);
  }

  /** How many messages are in which state now. */
  public QueueCounts counts(long wallMs) {
    state.ripen(wallMs);
    long oldest = state.firstUnsettled();
    long firstFresh = fresh.first();
    long due = state.deferred().countDue(wallMs);
    return new QueueCounts(
        fresh.count() + due + state.returned().size() + state.isolated().size(),
        state.held(),
        state.delayedCount() + state.deferred().size() - due,
        state.aside().size() + state.forwards().count(),
        state.expired(),
        oldest < 0 || (firstFresh >= 0 && firstFresh < oldest) ? firstFresh : oldest,
        reached());
  }

  private Set<QueueBounds.Reached> reached() {
    Set<QueueBounds.Reached> reached = EnumSet.noneOf(QueueBounds.Reached.class);
    if (hasNew() && state.messages().size() >= bounds.maxOpen()) {
      reached.add(QueueBounds.Reached.OPEN);
    }
    if (state.largestHolding() >= bounds.maxHeld()) {
      reached.add(QueueBounds.Reached.HELD_BY_CONSUMER);
    }
    if (deferralRoom() <= 0) {
      reached.add(QueueBounds.Reached.DEFERRED);
    }
    return reached;
  }
}
