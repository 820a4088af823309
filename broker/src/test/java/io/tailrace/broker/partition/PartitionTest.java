package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PartitionTest {
  private static final int ME = 1;
  private static final int EPOCH = 4;
  private static final long CHECK_INTERVAL_MS = 10_000;

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private InMemoryDisk disk = new InMemoryDisk(clock);
  private Partition partition;

  @BeforeEach
  void openAsLeader() {
    partition = newPartition(LogConfig.defaults());
  }

  private Partition newPartition(LogConfig config) {
    disk = new InMemoryDisk(clock);
    Partition made = unopened(config);
    made.onMetadata(leader(ME, EPOCH));
    made.whenReady(() -> {});
    scheduler.run();
    return made;
  }

  private Partition unopened(LogConfig config) {
    return unopened(config, new InMemoryLogStore(disk));
  }

  private Partition unopened(LogConfig config, InMemoryLogStore store) {
    return new Partition(
        "orders",
        new LogId(new UUID(1, 2), 0),
        config,
        scheduler,
        SingleBroker.services(ME, store, clock, new Upkeep(CHECK_INTERVAL_MS, 60_000)));
  }

  private void open(InMemoryLogStore store, PartitionMetadata metadata) {
    partition = unopened(LogConfig.defaults(), store);
    partition.onMetadata(metadata);
    partition.whenReady(() -> {});
    scheduler.run();
  }

  private static PartitionMetadata leader(int leader, int epoch) {
    return metadata(leader, epoch, List.of(leader), 1);
  }

  private static PartitionMetadata metadata(
      int leader, int epoch, List<Integer> inSync, int minInSync) {
    List<Integer> replicas = inSync.size() == 1 && minInSync == 1 ? inSync : List.of(ME, 2, 3);
    return new PartitionMetadata(
        leader,
        epoch,
        0,
        replicas,
        inSync.stream().map(id -> new InSyncReplica(id, 1, new UUID(0, id))).toList(),
        minInSync);
  }

  @Test
  void writesOffsetAndLeaderEpochIntoEveryBatch() {
    ByteBuf two =
        Unpooled.wrappedBuffer(TestBatches.batch(0, 10, 100), TestBatches.batch(0, 11, 50)).copy();

    ProduceResult result = produce(two, -1, Partition.ANY_EPOCH);

    assertNull(result.error());
    assertArrayEquals(new long[] {0, 1}, result.baseOffsets());
    List<TestBatches.ReadBatch> stored = read(0);
    assertEquals(List.of(0L, 1L), stored.stream().map(TestBatches.ReadBatch::baseOffset).toList());
    assertEquals(
        List.of(EPOCH, EPOCH), stored.stream().map(TestBatches.ReadBatch::leaderEpoch).toList());
  }

  @Test
  void refusesThoseWhoKnowAnotherLeaderEpoch() {
    assertEquals(
        ErrorCode.FENCED_LEADER_EPOCH,
        produce(TestBatches.batch(0, 1, 10), -1, EPOCH - 1).error().code());
    assertEquals(
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        produce(TestBatches.batch(0, 1, 10), -1, EPOCH + 1).error().code());
    assertNull(produce(TestBatches.batch(0, 1, 10), -1, EPOCH).error());
    assertEquals(1, partition.highWatermark());
  }

  @Test
  void refusesToServeWhatItDoesNotLead() {
    partition.onMetadata(leader(2, EPOCH + 1));

    assertEquals(
        ErrorCode.NOT_LEADER,
        produce(TestBatches.batch(0, 1, 10), -1, Partition.ANY_EPOCH).error().code());
  }

  @Test
  void ignoresLeadershipOfAnOlderEpoch() {
    partition.onMetadata(leader(2, EPOCH - 1));

    assertNull(produce(TestBatches.batch(0, 1, 10), -1, Partition.ANY_EPOCH).error());
  }

  @Test
  void refusesABatchThatIsTooLargeAndKeepsThoseBeforeIt() {
    partition = newPartition(config(200, LogConfig.Flush.NONE));
    ByteBuf smallThenLarge =
        Unpooled.wrappedBuffer(TestBatches.batch(0, 1, 10), TestBatches.batch(0, 1, 500)).copy();

    ProduceResult result = produce(smallThenLarge, -1, Partition.ANY_EPOCH);

    assertEquals(ErrorCode.BATCH_TOO_LARGE, result.error().code());
    assertArrayEquals(new long[] {0}, result.baseOffsets());
    assertEquals(1, partition.highWatermark());
  }

  @Test
  void acknowledgesOnlyWhatIsSyncedWhereFlushingIsAskedFor() {
    partition = newPartition(config(1 << 20, LogConfig.Flush.ACK));
    List<ProduceResult> results = new ArrayList<>();
    ByteBuf batch = TestBatches.batch(0, 1, 10);

    partition.produce(
        batch, 0, batch.readableBytes(), -1, Partition.ANY_EPOCH, 1_000, results::add);
    assertEquals(List.of(), results);
    assertEquals(0, partition.highWatermark());

    scheduler.run();
    assertEquals(1, results.size());
    assertNull(results.get(0).error());
    assertEquals(1, partition.highWatermark());
  }

  @Test
  void takesOverSettingsThatChangeWhileItsLogIsOpened() {
    disk = new InMemoryDisk(clock);
    partition = unopened(config(1 << 20, LogConfig.Flush.NONE));
    partition.onMetadata(leader(ME, EPOCH));
    partition.whenReady(() -> {});
    partition.reconfigure(config(1 << 20, LogConfig.Flush.ACK));
    scheduler.run();
    List<ProduceResult> results = new ArrayList<>();
    ByteBuf batch = TestBatches.batch(0, 1, 10);

    partition.produce(
        batch, 0, batch.readableBytes(), -1, Partition.ANY_EPOCH, 1_000, results::add);
    assertEquals(List.of(), results);
    scheduler.run();

    assertEquals(1, results.size());
    assertNull(results.get(0).error());
  }

  @Test
  void notesTheHighWatermarkThatALeaderBeginsWith() {
    disk = new InMemoryDisk(clock);
    InMemoryLogStore store = new InMemoryLogStore(disk);
    open(store, metadata(ME, EPOCH, List.of(ME, 2), 1));
    produce(TestBatches.batch(0, 1, 10), 1, EPOCH);
    assertEquals(0, partition.highWatermark());
    partition.stop(() -> {});

    open(store, leader(ME, EPOCH + 1));
    assertEquals(1, partition.highWatermark());
    partition.stop(() -> {});

    open(store, leader(2, EPOCH + 2));
    assertEquals(1, partition.highWatermark());
  }

  @Test
  void answersADuplicateWithItsFirstOffset() {
    assertArrayEquals(new long[] {0}, produce(idempotent(7, 0, 0, 3), -1, -1).baseOffsets());
    assertArrayEquals(new long[] {3}, produce(idempotent(7, 0, 3, 2), -1, -1).baseOffsets());
    assertArrayEquals(new long[] {0}, produce(idempotent(7, 0, 0, 3), -1, -1).baseOffsets());
    assertEquals(5, partition.highWatermark());
  }

  @Test
  void appendsWhatIsNewAmongDuplicatesAndStopsAtAGap() {
    produce(idempotent(7, 0, 0, 3), -1, -1);
    ByteBuf batches =
        Unpooled.wrappedBuffer(
                idempotent(7, 0, 0, 3),
                idempotent(7, 0, 3, 2),
                idempotent(7, 0, 5, 1),
                idempotent(9, 0, 0, 4),
                idempotent(7, 0, 6, 1),
                idempotent(7, 0, 5, 1),
                idempotent(7, 0, 9, 1),
                idempotent(7, 0, 7, 1))
            .copy();

    ProduceResult result = produce(batches, -1, -1);

    assertArrayEquals(new long[] {0, 3, 5, 6, 10, 5}, result.baseOffsets());
    assertEquals(ErrorCode.OUT_OF_ORDER_SEQUENCE, result.error().code());
    assertEquals(11, partition.highWatermark());
    assertEquals(
        List.of(0L, 3L, 5L, 6L, 10L),
        read(0).stream().map(TestBatches.ReadBatch::baseOffset).toList());
  }

  @Test
  void refusesAGapInAProducersSequence() {
    produce(idempotent(7, 0, 0, 3), -1, -1);

    assertEquals(
        ErrorCode.OUT_OF_ORDER_SEQUENCE, produce(idempotent(7, 0, 5, 1), -1, -1).error().code());
    assertEquals(3, partition.highWatermark());
  }

  @Test
  void saysThatAnOldDuplicateIsOne() {
    int count = ProducerStates.REMEMBERED_RUNS + 3;
    for (int sequence = 0; sequence < count; sequence++) {
      produce(idempotent(7, 0, sequence, 1), -1, -1);
      produce(idempotent(8, 0, sequence, 1), -1, -1); // between them, so that each is a run
    }

    assertEquals(
        ErrorCode.DUPLICATE_SEQUENCE, produce(idempotent(7, 0, 2, 1), -1, -1).error().code());
    assertArrayEquals(new long[] {6}, produce(idempotent(7, 0, 3, 1), -1, -1).baseOffsets());
    assertEquals(2L * count, partition.highWatermark());
  }

  @Test
  void aForgottenDuplicateWaitsUntilItsRecordsAreCommitted() {
    partition.onMetadata(metadata(ME, EPOCH + 1, List.of(ME, 2), 1));
    List<ProduceResult> results = new ArrayList<>();
    for (int sequence = 0; sequence <= ProducerStates.REMEMBERED_RUNS; sequence++) {
      for (int producer = 7; producer <= 8; producer++) {
        ByteBuf batch = idempotent(producer, 0, sequence, 1);
        partition.produce(batch, 0, batch.readableBytes(), 1, -1, 1_000, result -> {});
      }
    }
    ByteBuf again = idempotent(7, 0, 0, 1);
    partition.produce(again, 0, again.readableBytes(), -1, -1, 1_000, results::add);
    assertEquals(List.of(), results);

    long end = partition.log().logEndOffset();
    partition.replica().onFollowerReport(new InSyncReplica(2, 1, new UUID(0, 2)), end, end, 0);
    produce(idempotent(7, 0, 1, 1), -1, -1);
    assertEquals(ErrorCode.DUPLICATE_SEQUENCE, results.get(0).error().code());
  }

  @Test
  void truncationCutsProducersAndLeaderEpochs() {
    produce(idempotent(7, 0, 0, 3), -1, -1);
    partition.onMetadata(leader(ME, EPOCH + 2));
    produce(idempotent(7, 0, 3, 2), -1, -1);
    produce(idempotent(9, 0, 0, 2), -1, -1);
    InSyncReplica other = new InSyncReplica(2, 1, new UUID(0, 2));
    assertEquals(
        new LeaderEpochs.EpochEnd(EPOCH, 3),
        partition.replicated().onFollowerFetch(other, new FollowerPosition(4, EPOCH + 1, 4)));

    partition.replicated().truncateTo(3); // nothing is left of one producer: the log is replayed
    scheduler.run();

    assertTrue(partition.isOpen());
    assertEquals(3, partition.highWatermark());
    assertEquals(new FollowerPosition(3, EPOCH, 0), partition.replicated().position());
    assertArrayEquals(new long[] {0}, produce(idempotent(7, 0, 0, 3), -1, -1).baseOffsets());
    assertArrayEquals(new long[] {3}, produce(idempotent(7, 0, 3, 2), -1, -1).baseOffsets());
    assertArrayEquals(new long[] {5}, produce(idempotent(9, 0, 0, 2), -1, -1).baseOffsets());
  }

  @Test
  void startsANewerProducerEpochAtSequenceZeroAndFencesTheOlder() {
    produce(idempotent(7, 0, 0, 3), -1, -1);

    assertEquals(
        ErrorCode.OUT_OF_ORDER_SEQUENCE, produce(idempotent(7, 1, 3, 1), -1, -1).error().code());
    assertNull(produce(idempotent(7, 1, 0, 1), -1, -1).error());
    assertEquals(
        ErrorCode.FENCED_PRODUCER_EPOCH, produce(idempotent(7, 0, 3, 1), -1, -1).error().code());
  }

  @Test
  void goesOnAtZeroBehindTheLargestSequence() {
    int largest = Integer.MAX_VALUE;
    produce(idempotent(7, 0, 0, 1), -1, -1);
    // The way there is long: take over a state that is nearly at the end.
    ProducerStates states = new ProducerStates(id -> false);
    ByteBuf last = idempotent(9, 0, largest - 1, 2);
    states.apply(last, 0, 0);

    assertEquals(ProducerStates.NOT_A_DUPLICATE, states.check(idempotent(9, 0, 0, 1), 0));
  }

  @Test
  void refusesAnUnknownProducerInTheMiddleOfItsSequence() {
    assertEquals(
        ErrorCode.UNKNOWN_PRODUCER_ID, produce(idempotent(7, 0, 12, 1), -1, -1).error().code());
  }

  @Test
  void tellsAWaitingReaderOnceWhenItsOffsetCanBeRead() {
    List<String> told = new ArrayList<>();
    produce(TestBatches.batch(0, 1, 10), -1, -1);

    assertNotNull(partition.awaitReadable(1, ReadEnd.HIGH_WATERMARK, () -> told.add("at 1")));
    assertNotNull(partition.awaitReadable(2, ReadEnd.HIGH_WATERMARK, () -> told.add("at 2")));
    produce(TestBatches.batch(0, 1, 10), -1, -1);
    assertEquals(List.of("at 1"), told);
    produce(TestBatches.batch(0, 1, 10), -1, -1);
    assertEquals(List.of("at 1", "at 2"), told);
  }

  @Test
  void doesNotTellAReaderThatHasGivenUp() {
    List<String> told = new ArrayList<>();
    ReadWaiter waiter = partition.awaitReadable(0, ReadEnd.HIGH_WATERMARK, () -> told.add("told"));

    partition.cancel(waiter);
    produce(TestBatches.batch(0, 1, 10), -1, -1);

    assertEquals(List.of(), told);
  }

  @Test
  void wakesReadersWhenLeadershipIsLost() {
    List<String> told = new ArrayList<>();
    partition.awaitReadable(0, ReadEnd.HIGH_WATERMARK, () -> told.add("told"));

    partition.onMetadata(leader(2, EPOCH + 1));

    assertEquals(List.of("told"), told);
  }

  @Test
  void saysWhichOffsetsThereAre() {
    produce(TestBatches.batch(0, 1, 10), -1, -1);
    ByteBuf out = Unpooled.buffer();

    PartitionError error = partition.read(7, ReadEnd.HIGH_WATERMARK, 1_000, out);

    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error.code());
    assertEquals("offset 7 is not in orders-0, which has 0 to 1", error.message());
    assertNull(partition.read(1, ReadEnd.HIGH_WATERMARK, 1_000, out));
    assertEquals(0, out.readableBytes());
  }

  @Test
  void appliesRetentionToALogThatNobodyHasAskedFor() {
    LogConfig config = retaining(50_000);
    partition = newPartition(config);
    produce(TestBatches.batch(0, 1_000_000, 10), -1, -1);
    partition.stop(() -> {});
    disk.killProcess();
    partition = unopened(config);
    tickFor(40_000);
    assertFalse(partition.isOpen(), "nothing is old enough yet");
    assertEquals(1, partition.summary().logEndOffset());

    tickFor(40_000);

    assertTrue(partition.isOpen());
    assertEquals(1, partition.log().logStartOffset());
    assertEquals(0, partition.summary().sizeInBytes());
  }

  @Test
  void appliesAShorterRetentionToALogThatNobodyHasAskedFor() {
    LogConfig config = retaining(3_600_000);
    partition = newPartition(config);
    produce(TestBatches.batch(0, 1_000_000, 10), -1, -1);
    partition.stop(() -> {});
    disk.killProcess();
    partition = unopened(config);
    tickFor(40_000);

    partition.reconfigure(retaining(1_000));
    tickFor(40_000);

    assertEquals(1, partition.log().logStartOffset());
  }

  private void tickFor(long ms) {
    for (long passed = 0; passed < ms; passed += 1_000) {
      clock.setMs(clock.wallMs() + 1_000);
      partition.onTick();
      scheduler.run();
    }
  }

  private static LogConfig retaining(long ms) {
    return new LogConfig(1 << 20, 20_000, -1, ms, 1 << 20, LogConfig.Flush.NONE, 10_000, 1_000);
  }

  @Test
  void forgetsAProducerThatWasSilentForLong() {
    produce(idempotent(7, 0, 0, 3), -1, -1);
    produce(idempotent(8, 0, 0, 3), -1, -1);
    tickFor(40_000);
    produce(idempotent(8, 0, 3, 3), -1, -1);
    tickFor(40_000);

    assertEquals(
        ErrorCode.UNKNOWN_PRODUCER_ID, produce(idempotent(7, 0, 3, 1), -1, -1).error().code());
    assertArrayEquals(new long[] {6}, produce(idempotent(8, 0, 3, 3), -1, -1).baseOffsets());
  }

  @Test
  void answersEverybodyWhenItIsStopped() {
    partition = newPartition(config(1 << 20, LogConfig.Flush.ACK));
    List<ProduceResult> results = new ArrayList<>();
    List<String> told = new ArrayList<>();
    ByteBuf batch = TestBatches.batch(0, 1, 10);
    partition.produce(
        batch, 0, batch.readableBytes(), -1, Partition.ANY_EPOCH, 1_000, results::add);
    partition.awaitReadable(5, ReadEnd.HIGH_WATERMARK, () -> told.add("woken"));

    partition.stop(() -> told.add("stopped"));

    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(List.of("woken", "stopped"), told);
    assertEquals(ErrorCode.SHUTTING_DOWN, partition.checkAccess(Partition.ANY_EPOCH).code());
  }

  @Test
  void everyNewEpochEndsWhatIsAwaitedAlsoWhenTheLeaderStays() {
    partition = newPartition(config(1 << 20, LogConfig.Flush.ACK));
    List<ProduceResult> results = new ArrayList<>();
    List<String> told = new ArrayList<>();
    ByteBuf batch = TestBatches.batch(0, 1, 10);
    partition.produce(batch, 0, batch.readableBytes(), -1, EPOCH, 1_000, results::add);
    partition.awaitReadable(5, ReadEnd.HIGH_WATERMARK, () -> told.add("woken"));

    partition.onMetadata(leader(ME, EPOCH + 1));

    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(0, results.get(0).baseOffsets().length);
    assertEquals(List.of("woken"), told);
  }

  @Test
  void acceptsNothingBelowTheMinimumOfInSyncReplicas() {
    partition.onMetadata(metadata(ME, EPOCH + 1, List.of(ME), 2));

    ProduceResult refused = produce(TestBatches.batch(0, 1, 10), -1, Partition.ANY_EPOCH);

    assertEquals(ErrorCode.NOT_ENOUGH_REPLICAS, refused.error().code());
    assertEquals(
        "orders-0 has 1 replicas in sync, min.insync.replicas asks for 2",
        refused.error().message());
    assertEquals(0, partition.log().logEndOffset());
    assertNull(produce(TestBatches.batch(0, 1, 10), 1, Partition.ANY_EPOCH).error());
    assertEquals(0, partition.highWatermark(), "below the minimum, for any acks");
  }

  @Test
  void aDuplicateWaitsForTheSameReplicasAsItsRecords() {
    partition.onMetadata(metadata(ME, EPOCH + 1, List.of(ME, 2), 1));
    List<ProduceResult> results = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      ByteBuf batch = idempotent(7, 0, 0, 3);
      partition.produce(batch, 0, batch.readableBytes(), -1, -1, 1_000, results::add);
    }
    assertEquals(List.of(), results);

    partition.replica().onFollowerReport(new InSyncReplica(2, 1, new UUID(0, 2)), 3, 3, 0);
    ProduceResult third = produce(idempotent(7, 0, 0, 3), -1, -1);

    assertArrayEquals(new long[] {0}, third.baseOffsets());
  }

  @Test
  void theLatestOffsetIsNotToldBeforeTheNewLeaderKnowsIt() {
    produce(TestBatches.batch(0, 1, 10), -1, -1);
    assertNull(partition.checkLatest());

    partition.onMetadata(metadata(ME, EPOCH + 1, List.of(ME, 2), 1));
    produce(TestBatches.batch(0, 1, 10), 1, -1);
    assertNull(partition.checkLatest(), "the log ended at the high watermark");
    partition.onMetadata(metadata(ME, EPOCH + 2, List.of(ME, 2), 1));

    assertEquals(ErrorCode.LEADER_NOT_AVAILABLE, partition.checkLatest().code());
  }

  private static LogConfig config(int maxBatchBytes, LogConfig.Flush flush) {
    LogConfig defaults = LogConfig.defaults();
    return new LogConfig(
        defaults.segmentBytes(),
        defaults.segmentMs(),
        defaults.retentionBytes(),
        defaults.retentionMs(),
        maxBatchBytes,
        flush,
        defaults.flushIntervalRecords(),
        defaults.flushIntervalMs());
  }

  private ProduceResult produce(ByteBuf batches, int acks, int expectedEpoch) {
    List<ProduceResult> results = new ArrayList<>();
    partition.produce(
        batches, 0, batches.readableBytes(), acks, expectedEpoch, 1_000, results::add);
    assertEquals(1, results.size());
    return results.get(0);
  }

  private List<TestBatches.ReadBatch> read(long offset) {
    ByteBuf out = Unpooled.buffer();
    assertNull(partition.read(offset, ReadEnd.HIGH_WATERMARK, 1 << 20, out));
    return TestBatches.parse(out);
  }

  private static ByteBuf idempotent(long producerId, int epoch, int sequence, int records) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    for (int i = 0; i < records; i++) {
      builder.append(1_000, null, new byte[] {1, 2, 3}, List.of());
    }
    int size = builder.finish(producerId, (short) epoch, sequence);
    ByteBuf batch = Unpooled.buffer(size).writeBytes(builder.array(), 0, size);
    RecordBatch.place(batch, 0, 0, 0);
    return batch;
  }
}
