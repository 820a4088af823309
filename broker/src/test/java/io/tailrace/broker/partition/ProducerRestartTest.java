package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a partition on disk knows of its producers after a stop, in order or not. */
class ProducerRestartTest {
  private static final int PAYLOAD_BYTES = 4_000;
  private static final LogId ID = new LogId(new UUID(1, 2), 0);
  private static final LogConfig CONFIG =
      new LogConfig(64 << 10, 3_600_000, -1, -1, 1 << 18, LogConfig.Flush.NONE, 10_000, 1_000);

  @TempDir Path directory;
  private final OwnerThread owner = new OwnerThread("owner");
  private Path data;
  private LogStore store;
  private Partition partition;

  @BeforeEach
  void begin() {
    data = directory.resolve("0");
    open();
  }

  @AfterEach
  void end() {
    close();
    owner.close();
  }

  private void open() {
    store = ChronicleLogStore.open(data, Clock.SYSTEM);
    partition =
        new Partition(
            "orders",
            ID,
            CONFIG,
            owner,
            SingleBroker.services(1, store, Clock.SYSTEM, new Upkeep(30_000, 60_000)));
    CompletableFuture<Void> ready = new CompletableFuture<>();
    owner.run(
        () -> {
          partition.onMetadata(
              new PartitionMetadata(
                  1, 1, 0, List.of(1), List.of(new InSyncReplica(1, 1, new UUID(0, 1))), 1));
          partition.whenReady(() -> ready.complete(null));
        });
    OwnerThread.await(ready);
    assertNull(owner.call(() -> partition.checkAccess(Partition.ANY_EPOCH)));
  }

  private void close() {
    owner.run(() -> partition.stop(() -> {}));
    store.close();
  }

  /** What a killed process leaves is a directory whose lock is free: a copy of it is that. */
  private void kill() throws IOException {
    owner.run(() -> partition.log().sync());
    Path copy = directory.resolve(data.getFileName() + "k");
    CompletableFuture<Void> synced = new CompletableFuture<>();
    awaitSynced(synced);
    OwnerThread.await(synced);
    owner.run(
        () -> {
          try (Stream<Path> paths = Files.walk(data)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
              Files.copy(path, copy.resolve(data.relativize(path)));
            }
          }
        });
    close();
    data = copy;
  }

  /** Everything that was sealed before is on disk then. */
  private void awaitSynced(CompletableFuture<Void> synced) {
    owner.execute(
        () -> {
          if (partition.log().syncedEndOffset() == partition.log().logEndOffset()) {
            synced.complete(null);
          } else {
            awaitSynced(synced);
          }
        });
  }

  private ProduceResult produce(long producerId, int sequence) {
    ProduceResult outcome = produce(batch(producerId, sequence));
    return outcome.error() != null && outcome.error().code() == ErrorCode.OVERLOADED
        ? produce(producerId, sequence)
        : outcome;
  }

  private ProduceResult produce(ByteBuf batches) {
    CompletableFuture<ProduceResult> result = new CompletableFuture<>();
    owner.run(
        () ->
            partition.produce(
                batches,
                0,
                batches.readableBytes(),
                -1,
                Partition.ANY_EPOCH,
                1_000,
                result::complete));
    return OwnerThread.await(result);
  }

  private void checkAppended(long offset, ProduceResult result) {
    assertNull(result.error());
    assertArrayEquals(new long[] {offset}, result.baseOffsets());
  }

  private static ByteBuf batch(long producerId, int sequence) {
    RecordBatchBuilder builder = new RecordBatchBuilder(PAYLOAD_BYTES + 200);
    builder.append(1_000, null, new byte[PAYLOAD_BYTES], List.of());
    int size = builder.finish(producerId, (short) 0, sequence);
    ByteBuf batch =
        TestBatches.backToBack(List.of(Unpooled.wrappedBuffer(builder.array(), 0, size)));
    RecordBatch.place(batch, 0, 0, 0);
    return batch;
  }

  /** Three segments and more: one early producer, one that goes on. */
  private void fill() {
    checkAppended(0, produce(7, 0));
    for (int i = 0; i < 50; i++) {
      checkAppended(1 + i, produce(8, i));
    }
  }

  private void checkRemembersAll() {
    checkAppended(0, produce(7, 0));
    checkAppended(1, produce(8, 0));
    checkAppended(50, produce(8, 49));
    checkAppended(51, produce(8, 50));
    assertEquals(52L, owner.call(() -> partition.log().logEndOffset()));
  }

  private List<Path> snapshots() throws IOException {
    try (Stream<Path> paths = Files.walk(data)) {
      return paths.filter(path -> path.endsWith("snapshot")).sorted().toList();
    }
  }

  /** Flips a bit in every batch of the oldest segment: whoever reads them, cannot. */
  private void damageOldestSegment() throws IOException {
    Path file =
        data.resolve("logs")
            .resolve(ID.toString())
            .resolve(String.format("%020d", 0))
            .resolve("19700101seg.cq4");
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      for (long at = PAYLOAD_BYTES / 2; at < 64 << 10; at += PAYLOAD_BYTES / 2) {
        bytes.seek(at);
        int before = bytes.read();
        bytes.seek(at);
        bytes.write(before ^ 1);
      }
    }
  }

  @Test
  void remembersProducersThroughAKillWithoutReadingWhatIsSealed() throws IOException {
    fill();
    kill();
    damageOldestSegment();
    open();
    checkRemembersAll();
  }

  @Test
  void remembersProducersOfARequestThatFilledSeveralSegments() throws IOException {
    checkAppended(0, produce(7, 0));
    int done = 0;
    while (done < 50) { // less than all of it is appended where the next segment is not ready yet
      List<ByteBuf> batches = new ArrayList<>();
      for (int sequence = done; sequence < 50; sequence++) {
        batches.add(batch(8, sequence));
      }
      long[] offsets = produce(TestBatches.backToBack(batches)).baseOffsets();
      for (int i = 0; i < offsets.length; i++) {
        assertEquals(1 + done + i, offsets[i]);
      }
      done += offsets.length;
    }
    kill();
    damageOldestSegment();
    open();
    checkRemembersAll();
  }

  @Test
  void remembersProducersThroughACloseWithoutReadingAnything() throws IOException {
    fill();
    close();
    damageOldestSegment();
    open();
    checkRemembersAll();
  }

  @Test
  void readsTheLogWhenSnapshotsAreDamaged() throws IOException {
    fill();
    kill();
    List<Path> snapshots = snapshots();
    assertTrue(snapshots.size() >= 2, "there are " + snapshots);
    for (Path snapshot : snapshots) {
      byte[] bytes = Files.readAllBytes(snapshot);
      bytes[bytes.length / 2] ^= 4;
      Files.write(snapshot, bytes);
    }
    open();
    checkRemembersAll();
  }

  @Test
  void readsTheLogFromAnOlderSnapshotWhenTheNewestIsMissing() throws IOException {
    fill();
    kill();
    List<Path> snapshots = snapshots();
    Files.delete(snapshots.get(snapshots.size() - 1));
    damageOldestSegment();
    open();
    checkRemembersAll();
  }

  @Test
  void servesALogWhoseProducersCannotAllBeFoundOut() throws IOException {
    fill();
    kill();
    for (Path snapshot : snapshots()) {
      Files.delete(snapshot);
    }
    damageOldestSegment();
    open();
    assertEquals(ErrorCode.UNKNOWN_PRODUCER_ID, produce(7, 1).error().code());
    checkAppended(50, produce(8, 49));
    checkAppended(51, produce(8, 50));
  }
}
