package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A replica whose disk fails hands over to the others. */
class FailedLogTest {
  private static final int ME = 1;
  private static final int OTHER = 2;
  private static final int EPOCH = 4;

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryDisk disk = new InMemoryDisk(clock);
  private final List<Integer> departures = new ArrayList<>();
  private final Partition partition =
      new Partition(
          "orders",
          new LogId(new UUID(1, 2), 0),
          LogConfig.defaults(),
          scheduler,
          new PartitionServices(
              ME,
              new InMemoryLogStore(disk),
              clock,
              new Upkeep(10_000, 60_000),
              new Replication(
                  SingleBroker.REPLICATION.followers(),
                  SingleBroker.REPLICATION.inSync(),
                  (topic, id, leaderEpoch) -> {
                    departures.add(leaderEpoch);
                    return CompletableFuture.completedFuture(true);
                  },
                  30_000,
                  DeliveryLogs.NONE,
                  report -> {}),
              FurtherStates.NONE));

  private void open(PartitionMetadata metadata) {
    partition.onMetadata(metadata);
    partition.whenReady(() -> {});
    scheduler.run();
    disk.failWrites(0, Integer.MAX_VALUE);
  }

  private static PartitionMetadata metadata(int leader, int epoch, List<Integer> replicas) {
    return metadata(leader, epoch, replicas, replicas);
  }

  private static PartitionMetadata metadata(
      int leader, int epoch, List<Integer> replicas, List<Integer> inSync) {
    List<InSyncReplica> members =
        inSync.stream().map(id -> new InSyncReplica(id, 1, new UUID(0, id))).toList();
    return new PartitionMetadata(leader, epoch, 0, replicas, members, 1);
  }

  private void produce() {
    List<ProduceResult> results = new ArrayList<>();
    ByteBuf batch = TestBatches.batch(0, 1_000, 100);
    partition.produce(batch, 0, batch.readableBytes(), -1, -1, 1_000, results::add);
    scheduler.run();
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertNotNull(partition.checkOpen());
  }

  private void tick(int seconds) {
    for (int i = 0; i < seconds; i++) {
      clock.setMs(clock.wallMs() + 1_000);
      partition.onTick();
      scheduler.run();
    }
  }

  @Test
  void aLeaderHandsOverUntilItIsHeard() {
    open(metadata(ME, EPOCH, List.of(ME, OTHER)));

    produce();
    assertEquals(List.of(EPOCH), departures);
    tick(5);
    assertEquals(List.of(EPOCH, EPOCH, EPOCH), departures, "it is still listed");

    partition.onMetadata(metadata(OTHER, EPOCH + 1, List.of(ME, OTHER), List.of(OTHER)));
    tick(10);
    assertEquals(3, departures.size());
  }

  @Test
  void aFollowerLeavesTheSetSoThatNobodyWaitsForIt() {
    open(metadata(OTHER, EPOCH, List.of(ME, OTHER)));
    ByteBuf batch = TestBatches.batch(0, 1_000, 100);
    RecordBatch.place(batch, 0, 0, EPOCH);

    List<PartitionError> outcomes = new ArrayList<>();
    partition.replicated().appendFetched(EPOCH, batch, outcomes::add);
    scheduler.run();

    assertEquals(ErrorCode.STORAGE_ERROR, outcomes.get(0).code());

    assertEquals(List.of(EPOCH), departures);
  }

  @Test
  void anOnlyReplicaAsksNobody() {
    open(metadata(ME, EPOCH, List.of(ME)));

    produce();
    tick(5);

    assertEquals(List.of(), departures);
  }
}
