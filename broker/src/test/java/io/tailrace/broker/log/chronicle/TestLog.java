package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.RecordingListener;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.log.TestBatches.ReadBatch;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** A store with one log in it, and what the tests do with them. Confined to the test's thread. */
final class TestLog implements AutoCloseable {
  static final LogId ID = new LogId(new UUID(1, 2), 3);
  private static final int CHUNK_BYTES = 256 * 1024;

  final OwnerThread owner = new OwnerThread("owner");
  final RecordingListener listener = new RecordingListener();
  final ChronicleLogStore store;
  final PartitionLog log;
  private boolean closed;

  TestLog(Path data, LogConfig config) {
    this(data, config, StoreLimits.withFreeSpaceFloor(0), Device.REAL);
  }

  TestLog(Path data, LogConfig config, StoreLimits limits, Device device) {
    store = ChronicleLogStore.open(data, Clock.SYSTEM, limits, device);
    log = OwnerThread.await(store.open(ID, config, owner, listener));
  }

  static LogConfig config(long segmentBytes) {
    return config(segmentBytes, LogConfig.Flush.NONE);
  }

  static LogConfig config(long segmentBytes, LogConfig.Flush flush) {
    return new LogConfig(segmentBytes, 3_600_000, -1, -1, 1 << 20, flush, 10_000, 1_000);
  }

  static Path directory(Path data) {
    return data.resolve("logs").resolve(ID.toString());
  }

  static Path segment(Path data, long baseOffset) {
    return directory(data).resolve(LogFiles.segmentName(baseOffset));
  }

  static Path queueFile(Path data, long baseOffset) {
    return segment(data, baseOffset).resolve(LogFiles.QUEUE);
  }

  /** Takes away what says that the segment was closed in order: a killed process leaves it so. */
  static void pretendKilled(Path data, long baseOffset) throws IOException {
    Files.deleteIfExists(directory(data).resolve(LogFiles.LOG_END));
    Files.deleteIfExists(segment(data, baseOffset).resolve(LogFiles.CLEAN));
  }

  void append(ByteBuf batch) {
    TestBatches.append(owner, log, batch);
  }

  /** Appends so many batches of one record each. */
  void append(int count, int payloadBytes) {
    for (int i = 0; i < count; i++) {
      long offset = end();
      append(TestBatches.batch(offset, 1_000 + offset, payloadBytes));
    }
  }

  long end() {
    return owner.call(log::logEndOffset);
  }

  /** Reads everything from the offset on, and compares it with what was made for these offsets. */
  void checkContent(long from, long to, int payloadBytes) {
    List<Long> offsets = new ArrayList<>();
    long offset = from;
    while (offset < to) {
      ByteBuf out = Unpooled.buffer();
      long at = offset;
      owner.run(() -> log.read(at, to, CHUNK_BYTES, out));
      int index = 0;
      for (ReadBatch batch : TestBatches.parse(out)) {
        ByteBuf expected =
            TestBatches.batch(batch.baseOffset(), 1_000 + batch.baseOffset(), payloadBytes);
        assertEquals(expected, out.slice(index, batch.sizeInBytes()));
        offsets.add(batch.baseOffset());
        index += batch.sizeInBytes();
        offset = batch.nextOffset();
      }
      if (index == 0) {
        break;
      }
    }
    List<Long> expected = new ArrayList<>();
    for (long i = from; i < to; i++) {
      expected.add(i);
    }
    assertEquals(expected, offsets);
  }

  /**
   * Reads all that can be read from the offset on, goes on behind what is lost, and compares each
   * batch with what was made for its offset.
   *
   * @return the offsets that were read
   */
  List<Long> readable(long from, int payloadBytes) {
    List<Long> offsets = new ArrayList<>();
    long end = end();
    long offset = from;
    while (offset < end) {
      ByteBuf out = Unpooled.buffer();
      long at = offset;
      try {
        owner.run(() -> log.read(at, end, CHUNK_BYTES, out));
      } catch (LogException e) {
        assertEquals(ErrorCode.CORRUPT_LOG, e.code());
        assertTrue(e.resumeOffset() > at && e.resumeOffset() <= end, e.getMessage());
        offset = e.resumeOffset();
        continue;
      }
      assertTrue(out.isReadable(), "nothing comes from " + at + ", the log ends at " + end);
      int index = 0;
      for (ReadBatch batch : TestBatches.parse(out)) {
        ByteBuf expected =
            TestBatches.batch(batch.baseOffset(), 1_000 + batch.baseOffset(), payloadBytes);
        assertEquals(expected, out.slice(index, batch.sizeInBytes()));
        offsets.add(batch.baseOffset());
        index += batch.sizeInBytes();
        offset = batch.nextOffset();
      }
    }
    return offsets;
  }

  static List<Long> range(long from, long to) {
    return LongStream.range(from, to).boxed().toList();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      owner.run(log::close);
      store.close();
      owner.close();
    }
  }

  static List<String> names(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }
}
