package io.tailrace.broker.service;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.ReadListener;
import io.tailrace.broker.partition.ReadWaiter;

/**
 * One partition of a fetch session, at one offset: another offset has another one. Confined to the
 * connection's thread, but for what says otherwise.
 */
final class SessionPart {
  private final SlotQuery named;
  private Partition waitsAt;
  private ReadWaiter waiter;
  private long toldHighWatermark = -1;
  private long toldLogStartOffset = -1;

  /**
   * @param before what the slot stood for until now; null = nothing
   */
  SessionPart(SlotQuery named, SessionPart before) {
    this.named = named;
    if (before != null && before.named.isSamePartition(named)) {
      toldHighWatermark = before.toldHighWatermark;
      toldLogStartOffset = before.toldLogStartOffset;
    }
  }

  int slot() {
    return named.slot();
  }

  SlotQuery named() {
    return named;
  }

  FetchQuery query() {
    return named.query();
  }

  /** The partition whose growth it waits for; null while it does not wait. */
  Partition waitsAt() {
    return waitsAt;
  }

  void setWaitsAt(Partition partition) {
    waitsAt = partition;
  }

  /** Has the listener told once when there is something to read. On the partition's thread. */
  void register(Partition partition, ReadListener listener) {
    waiter = partition.awaitReadable(query().offset(), query().upTo(), listener);
  }

  /** Forgets the listener. On the partition's thread. */
  void unregister(Partition partition) {
    if (waiter != null) {
      partition.cancel(waiter);
      waiter = null;
    }
  }

  /** Whether the client has yet to hear of the result's ends of the log. */
  boolean isNews(FetchResult result) {
    return result.highWatermark() != toldHighWatermark
        || result.logStartOffset() != toldLogStartOffset;
  }

  /** The client is told. */
  void onTold(FetchResult result) {
    toldHighWatermark = result.highWatermark();
    toldLogStartOffset = result.logStartOffset();
  }
}
