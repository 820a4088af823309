package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.RecordingListener;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.log.TestBatches.ReadBatch;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * Checks some logs, then appends to them, cuts them off and moves their starts until it is killed.
 * In a file beside them it says what must be there afterwards: a log's acknowledged end and its
 * start.
 *
 * <p>A batch's content follows from its offset and its leader epoch, which grows with each cut: an
 * older epoch behind a newer one is a batch that had been cut off.
 */
public final class KilledWriter implements AutoCloseable {
  private static final int LOGS = 4;
  private static final int MAX_RECORDS = 3;
  private static final LogConfig CONFIG =
      new LogConfig(150_000, 3_600_000, -1, -1, 1 << 18, LogConfig.Flush.NONE, 10_000, 1_000);

  private final OwnerThread owner = new OwnerThread("owner");
  private final ChronicleLogStore store;
  private final List<PartitionLog> logs = new ArrayList<>();
  private final int[] epochs = new int[LOGS];
  private final MappedByteBuffer acknowledged;

  KilledWriter(Path directory) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("acknowledged"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      acknowledged = file.map(FileChannel.MapMode.READ_WRITE, 0, 16L * LOGS);
    }
    store = ChronicleLogStore.open(directory.resolve("data"), Clock.SYSTEM);
    for (int i = 0; i < LOGS; i++) {
      logs.add(
          OwnerThread.await(
              store.open(new LogId(new UUID(7, 7), i), CONFIG, owner, new RecordingListener())));
    }
  }

  public static void main(String[] arguments) throws IOException {
    Path directory = Path.of(arguments[0]);
    KilledWriter writer = new KilledWriter(directory);
    writer.check();
    Files.createFile(directory.resolve("go"));
    writer.write(new SplittableRandom(Long.parseLong(arguments[1])));
  }

  /** Whether the store that was opened had been closed in order. */
  boolean wasClean() {
    return store.wasClean();
  }

  /** Reads all logs to their ends; fails when something is missing, damaged or too much. */
  void check() {
    owner.run(
        () -> {
          for (int i = 0; i < LOGS; i++) {
            check(i);
          }
        });
  }

  private void check(int i) {
    PartitionLog log = logs.get(i);
    long end = log.logEndOffset();
    require(end >= acknowledged.getLong(16 * i), "log " + i + " ends at " + end);
    require(
        log.logStartOffset() <= Math.max(0, acknowledged.getLong(16 * i + 8)),
        "log " + i + " starts at " + log.logStartOffset());
    long offset = log.logStartOffset();
    while (offset < end) {
      ByteBuf out = Unpooled.buffer();
      int copied = log.read(offset, Long.MAX_VALUE, 1 << 20, out);
      require(copied > 0, "log " + i + " cannot be read at " + offset);
      int index = 0;
      for (ReadBatch batch : TestBatches.parse(out)) {
        require(
            offset == log.logStartOffset() || batch.baseOffset() == offset,
            "log " + i + " has " + batch + " at " + offset);
        require(batch.leaderEpoch() >= epochs[i], "log " + i + " has " + batch + " again");
        ByteBuf expected = batch(batch.baseOffset(), batch.leaderEpoch());
        require(
            expected.equals(out.slice(index, batch.sizeInBytes())),
            "log " + i + " has other bytes in " + batch);
        epochs[i] = batch.leaderEpoch();
        offset = batch.nextOffset();
        index += batch.sizeInBytes();
      }
    }
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }

  private void write(SplittableRandom random) {
    for (int i = 0; i < LOGS; i++) {
      epochs[i]++;
    }
    while (true) {
      int i = random.nextInt(LOGS);
      PartitionLog log = logs.get(i);
      int action = random.nextInt(100);
      if (action < 2) {
        long to = Math.max(log.logStartOffset(), log.logEndOffset() - random.nextInt(40));
        long batchBefore = to - MAX_RECORDS;
        acknowledged.putLong(16 * i, Math.min(acknowledged.getLong(16 * i), batchBefore));
        owner.run(() -> log.truncateTo(to));
        epochs[i]++;
      } else if (action < 3) {
        long to = log.logStartOffset() + (log.logEndOffset() - log.logStartOffset()) / 3;
        acknowledged.putLong(16 * i + 8, to);
        owner.run(() -> log.advanceLogStartOffset(to));
      } else if (action < 4) {
        owner.run(log::sync);
      } else {
        List<ByteBuf> batches = new ArrayList<>();
        long end = log.logEndOffset();
        for (int together = 1 + random.nextInt(4); together > 0; together--) {
          ByteBuf batch = batch(end, epochs[i]);
          end = RecordBatch.nextOffset(batch, 0);
          batches.add(batch);
        }
        TestBatches.append(owner, log, TestBatches.backToBack(batches));
        acknowledged.putLong(16 * i, end);
      }
    }
  }

  private static ByteBuf batch(long baseOffset, int epoch) {
    SplittableRandom random = new SplittableRandom(baseOffset * 31 + epoch);
    int payloadBytes = random.nextInt(10) == 0 ? random.nextInt(60_000) : random.nextInt(3_000);
    long[] timestampsMs = random.longs(1 + random.nextInt(MAX_RECORDS), 0, 1_000_000).toArray();
    ByteBuf batch = TestBatches.batch(baseOffset, CompressionType.NONE, payloadBytes, timestampsMs);
    RecordBatch.place(batch, 0, baseOffset, epoch);
    return batch;
  }

  @Override
  public void close() {
    owner.run(() -> logs.forEach(PartitionLog::close));
    store.close();
    owner.close();
  }
}
