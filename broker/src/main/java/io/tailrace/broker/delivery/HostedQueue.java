package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueBounds;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueRanges;
import io.tailrace.coordinator.queue.QueueSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * One queue on one partition, as its delivery log says: its bindings there and its messages.
 * Confined to the partition's scheduler.
 */
final class HostedQueue {
  /** Not ended. */
  static final long OPEN = Long.MAX_VALUE;

  /** So many bindings that have ended are remembered for replays and back-fills. */
  private static final int MAX_ENDED = 256;

  /**
   * A binding that counts for the offsets from {@code since} to {@code until}, exclusive.
   *
   * @param fills what back-fills have added to it
   */
  record BoundRange(HostedQueue queue, String key, long since, long until, List<Fill> fills) {
    boolean isOpen() {
      return until == OPEN;
    }

    boolean counts(long offset) {
      return since <= offset && offset < until;
    }

    /** Where what it matches begins, back-fills included. */
    long filledSince() {
      return fills.stream().mapToLong(Fill::from).reduce(since, Math::min);
    }

    private BoundRange with(long newSince, long newUntil, List<Fill> newFills) {
      return new BoundRange(queue, key, newSince, newUntil, List.copyOf(newFills));
    }
  }

  /**
   * Messages before a binding that count as matched by it.
   *
   * @param generation of the range that delivers them
   */
  record Fill(long from, long to, int generation) {
    boolean counts(long offset) {
      return from <= offset && offset < to;
    }
  }

  private final UUID id;
  private final String name;
  private final QueueRanges ranges = new QueueRanges(QueueSettings.DEFAULTS, QueueBounds.DEFAULTS);
  private final List<BoundRange> bindings = new ArrayList<>();
  private int version = -1;

  HostedQueue(UUID id, String name) {
    this.id = id;
    this.name = name;
  }

  UUID id() {
    return id;
  }

  String name() {
    return name;
  }

  /** The messages that come in their turn. */
  QueueDelivery delivery() {
    return ranges.tail();
  }

  /** All messages, those of replays and back-fills included. */
  QueueRanges ranges() {
    return ranges;
  }

  List<BoundRange> bindings() {
    return bindings;
  }

  /** Of the queue's metadata, whose bindings count here; -1 = none yet. */
  int version() {
    return version;
  }

  boolean isBound(String key) {
    return bindings.stream().anyMatch(each -> each.key().equals(key) && each.isOpen());
  }

  void apply(QueueDelta delta, long monotonicMs) {
    if (delta instanceof QueueDelta.Bound bound) {
      bindings.add(new BoundRange(this, bound.bindingKey(), bound.since(), OPEN, List.of()));
    } else if (delta instanceof QueueDelta.Unbound unbound) {
      bindings.replaceAll(
          each ->
              each.key().equals(unbound.bindingKey()) && each.isOpen()
                  ? each.with(each.since(), unbound.until(), each.fills())
                  : each);
      forgetEnded();
    } else if (delta instanceof QueueDelta.Synced synced) {
      version = synced.version();
    } else if (delta instanceof QueueDelta.Filled filled) {
      fill(filled);
    } else {
      ranges.apply(delta, monotonicMs);
      if (delta instanceof QueueDelta.Cut cut) {
        bindings.replaceAll(each -> cutTo(each, cut.from()));
      } else if (delta instanceof QueueDelta.RangeEnded ended && ended.cancelled()) {
        bindings.replaceAll(each -> without(each, ended.generation()));
      }
    }
  }

  /** What ended bindings have matched can be replayed; the oldest of many are forgotten. */
  private void forgetEnded() {
    long ended = bindings.stream().filter(each -> !each.isOpen()).count();
    for (int i = 0; i < bindings.size() && ended > MAX_ENDED; ) {
      if (bindings.get(i).until() <= delivery().cursor()) {
        bindings.remove(i);
        ended--;
      } else {
        i++;
      }
    }
  }

  private void fill(QueueDelta.Filled filled) {
    bindings.replaceAll(
        each -> {
          if (!each.key().equals(filled.bindingKey()) || !each.isOpen()) {
            return each;
          }
          List<Fill> fills = new ArrayList<>(each.fills());
          fills.add(new Fill(filled.from(), filled.to(), filled.generation()));
          return each.with(each.since(), each.until(), fills);
        });
  }

  /** A back-fill that was cancelled can be asked for again. */
  private static BoundRange without(BoundRange range, int generation) {
    return range.with(
        range.since(),
        range.until(),
        range.fills().stream().filter(fill -> fill.generation() != generation).toList());
  }

  /** Other records get the offsets from the end on: those are new to every binding. */
  private static BoundRange cutTo(BoundRange range, long end) {
    return range.with(
        Math.min(range.since(), end),
        range.isOpen() ? OPEN : Math.min(range.until(), end),
        range.fills());
  }

  /** Whether anything is known of records at or above an offset. */
  boolean reachesBeyond(long offset) {
    return delivery().reachesBeyond(offset)
        || bindings.stream()
            .anyMatch(each -> each.since() > offset || (!each.isOpen() && each.until() > offset));
  }

  /** The deltas that make it anew. */
  List<QueueDelta> snapshot(int chunk) {
    List<QueueDelta> deltas = new ArrayList<>();
    deltas.add(new QueueDelta.Created(name));
    for (BoundRange each : bindings) {
      deltas.add(new QueueDelta.Bound(each.key(), each.since()));
      for (Fill fill : each.fills()) {
        deltas.add(new QueueDelta.Filled(each.key(), fill.from(), fill.to(), fill.generation()));
      }
      if (!each.isOpen()) {
        deltas.add(new QueueDelta.Unbound(each.key(), each.until()));
      }
    }
    if (version >= 0) {
      deltas.add(new QueueDelta.Synced(version));
    }
    deltas.addAll(ranges.snapshot(chunk));
    return deltas;
  }
}
