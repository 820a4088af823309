package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * One queue on one partition: the tail, whose messages come in their turn, and a few ranges of
 * older messages that are replayed or filled in meanwhile. Decides as {@link QueueDelivery} does;
 * only {@link #apply} changes what replicas agree on. Not thread-safe.
 *
 * <p>Each range is a generation with a delivery state of its own: an answer counts for the
 * generation that it names, and what a consumer holds of one is not touched by the others. Messages
 * of ranges that die are handed to the tail, which forwards them.
 */
public final class QueueRanges {
  /** The generation of messages that come in their turn. */
  public static final int TAIL = 0;

  /** So many ranges may run besides the tail. */
  public static final int MAX_RANGES = 15;

  /** Messages in their turn were seen so recently: half of each consumer's credit is theirs. */
  private static final long LIVE_MS = 10_000;

  private static final long[] NONE = {};

  private QueueSettings settings;
  private final QueueBounds bounds;
  private final QueueDelivery tail;
  private final NavigableMap<Integer, QueueRange> ranges = new TreeMap<>();
  private int lastGeneration;
  private long expired;
  private long dropped;

  /** When a message could be delivered in its turn, monotonic; for the leader. */
  private long lastLiveMs = -LIVE_MS;

  /** Consumers whose last delivery was of a range; for the leader. */
  private final Set<Long> servedByRange = new HashSet<>();

  /** The range that delivered last; for the leader. */
  private int lastServed;

  public QueueRanges(QueueSettings settings, QueueBounds bounds) {
    this.settings = settings;
    this.bounds = bounds;
    this.tail = new QueueDelivery(settings, bounds);
  }

  /** The messages that come in their turn. */
  public QueueDelivery tail() {
    return tail;
  }

  /** What runs besides, in the order in which it began. */
  public Collection<QueueRange> ranges() {
    return ranges.values();
  }

  /** The messages of a generation; null when that is over. */
  public QueueDelivery delivery(int generation) {
    if (generation == TAIL) {
      return tail;
    }
    QueueRange range = ranges.get(generation);
    return range == null ? null : range.delivery();
  }

  // ---- what every replica does ----

  /**
   * Takes over a change.
   *
   * @param monotonicMs when, for the locks that begin
   */
  public void apply(QueueDelta delta, long monotonicMs) {
    if (delta instanceof QueueDelta.InRange inner) {
      QueueDelivery delivery = delivery(inner.generation());
      if (delivery != null) {
        delivery.apply(inner.delta(), monotonicMs);
      }
    } else if (delta instanceof QueueDelta.RangeStarted started) {
      RangeSpec spec = started.range();
      ranges.put(spec.generation(), new QueueRange(spec, settings, boundsOfRanges()));
      lastGeneration = Math.max(lastGeneration, spec.generation());
    } else if (delta instanceof QueueDelta.RangeEnded ended) {
      QueueRange range = ranges.remove(ended.generation());
      if (range != null) {
        expired += range.delivery().counts(0).expired();
        dropped += range.delivery().forwarding().dropped();
      }
    } else if (delta instanceof QueueDelta.RangesRestored restored) {
      lastGeneration = Math.max(lastGeneration, restored.generation());
      expired = restored.expired();
      dropped = restored.dropped();
    } else {
      tail.apply(delta, monotonicMs);
      if (delta instanceof QueueDelta.Cut cut) {
        for (QueueRange range : ranges.values()) {
          range.delivery().apply(cut, monotonicMs);
          range.cutTo(cut.from());
        }
      }
    }
  }

  /** Ranges together may have about as much open as the tail. */
  private QueueBounds boundsOfRanges() {
    return new QueueBounds(
        Math.max(1, bounds.maxOpen() / MAX_RANGES),
        bounds.maxHeld(),
        Math.max(1, bounds.maxDeferred() / MAX_RANGES));
  }

  /** The deltas that bring an empty queue to this state, with at most so many messages in each. */
  public List<QueueDelta> snapshot(int chunk) {
    List<QueueDelta> deltas = new ArrayList<>(tail.snapshot(chunk));
    if (lastGeneration > 0) {
      deltas.add(new QueueDelta.RangesRestored(lastGeneration, expired, dropped));
    }
    for (QueueRange range : ranges.values()) {
      deltas.add(new QueueDelta.RangeStarted(range.spec()));
      deltas.addAll(inRange(range.spec().generation(), range.delivery().snapshot(chunk)));
    }
    return deltas;
  }

  /** The same changes, of a generation. */
  public static List<QueueDelta> inRange(int generation, List<? extends QueueDelta> deltas) {
    List<QueueDelta> wrapped = new ArrayList<>(deltas.size());
    for (QueueDelta each : deltas) {
      wrapped.add(generation == TAIL ? each : new QueueDelta.InRange(generation, each));
    }
    return wrapped;
  }

  /** Takes over how the queue treats its messages; locks that run stay as they are. */
  public void configure(QueueSettings changed) {
    settings = changed;
    tail.configure(changed);
    ranges.values().forEach(range -> range.delivery().configure(changed));
  }

  // ---- leading ----

  /** Begins to lead: see {@link QueueDelivery#lead}. */
  public void lead(long monotonicMs) {
    tail.lead(monotonicMs);
    ranges.values().forEach(range -> range.lead(monotonicMs));
    servedByRange.clear();
    lastLiveMs = monotonicMs - LIVE_MS;
  }

  /**
   * Starts a range.
   *
   * @param keys of a back-fill
   * @return null when there are as many ranges as may be
   */
  public QueueDelta.RangeStarted start(
      RangeSpec.Kind kind, long from, long to, List<String> keys, long request) {
    return ranges.size() >= MAX_RANGES
        ? null
        : new QueueDelta.RangeStarted(
            new RangeSpec(lastGeneration + 1, kind, from, to, keys, request));
  }

  /** Ends all ranges. What consumers hold of them need not be answered any more. */
  public List<QueueDelta> cancel() {
    List<QueueDelta> deltas = new ArrayList<>();
    ranges.keySet().forEach(each -> deltas.add(new QueueDelta.RangeEnded(each, true)));
    return deltas;
  }

  /**
   * What is to be done for ranges: those that are settled end, and the tail takes over their dead
   * messages, unless it has the same message itself.
   *
   * @param max messages that are taken over at once
   */
  public List<QueueDelta> settle(int max) {
    List<QueueDelta> deltas = new ArrayList<>();
    Set<Long> taken = new HashSet<>();
    for (QueueRange range : ranges.values()) {
      List<AsideMessage> dead =
          range.delivery().aside(0, max).stream()
              .filter(each -> !tail.knows(each.offset()) && taken.add(each.offset()))
              .toList();
      int generation = range.spec().generation();
      if (!dead.isEmpty()) {
        long[] offsets = dead.stream().mapToLong(AsideMessage::offset).toArray();
        deltas.add(new QueueDelta.InRange(generation, new QueueDelta.AsideSettled(offsets)));
        deltas.add(new QueueDelta.Restored(0, 0, List.of(), dead));
      } else if (range.isDone()) {
        deltas.add(new QueueDelta.RangeEnded(generation, false));
      }
    }
    return deltas;
  }

  /**
   * What a consumer is offered.
   *
   * @param offsets ascending; all of one generation
   */
  public record Offer(int generation, long[] offsets) {}

  /**
   * What a consumer would get now. While messages come in their turn, at least half of what it may
   * hold is kept for them; where it may hold one only, they and those of ranges take turns.
   */
  public Offer offer(long holder, int max, long wallMs, long monotonicMs) {
    if (ranges.isEmpty()) {
      return new Offer(TAIL, tail.offer(holder, max, wallMs));
    }
    boolean live = tail.hasReady(wallMs);
    if (live) {
      lastLiveMs = monotonicMs;
    }
    int ofRanges = 0;
    boolean alone = tail.holdsIsolated(holder);
    for (QueueRange range : ranges.values()) {
      ofRanges += range.delivery().heldCount(holder);
      alone |= range.delivery().holdsIsolated(holder);
    }
    int holds = ofRanges + tail.heldCount(holder);
    int room = Math.min(max, bounds.maxHeld() - holds);
    if (alone || room <= 0) {
      return new Offer(TAIL, NONE);
    }
    boolean tailFirst = live && servedByRange.contains(holder);
    if (!tailFirst) {
      Offer offer = offerOfRange(holder, share(holds, ofRanges, room, monotonicMs), holds, wallMs);
      if (offer != null) {
        return offer;
      }
    }
    return new Offer(TAIL, mayOffer(tail, holder, holds) ? tail.offer(holder, room, wallMs) : NONE);
  }

  private int share(int holds, int ofRanges, int room, long monotonicMs) {
    boolean quiet = monotonicMs - lastLiveMs >= LIVE_MS;
    if (quiet || holds + room == 1) {
      return room;
    }
    return Math.min(room, (holds + room) / 2 - ofRanges);
  }

  /** The next range in turn that has something; null when none has. */
  private Offer offerOfRange(long holder, int share, int holds, long wallMs) {
    if (share <= 0) {
      return null;
    }
    List<QueueRange> inTurn = new ArrayList<>(ranges.tailMap(lastServed, false).values());
    inTurn.addAll(ranges.headMap(lastServed, true).values());
    for (QueueRange range : inTurn) {
      if (mayOffer(range.delivery(), holder, holds)) {
        long[] offsets = range.delivery().offer(holder, share, wallMs);
        if (offsets.length > 0) {
          return new Offer(range.spec().generation(), offsets);
        }
      }
    }
    return null;
  }

  /** A message that is delivered alone goes to a consumer that holds nothing of others either. */
  private static boolean mayOffer(QueueDelivery delivery, long holder, int holds) {
    return !delivery.hasIsolated() || holds == delivery.heldCount(holder);
  }

  /** A consumer got messages of a generation: others are next in turn. */
  public void onDelivered(long holder, int generation) {
    if (generation == TAIL) {
      servedByRange.remove(holder);
    } else {
      servedByRange.add(holder);
      lastServed = generation;
    }
  }

  /** Whether a consumer would get something. */
  public boolean hasReady(long holder, long wallMs, long monotonicMs) {
    return ranges.isEmpty()
        ? tail.hasReady(wallMs)
        : offer(holder, 1, wallMs, monotonicMs).offsets().length > 0;
  }

  /** Decides about answers: see {@link QueueDelivery#answer}. */
  public QueueDelivery.Answered answer(List<Answer> answers, long wallMs, long monotonicMs) {
    Map<Integer, List<Integer>> places = new LinkedHashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      places.computeIfAbsent(answers.get(i).token().generation(), each -> new ArrayList<>()).add(i);
    }
    if (places.size() == 1 && places.containsKey(TAIL)) {
      return tail.answer(answers, wallMs, monotonicMs);
    }
    List<QueueDelta> deltas = new ArrayList<>();
    List<Integer> lost = new ArrayList<>();
    places.forEach(
        (generation, at) -> {
          QueueDelivery delivery = delivery(generation);
          if (delivery == null) { // it is over: nothing of it is delivered again
            at.stream()
                .filter(place -> answers.get(place).kind() != Answer.Kind.ACK)
                .forEach(lost::add);
            return;
          }
          QueueDelivery.Answered answered =
              delivery.answer(at.stream().map(answers::get).toList(), wallMs, monotonicMs);
          deltas.addAll(inRange(generation, answered.deltas()));
          answered.lost().forEach(each -> lost.add(at.get(each)));
        });
    lost.sort(null);
    return new QueueDelivery.Answered(deltas, lost);
  }

  private List<QueueDelta> ofAll(Function<QueueDelivery, List<QueueDelta>> decision) {
    if (ranges.isEmpty()) {
      return decision.apply(tail);
    }
    List<QueueDelta> deltas = new ArrayList<>(decision.apply(tail));
    ranges.forEach(
        (generation, range) ->
            deltas.addAll(inRange(generation, decision.apply(range.delivery()))));
    return deltas;
  }

  /** The consumer closes: what it holds is given back, and that is no failure. */
  public List<QueueDelta> release(long holder, long wallMs) {
    servedByRange.remove(holder);
    return ofAll(each -> each.release(holder, wallMs));
  }

  /** The consumer's connection was lost; unless it comes back soon its messages have failed. */
  public void onConnectionLost(long holder, long monotonicMs) {
    servedByRange.remove(holder);
    tail.onConnectionLost(holder, monotonicMs);
    ranges.values().forEach(each -> each.delivery().onConnectionLost(holder, monotonicMs));
  }

  /** The consumer has a connection. */
  public void onConnected(long holder) {
    tail.onConnected(holder);
    ranges.values().forEach(each -> each.delivery().onConnected(holder));
  }

  /** What the time brings: locks that end, consumers that do not come back. */
  public List<QueueDelta> onTick(long wallMs, long monotonicMs) {
    return ofAll(each -> each.onTick(wallMs, monotonicMs));
  }

  /** In how many milliseconds {@link #onTick} is to be called; -1 = nothing will happen. */
  public long nextTickMs(long wallMs, long monotonicMs) {
    long next = tail.nextTickMs(wallMs, monotonicMs);
    for (QueueRange range : ranges.values()) {
      long own = range.delivery().nextTickMs(wallMs, monotonicMs);
      next = next < 0 || (own >= 0 && own < next) ? own : next;
    }
    return next;
  }

  /**
   * Drops what is ready or delayed, also of ranges.
   *
   * @param highWatermark of the data: new messages below it are dropped too
   */
  public List<QueueDelta> purge(long highWatermark) {
    List<QueueDelta> deltas = new ArrayList<>(List.of(tail.purge(highWatermark)));
    for (QueueRange range : ranges.values()) {
      int generation = range.spec().generation();
      deltas.add(new QueueDelta.InRange(generation, range.delivery().purge(range.spec().to())));
    }
    return deltas;
  }

  /** The partition's log begins later now; none when that concerns nothing here. */
  public List<QueueDelta> onLogStart(long logStartOffset) {
    return ofAll(
        each -> {
          QueueDelta.Expired gone = each.onLogStart(logStartOffset);
          return gone == null ? List.of() : List.of(gone);
        });
  }

  /** The smallest offset of which something may still be delivered; -1 = there is none. */
  public long needed() {
    long needed = tail.counts(0).oldestUnsettled();
    for (QueueRange range : ranges.values()) {
      needed = needed < 0 ? range.needed() : Math.min(needed, range.needed());
    }
    return needed;
  }

  /** Messages that were dropped in place of becoming dead letters. */
  public long dropped() {
    return dropped
        + tail.forwarding().dropped()
        + ranges.values().stream().mapToLong(each -> each.delivery().forwarding().dropped()).sum();
  }

  /** How many messages are in which state now; of ranges, those that are known to match. */
  public QueueCounts counts(long wallMs) {
    QueueCounts all = tail.counts(wallMs);
    for (QueueRange range : ranges.values()) {
      QueueCounts own = range.delivery().counts(wallMs);
      all =
          new QueueCounts(
              all.ready() + own.ready(),
              all.inFlight() + own.inFlight(),
              all.delayed() + own.delayed(),
              all.setAside() + own.setAside(),
              all.expired() + own.expired(),
              all.oldestUnsettled(),
              all.reached());
    }
    return expired == 0
        ? all
        : new QueueCounts(
            all.ready(),
            all.inFlight(),
            all.delayed(),
            all.setAside(),
            all.expired() + expired,
            all.oldestUnsettled(),
            all.reached());
  }
}
