package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
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
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What a partition does with what its leader sends, and when it leads again. */
class FollowerTest {
  private static final int ME = 1;
  private static final int OTHER = 2;
  private static final int EPOCH = 4;

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryLogStore store = new InMemoryLogStore(new InMemoryDisk(clock));
  private final List<PartitionError> outcomes = new ArrayList<>();
  private Partition partition;

  private void open(int leader, int epoch) {
    partition =
        new Partition(
            "orders",
            new LogId(new UUID(1, 2), 0),
            LogConfig.defaults(),
            scheduler,
            SingleBroker.services(ME, store, clock, new Upkeep(10_000, 60_000)));
    lead(leader, epoch);
    partition.whenReady(() -> {});
    scheduler.run();
  }

  private void lead(int leader, int epoch) {
    partition.onMetadata(
        new PartitionMetadata(
            leader,
            epoch,
            0,
            List.of(ME, OTHER),
            List.of(new InSyncReplica(leader, 1, new UUID(0, leader))),
            1));
  }

  private void fetched(int epoch, ByteBuf batches) {
    partition.replicated().appendFetched(epoch, batches, outcomes::add);
    scheduler.run();
  }

  private ProduceResult produce(ByteBuf batch) {
    List<ProduceResult> results = new ArrayList<>();
    partition.produce(batch, 0, batch.readableBytes(), -1, -1, 1_000, results::add);
    scheduler.run();
    assertEquals(1, results.size());
    return results.get(0);
  }

  private static ByteBuf batch(
      long producerId, int sequence, int records, long baseOffset, int epoch) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    for (int i = 0; i < records; i++) {
      builder.append(1_000, null, new byte[] {1, 2, 3}, List.of());
    }
    int size = builder.finish(producerId, (short) 0, sequence);
    ByteBuf batch = Unpooled.buffer(size).writeBytes(builder.array(), 0, size);
    RecordBatch.place(batch, 0, baseOffset, epoch);
    return batch;
  }

  @Test
  void beginsAgainAtALogStartWithinABatch() {
    open(OTHER, EPOCH);
    partition.replicated().restartAt(EPOCH, 5); // records before 5 were deleted by request

    fetched(EPOCH, batch(7, 3, 5, 3, EPOCH));
    partition.replicated().onLeaderProgress(EPOCH, 8, 5);

    assertEquals(1, outcomes.size());
    assertNull(outcomes.get(0));
    assertEquals(8, partition.replicated().position().logEndOffset());
    assertEquals(5, partition.log().logStartOffset());
    assertEquals(8, partition.highWatermark());

    fetched(EPOCH, batch(7, 8, 2, 8, EPOCH));
    assertNull(outcomes.get(1));
    lead(ME, EPOCH + 1);
    ByteBuf out = Unpooled.buffer();
    assertNull(partition.read(5, ReadEnd.LOG_END, 1 << 20, out));
    assertEquals(
        List.of(3L, 8L),
        TestBatches.parse(out).stream().map(TestBatches.ReadBatch::baseOffset).toList());
    assertArrayEquals(new long[] {8}, produce(batch(7, 8, 2, 0, 0)).baseOffsets());
  }

  @Test
  void aTruncationIsNoFailureAfterTheLogStartHasPassedTheSnapshot() {
    open(ME, EPOCH);
    produce(batch(7, 0, 3, 0, 0));
    partition.stop(() -> {});
    scheduler.run();
    open(ME, EPOCH + 1);
    produce(batch(7, 3, 3, 0, 0));
    assertNull(partition.deleteRecordsBefore(6));
    produce(batch(7, 6, 3, 0, 0));
    lead(ME, EPOCH + 2);
    produce(batch(9, 0, 2, 0, 0));
    lead(OTHER, EPOCH + 3);

    partition.replicated().truncateTo(9); // nothing is left of one producer: the log is replayed
    scheduler.run();

    assertNull(partition.checkOpen());
    lead(ME, EPOCH + 4);
    assertArrayEquals(new long[] {6}, produce(batch(7, 6, 3, 0, 0)).baseOffsets());
    assertArrayEquals(new long[] {9}, produce(batch(9, 0, 2, 0, 0)).baseOffsets());
  }
}
