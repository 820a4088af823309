package io.tailrace.broker.replication;

import io.tailrace.coordinator.cluster.InSyncReplica;

/**
 * The fetch session with one leader: which fetch is next, and which answers are still its own.
 * Confined to the fetcher's scheduler.
 */
final class LeaderSession {
  /** More than one fetch is under way only to tell of progress while the first one waits. */
  private static final int MAX_UNDER_WAY = 2;

  private InSyncReplica self;
  private int id;
  private int nextEpoch;
  private int underWay;
  private int generation;

  /** Whether another fetch may be sent. */
  boolean mayFetch() {
    return underWay < (id == 0 ? 1 : MAX_UNDER_WAY);
  }

  boolean isIdle() {
    return underWay == 0;
  }

  /** Whether it has begun, or is about to, under this registration. */
  boolean isOf(InSyncReplica registration) {
    return nextEpoch == 0 || registration.equals(self);
  }

  int id() {
    return id;
  }

  /** Counts a fetch; returns its epoch. */
  int begin(InSyncReplica registration) {
    self = registration;
    underWay++;
    return nextEpoch++;
  }

  /** Tells answers of this session from those of earlier ones. */
  int generation() {
    return generation;
  }

  void onAnswer(int sessionId) {
    underWay--;
    id = sessionId;
  }

  /** Ends it: the next fetch begins another one. */
  void reset() {
    generation++;
    id = 0;
    nextEpoch = 0;
    underWay = 0;
  }
}
