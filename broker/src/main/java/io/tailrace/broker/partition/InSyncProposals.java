package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogId;
import io.tailrace.coordinator.cluster.InSyncChange;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.ProposedInSyncSet;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;

/**
 * As the leader: asks the replica state whether the in-sync set should change, and has the change
 * written to the metadata. Confined to the partition's scheduler.
 */
final class InSyncProposals {
  /** After a refused proposal newer metadata are on their way, milliseconds. */
  private static final long PAUSE_MS = 100;

  private final String topic;
  private final LogId id;
  private final ReplicaState replica;
  private final Scheduler scheduler;
  private final Clock clock;
  private final InSyncStore store;
  private final Runnable onDecided;
  private long pauseUntilMs = Long.MIN_VALUE;

  /**
   * @param onDecided runs when a proposal was confirmed or refused
   */
  InSyncProposals(
      String topic,
      LogId id,
      ReplicaState replica,
      Scheduler scheduler,
      Clock clock,
      InSyncStore store,
      Runnable onDecided) {
    this.topic = topic;
    this.id = id;
    this.replica = replica;
    this.scheduler = scheduler;
    this.clock = clock;
    this.store = store;
    this.onDecided = onDecided;
  }

  /** A follower has reported: it may join the set. */
  void onReport(InSyncReplica follower) {
    if (!replica.metadata().inSync().contains(follower)) {
      propose();
    }
  }

  /** Followers that are silent or slow may have to leave the set. */
  void onTick() {
    if (replica.role() == ReplicaState.Role.LEADER && replica.metadata().replicas().size() > 1) {
      propose();
    }
  }

  private void propose() {
    long nowMs = clock.monotonicMs();
    if (nowMs < pauseUntilMs) {
      return;
    }
    ProposedInSyncSet proposed = replica.propose(nowMs);
    if (proposed == null) {
      return;
    }
    InSyncChange change =
        new InSyncChange(
            topic,
            id.topicId(),
            id.partition(),
            proposed.leaderEpoch(),
            Math.toIntExact(proposed.version()),
            proposed.inSync(),
            proposed.eligible());
    store
        .propose(change)
        .whenComplete(
            (accepted, error) ->
                scheduler.execute(() -> onAnswer(proposed, error == null ? accepted : null)));
  }

  /**
   * @param accepted null when it is not known: both sets count until newer metadata tell
   */
  private void onAnswer(ProposedInSyncSet proposed, Boolean accepted) {
    if (accepted == null) {
      return;
    }
    if (accepted) {
      replica.onProposalConfirmed(proposed, proposed.version() + 1);
    } else {
      replica.onProposalRefused(proposed);
      pauseUntilMs = clock.monotonicMs() + PAUSE_MS;
    }
    onDecided.run();
  }
}
