package io.tailrace.broker.partition;

import io.tailrace.broker.log.LogId;
import io.tailrace.coordinator.cluster.ClusterStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Takes damaged replicas out of in-sync sets; see {@link ClusterStore#depart}. Thread-safe. */
@FunctionalInterface
public interface Departures {

  /** No other replica ever takes over. */
  Departures NONE = (topic, id, leaderEpoch) -> CompletableFuture.completedFuture(false);

  /**
   * Takes this broker's replica out of the sets.
   *
   * @param id of the partition's data log
   * @param leaderEpoch that the replica knows
   */
  CompletionStage<Boolean> depart(String topic, LogId id, int leaderEpoch);
}
