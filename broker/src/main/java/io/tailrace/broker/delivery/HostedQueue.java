package io.tailrace.broker.delivery;

import io.tailrace.coordinator.queue.QueueBounds;
import io.tailrace.coordinator.queue.QueueDelivery;
import io.tailrace.coordinator.queue.QueueDelta;
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

  /** A binding that counts for the offsets from {@code since} to {@code until}, exclusive. */
  record BoundRange(HostedQueue queue, String key, long since, long until) {}

  private final UUID id;
  private final String name;
  private final QueueDelivery delivery =
      new QueueDelivery(QueueSettings.DEFAULTS, QueueBounds.DEFAULTS);
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

  QueueDelivery delivery() {
    return delivery;
  }

  List<BoundRange> bindings() {
    return bindings;
  }

  /** Of the queue's metadata, whose bindings count here; -1 = none yet. */
  int version() {
    return version;
  }

  boolean isBound(String key) {
    return bindings.stream().anyMatch(each -> each.key().equals(key) && each.until() == OPEN);
  }

  void apply(QueueDelta delta, long monotonicMs) {
    if (delta instanceof QueueDelta.Bound bound) {
      bindings.add(new BoundRange(this, bound.bindingKey(), bound.since(), OPEN));
    } else if (delta instanceof QueueDelta.Unbound unbound) {
      bindings.replaceAll(
          each ->
              each.key().equals(unbound.bindingKey()) && each.until() == OPEN
                  ? new BoundRange(this, each.key(), each.since(), unbound.until())
                  : each);
    } else if (delta instanceof QueueDelta.Synced synced) {
      version = synced.version();
    } else {
      delivery.apply(delta, monotonicMs);
      if (delta instanceof QueueDelta.Cut cut) {
        bindings.replaceAll(each -> cutTo(each, cut.from()));
      }
    }
    bindings.removeIf(each -> each.until() <= delivery.cursor());
  }

  /** Other records get the offsets from the end on: those are new to every binding. */
  private static BoundRange cutTo(BoundRange range, long end) {
    return new BoundRange(
        range.queue(),
        range.key(),
        Math.min(range.since(), end),
        range.until() == OPEN ? OPEN : Math.min(range.until(), end));
  }

  /** Whether anything is known of records at or above an offset. */
  boolean reachesBeyond(long offset) {
    return delivery.reachesBeyond(offset)
        || bindings.stream()
            .anyMatch(
                each -> each.since() > offset || (each.until() != OPEN && each.until() > offset));
  }

  /** The deltas that make it anew. */
  List<QueueDelta> snapshot(int chunk) {
    List<QueueDelta> deltas = new ArrayList<>();
    deltas.add(new QueueDelta.Created(name));
    for (BoundRange each : bindings) {
      deltas.add(new QueueDelta.Bound(each.key(), each.since()));
      if (each.until() != OPEN) {
        deltas.add(new QueueDelta.Unbound(each.key(), each.until()));
      }
    }
    if (version >= 0) {
      deltas.add(new QueueDelta.Synced(version));
    }
    deltas.addAll(delivery.snapshot(chunk));
    return deltas;
  }
}
