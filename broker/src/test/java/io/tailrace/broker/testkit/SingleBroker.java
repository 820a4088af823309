package io.tailrace.broker.testkit;

import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.partition.DeliveryLogs;
import io.tailrace.broker.partition.Departures;
import io.tailrace.broker.partition.FollowerListener;
import io.tailrace.broker.partition.FurtherStates;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionServices;
import io.tailrace.broker.partition.Replication;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.protocol.port.Clock;
import java.util.concurrent.CompletableFuture;

/** What the partitions of a broker share that is alone in its cluster. */
public final class SingleBroker {
  private static final FollowerListener FOLLOWS_NOBODY =
      new FollowerListener() {
        @Override
        public void onRole(Partition partition) {}

        @Override
        public void onSynced(Partition partition) {}
      };

  /** Every proposed in-sync set is refused: there is no other member. */
  public static final Replication REPLICATION =
      new Replication(
          FOLLOWS_NOBODY,
          change -> CompletableFuture.completedFuture(false),
          Departures.NONE,
          30_000,
          DeliveryLogs.NONE,
          report -> {});

  private SingleBroker() {}

  /** The services of partitions without others to replicate with. */
  public static PartitionServices services(
      int brokerId, LogStore store, Clock clock, Upkeep upkeep) {
    return new PartitionServices(brokerId, store, clock, upkeep, REPLICATION, FurtherStates.NONE);
  }
}
