package io.tailrace.broker.simulation;

import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FollowerFetch;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.InSyncReplica;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** What a leader is told of its followers' logs: the truth, or less than that. */
final class FetchMistakes {
  private static final int UNKNOWN_EPOCH = -1;

  private final ClusterBug bug;
  private final Supplier<ClusterImage> image;

  /** A follower's log in a leader epoch. */
  private record Place(int follower, LogId.Kind log, int partition, int leaderEpoch) {}

  /** Those that have truncated. */
  private final Set<Place> truncated = new HashSet<>();

  private final Map<SimulatedConnection, Map<Integer, FetchQuery>> queries = new HashMap<>();

  /**
   * @param bug null = none
   * @param image what the leader knows of the cluster
   */
  FetchMistakes(ClusterBug bug, Supplier<ClusterImage> image) {
    this.bug = bug;
    this.image = image;
  }

  /** The follower, as the leader takes it. */
  InSyncReplica follower(InSyncReplica named) {
    BrokerImage newest = image.get().brokers().get(named.brokerId());
    return bug == ClusterBug.NO_BROKER_EPOCH && newest != null
        ? new InSyncReplica(named.brokerId(), newest.epoch(), newest.directoryId())
        : named;
  }

  /** What the leader is told in the place of the query. */
  FetchQuery asked(SimulatedConnection from, int slot, FetchQuery query) {
    queries.computeIfAbsent(from, connection -> new HashMap<>()).put(slot, query);
    if (bug == ClusterBug.NO_LEADER_EPOCH) {
      return withEpochs(query, Partition.ANY_EPOCH);
    }
    return bug == ClusterBug.ONE_ROUND_TRUNCATION && truncated.contains(key(query))
        ? withEpochs(query, query.leaderEpoch())
        : query;
  }

  void answered(SimulatedConnection to, int slot, FetchResult result) {
    if (result.diverging() != null) {
      truncated.add(key(queries.get(to).get(slot)));
    }
  }

  private static Place key(FetchQuery query) {
    return new Place(
        query.follower().follower().brokerId(),
        query.follower().log(),
        query.partition(),
        query.leaderEpoch());
  }

  private static FetchQuery withEpochs(FetchQuery query, int leaderEpoch) {
    FollowerFetch follower = query.follower();
    return new FetchQuery(
        query.topic(),
        query.topicId(),
        query.partition(),
        leaderEpoch,
        query.offset(),
        query.maxBytes(),
        new FollowerFetch(
            follower.follower(), follower.log(), UNKNOWN_EPOCH, follower.syncedEndOffset()));
  }
}
