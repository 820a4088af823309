package io.tailrace.benchmarks.micro;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Appends a batch to a log on disk, and reads a megabyte from the page cache. Waiting for a segment
 * that is not ready counts; older segments go, so that the disk does not fill. The log lies below
 * {@code java.io.tmpdir}: set it to the disk that matters.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LogAccess {
  private static final int READ_BYTES = 1 << 20;
  private static final long SEGMENT_BYTES = 256L << 20;
  private static final long FILLED_BYTES = 128L << 20;
  private static final int APPENDS_BETWEEN_RETENTIONS = 1024;

  @Param({"16384", "131072"})
  public int batchBytes;

  private Path directory;
  private ChronicleLogStore store;
  private PartitionLog log;
  private OwnerQueue owner;
  private ByteBuf batch;
  private int recordsPerBatch;
  private ByteBuf out;
  private long readOffset;
  private int appends;

  @Setup
  public void setUp() throws IOException {
    directory = Files.createTempDirectory("log-access");
    owner = new OwnerQueue();
    store = ChronicleLogStore.open(directory, Clock.SYSTEM);
    LogConfig defaults = LogConfig.defaults();
    LogConfig config =
        new LogConfig(
            SEGMENT_BYTES,
            defaults.segmentMs(),
            2 * SEGMENT_BYTES,
            defaults.retentionMs(),
            defaults.maxBatchBytes(),
            defaults.flush(),
            defaults.flushIntervalRecords(),
            defaults.flushIntervalMs());
    CompletableFuture<PartitionLog> opening =
        store
            .open(new LogId(new UUID(1, 1), 0), config, owner, new Unforgiving())
            .toCompletableFuture();
    while (!opening.isDone()) {
      owner.drain();
    }
    log = opening.join();
    buildBatch();
    out = Unpooled.directBuffer(2 * READ_BYTES);
    for (long filled = 0; filled < FILLED_BYTES; filled += batchBytes) {
      append();
    }
    readOffset = log.logStartOffset();
  }

  private void buildBatch() {
    RecordBatchBuilder builder = new RecordBatchBuilder(batchBytes);
    byte[] value = BatchBuilding.halfNoise(1024);
    while (builder.hasRoomFor(RecordBatchBuilder.upperBound(null, value, List.of()), batchBytes)) {
      builder.append(System.currentTimeMillis(), null, value, List.of());
    }
    recordsPerBatch = builder.count();
    int size = builder.finish(-1, (short) -1, -1);
    batch = Unpooled.directBuffer(size).writeBytes(builder.array(), 0, size);
  }

  @TearDown
  public void tearDown() throws IOException {
    owner.drain();
    log.close();
    store.close();
    batch.release();
    out.release();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Benchmark
  public long append() {
    RecordBatch.place(batch, 0, log.logEndOffset(), 1);
    while (!tryAppend()) {
      owner.drain();
      Thread.onSpinWait();
    }
    if (++appends % APPENDS_BETWEEN_RETENTIONS == 0) {
      owner.drain();
      log.applyRetention(System.currentTimeMillis(), log.logEndOffset());
    }
    return log.logEndOffset();
  }

  private boolean tryAppend() {
    try {
      log.append(batch, 0, batch.readableBytes());
      return true;
    } catch (LogException e) {
      if (e.code() == ErrorCode.OVERLOADED) {
        return false;
      }
      throw e;
    }
  }

  @Benchmark
  public int read() {
    long end = log.logEndOffset();
    out.clear();
    int bytes = log.read(readOffset, end, READ_BYTES, out);
    long batches = bytes / batch.readableBytes();
    readOffset += batches * recordsPerBatch;
    if (readOffset >= end) {
      readOffset = log.logStartOffset();
    }
    return bytes;
  }

  /** Ends the benchmark when the log fails. */
  private static final class Unforgiving implements PartitionLog.Listener {
    @Override
    public void onSynced(long syncedEndOffset) {
      // Nothing waits for syncs here.
    }

    @Override
    public void onFailure(LogException failure) {
      throw failure;
    }
  }
}
