package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a partition acknowledges when its log fails, recovers, or is not ready. */
class AcknowledgementTest {
  private static final int ME = 1;
  private static final LogId ID = new LogId(new UUID(1, 2), 0);

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryDisk disk = new InMemoryDisk(clock);
  private final TroubledStore store = new TroubledStore(new InMemoryLogStore(disk));
  private final List<ProduceResult> results = new ArrayList<>();
  private Partition partition;

  /** A store whose logs break or are not ready at an append. */
  private static final class TroubledStore extends ForwardingLogStore {
    private int appends;
    private int breakAt;
    private int notReadyAt;
    private PartitionLog.Listener listener;

    TroubledStore(LogStore to) {
      super(to);
    }

    @Override
    public CompletionStage<PartitionLog> open(
        LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener toTell) {
      listener = toTell;
      return super.open(id, config, owner, toTell).thenApply(this::troubled);
    }

    private PartitionLog troubled(PartitionLog log) {
      return (PartitionLog)
          Proxy.newProxyInstance(
              PartitionLog.class.getClassLoader(),
              new Class<?>[] {PartitionLog.class},
              (proxy, method, args) -> {
                if (method.getName().equals("append")) {
                  appends++;
                  if (appends == breakAt) {
                    throw new LogException(ErrorCode.STORAGE_ERROR, "broken");
                  }
                  if (appends == notReadyAt) {
                    throw new LogException(ErrorCode.OVERLOADED, "not ready");
                  }
                }
                try {
                  return method.invoke(log, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }

  private void lead(LogConfig.Flush flush) {
    partition = newPartition(flush, store);
    scheduler.run();
  }

  private Partition newPartition(LogConfig.Flush flush, LogStore from) {
    LogConfig d = LogConfig.defaults();
    LogConfig config =
        new LogConfig(d.segmentBytes(), d.segmentMs(), -1, -1, 1 << 20, flush, 10_000, 1_000);
    Partition made =
        new Partition(
            "orders",
            ID,
            config,
            scheduler,
            SingleBroker.services(ME, from, clock, new Upkeep(10_000, 60_000)));
    made.onMetadata(leadingUnder(1));
    made.whenReady(() -> {});
    return made;
  }

  private static PartitionMetadata leadingUnder(int epoch) {
    return new PartitionMetadata(
        ME, epoch, 0, List.of(ME), List.of(new InSyncReplica(ME, 1, new UUID(0, ME))), 1);
  }

  private void produce(ByteBuf... batches) {
    ByteBuf all = Unpooled.wrappedBuffer(batches).copy();
    partition.produce(all, 0, all.readableBytes(), -1, Partition.ANY_EPOCH, 1_000, results::add);
  }

  private static ByteBuf idempotent(int sequence) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    builder.append(1_000, null, new byte[] {1, 2, 3}, List.of());
    int size = builder.finish(7, (short) 0, sequence);
    return Unpooled.buffer(size).writeBytes(builder.array(), 0, size);
  }

  @Test
  void whatIsNotSyncedIsNotAcknowledgedWhenTheNextBatchBreaksTheLog() {
    store.breakAt = 2;
    lead(LogConfig.Flush.ACK);

    produce(TestBatches.batch(0, 10, 100), TestBatches.batch(0, 11, 50));

    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(0, results.get(0).baseOffsets().length);
  }

  @Test
  void nothingOfARequestThatBreaksTheLogIsAcknowledgedWhateverTheFlushSetting() {
    store.breakAt = 2;
    lead(LogConfig.Flush.NONE);

    produce(TestBatches.batch(0, 10, 100), TestBatches.batch(0, 11, 50));

    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(0, results.get(0).baseOffsets().length);
    assertEquals(0, partition.highWatermark());
  }

  @Test
  void aDuplicateThatWasCommittedIsAcknowledgedThoughTheBatchBehindItBreaksTheLog() {
    store.breakAt = 2;
    lead(LogConfig.Flush.NONE);
    produce(idempotent(0));

    produce(idempotent(0), idempotent(1));

    assertArrayEquals(new long[] {0}, results.get(1).baseOffsets());
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(1).error().code());
  }

  @Test
  void aLogThatFailedStaysOffline() {
    lead(LogConfig.Flush.ACK);
    disk.failSyncs(1);
    produce(idempotent(0));
    scheduler.run();
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());

    clock.setMs(clock.wallMs() + 3_600_000);
    partition.whenReady(() -> produce(idempotent(0)));
    scheduler.run();

    assertEquals(ErrorCode.STORAGE_ERROR, results.get(1).error().code());
    assertEquals(
        "orders-0 is offline until the broker is restarted; mend the disk first: log "
            + ID
            + " could not be synced",
        results.get(1).error().message());
  }

  @Test
  void aRepeatedBatchIsNotAcknowledgedBeforeTheRecoveredOneIsSynced() {
    lead(LogConfig.Flush.ACK);
    produce(idempotent(0));
    assertEquals(List.of(), results);
    disk.killProcess();

    partition = newPartition(LogConfig.Flush.ACK, new InMemoryLogStore(disk));
    partition.whenReady(() -> produce(idempotent(0)));
    while (!partition.isOpen()) {
      scheduler.runOne();
    }
    assertEquals(List.of(), results);
    assertEquals(0, partition.highWatermark());

    scheduler.run();
    assertNull(results.get(0).error());
    assertArrayEquals(new long[] {0}, results.get(0).baseOffsets());
    assertEquals(1, partition.highWatermark());
  }

  @Test
  void requestsKeepTheirOrderWhileTheLogPreparesItsNextFiles() {
    store.notReadyAt = 2;
    lead(LogConfig.Flush.NONE);
    produce(idempotent(0));

    produce(TestBatches.batch(0, 1, 10), TestBatches.batch(0, 2, 10));
    produce(idempotent(1));
    assertEquals(1, results.size());

    store.listener.onAppendable();
    assertEquals(3, results.size());
    assertArrayEquals(new long[] {1, 2}, results.get(1).baseOffsets());
    assertArrayEquals(new long[] {3}, results.get(2).baseOffsets());
  }

  @Test
  void aLogThatFailsUnderARequestThatWaitedAnswersEachRequestOnceAndInOrder() {
    store.notReadyAt = 1;
    store.breakAt = 2;
    lead(LogConfig.Flush.NONE);
    produce(idempotent(0));
    produce(idempotent(1));
    assertEquals(List.of(), results);

    store.listener.onAppendable();
    scheduler.run();

    assertEquals(2, results.size());
    // Some of the first one may be in the log's files, nothing of the second one is.
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(ErrorCode.STORAGE_ERROR, results.get(1).error().code());
  }

  @Test
  void aRequestThatWasHalfAppendedWhenItsEpochEndedIsOfUnknownOutcome() {
    lead(LogConfig.Flush.NONE);
    store.notReadyAt = 2;
    produce(idempotent(0), TestBatches.batch(0, 2, 10));
    produce(idempotent(1));
    assertEquals(List.of(), results);

    partition.onMetadata(leadingUnder(2));
    assertEquals(1, results.size());
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, results.get(0).error().code());
    assertEquals(0, results.get(0).baseOffsets().length);

    store.listener.onAppendable();
    assertArrayEquals(new long[] {1}, results.get(1).baseOffsets());
  }

  @Test
  void actionsThatOthersBringWhileTheyRunDoNotOvertakeThoseThatWait() {
    partition = newPartition(LogConfig.Flush.NONE, store);
    List<String> order = new ArrayList<>();
    partition.whenReady(
        () -> {
          order.add("first");
          partition.whenReady(() -> order.add("third"));
        });
    partition.whenReady(() -> order.add("second"));

    scheduler.run();

    assertEquals(List.of("first", "second", "third"), order);
  }
}
