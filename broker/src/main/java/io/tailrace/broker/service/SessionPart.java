package io.tailrace.broker.service;

import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.ReadListener;
import io.tailrace.broker.partition.ReadWaiter;
import io.tailrace.broker.partition.ReplicatedLog;

/**
 * One log of a fetch session, at one offset: another offset has another one. Confined to the
 * connection's thread, but for what says otherwise.
 */
final class SessionPart {
  private final SlotQuery named;
  private ReplicatedLog waitsAt;
  private ReadWaiter waiter;
  private long toldHighWatermark = -1;
  private long toldLogStartOffset = -1;
  private boolean toldEmpty;

  /** Written before it waits, read when it is registered. */
  private long readHighWatermark;

  /**
   * @param before the previous use of the slot; null = none
   */
  SessionPart(SlotQuery named, SessionPart before) {
    this.named = named;
    if (before != null && before.named.isSameLog(named)) {
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

  /** Whether a follower reads it, which needs the high watermark also while no records come. */
  boolean isFollowed() {
    return query().upTo() == ReadEnd.LOG_END;
  }

  /** The log whose growth it waits for; null while it does not wait. */
  ReplicatedLog waitsAt() {
    return waitsAt;
  }

  void setWaitsAt(ReplicatedLog log) {
    waitsAt = log;
  }

  /** It was read, up to this high watermark. */
  void onRead(FetchResult result) {
    readHighWatermark = result.highWatermark();
  }

  /**
   * Registers a waiter that calls the listener once, when there is a record to read. On the
   * partition's thread.
   */
  void register(ReplicatedLog log, ReadListener listener) {
    if (waiter != null) {
      log.cancel(waiter);
    }
    waiter = log.awaitReadable(query().offset(), query().upTo(), listener);
    if (waiter != null && isFollowed() && log.highWatermark() != readHighWatermark) {
      listener.onHighWatermark();
    }
  }

  /** Removes the waiter. On the partition's thread. */
  void unregister(ReplicatedLog log) {
    if (waiter != null) {
      log.cancel(waiter);
      waiter = null;
    }
  }

  /**
   * Whether a result without records says something that the client does not know: the ends of the
   * log, or that no record is left between its offset and the high watermark.
   */
  boolean isNews(FetchResult result) {
    return result.highWatermark() != toldHighWatermark
        || result.logStartOffset() != toldLogStartOffset
        || (isEmptyBelowHighWatermark(result) && !toldEmpty);
  }

  private boolean isEmptyBelowHighWatermark(FetchResult result) {
    return !result.isAnswer() && !result.unread() && query().offset() < result.highWatermark();
  }

  /** Notes that the result is sent to the client. */
  void onTold(FetchResult result) {
    toldHighWatermark = result.highWatermark();
    toldLogStartOffset = result.logStartOffset();
    toldEmpty = isEmptyBelowHighWatermark(result);
  }
}
