package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a power cut or a stray write may leave of a segment's files: the log opens, soon, with every
 * batch that is intact, and what is appended then can be read, also after another start.
 */
class TornFileTest {
  private static final int COUNT = 100;
  private static final int PAYLOAD_BYTES = 16_000;
  private static final int SEGMENT_BYTES = 8 << 20;
  private static final long SOON_MS = 5_000;

  @TempDir Path directory;

  /** The offsets of the batches that the damage did not touch. */
  private List<Long> intact;

  /** Something that happens to a segment's files. */
  @FunctionalInterface
  interface Damage {
    void to(SegmentFiles files) throws IOException;
  }

  static Stream<Arguments> damages() {
    return Stream.of(
        damage("none", COUNT, files -> {}),
        damage("cut within the last batch", COUNT, f -> f.truncate(f.position(99) + 5_000)),
        damage("cut within the file", 51, f -> f.truncate(f.position(50) + 5_000)),
        damage("cut within a header", 50, f -> f.truncate(f.position(50) + 2)),
        damage("cut behind a header", 50, f -> f.truncate(f.position(50) + 4)),
        damage("cut within the queue's head", 0, f -> f.truncate(3_000)),
        damage("empty", 0, f -> f.truncate(0)),
        damage("missing", 0, f -> Files.delete(f.queue)),
        damage("last pages zeroed", 99, f -> f.zero(page(f.position(98)) + 4_096, 40_000)),
        damage("zeroed from the middle on", 70, f -> f.zero(f.position(70), 1 << 20)),
        damage("hole in the middle", COUNT, f -> f.zero(page(f.position(50)), 65_536)),
        damage(
            "page within a batch zeroed", COUNT, f -> f.zero(page(f.position(50)) + 4_096, 4_096)),
        damage("header zeroed", COUNT, f -> f.putInt(f.position(70), 0)),
        damage("header not complete", COUNT, f -> f.putInt(f.position(70), 0x8000_3f00)),
        damage("header all ones", COUNT, f -> f.putInt(f.position(70), -1)),
        damage("header of garbage length", COUNT, f -> f.putInt(f.position(70), 0x3fff_fff0)),
        damage("header too long", COUNT, f -> f.putInt(f.position(70), 900_000)),
        damage("header too short", COUNT, f -> f.putInt(f.position(70), 1_000)),
        damage("header of metadata", COUNT, f -> f.putInt(f.position(70), 0x7fff_fff0)),
        damage("end of file mark behind the end", COUNT, f -> f.putInt(f.end(), 0xC000_0000)),
        damage("garbage behind the end", COUNT, f -> f.garbage(f.end(), 20_000)),
        damage("flipped payload bit", COUNT, f -> f.flip(f.position(70) + 4_000)),
        damage("flipped bit in the running maximum", COUNT, f -> f.flip(f.position(70) + 9)),
        damage("flipped bit in a leader epoch", COUNT, f -> f.flip(f.position(70) + 30)),
        damage("flipped bit in a base offset", COUNT, f -> f.flip(f.position(70) + 17)),
        damage("first page zeroed", COUNT, f -> f.zero(0, 4_096)),
        damage("garbage in the first page", COUNT, f -> f.garbage(0, 4_096)),
        damage("index pages zeroed", COUNT, f -> f.zero(4_096, 12_288)),
        damage("garbage in the index pages", COUNT, f -> f.garbage(200, 16_000)),
        damage("stale write position", COUNT, SegmentFiles::staleWritePosition),
        damage("metadata missing", COUNT, f -> Files.delete(f.metadata)),
        damage("metadata empty", COUNT, f -> Files.write(f.metadata, new byte[0])),
        damage("metadata of zeros", COUNT, f -> Files.write(f.metadata, new byte[65_536])),
        damage("metadata of garbage", COUNT, f -> Files.write(f.metadata, randomBytes(65_536))));
  }

  /**
   * @param end where the log ends when it is found so after its process was killed
   */
  private static Arguments damage(String name, int end, Damage damage) {
    return Arguments.of(name, end, damage);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  void opensWithEveryBatchThatIsIntact(String name, int end, Damage damage) throws IOException {
    Path data = damagedSegment(damage);
    TestLog.pretendKilled(data, 0);
    long before = System.nanoTime();
    List<Long> readable = new ArrayList<>(intact);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(end, log.end());
      log.append(1, PAYLOAD_BYTES);
      readable.add((long) end);
      assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
      long tookMs = (System.nanoTime() - before) / 1_000_000;
      assertTrue(tookMs < SOON_MS, "took " + tookMs + " ms");
      log.append(20, PAYLOAD_BYTES);
      readable.addAll(TestLog.range(end + 1L, end + 21L));
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertTrue(log.store.wasClean());
      assertEquals(end + 21, log.end());
      assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
    }
  }

  /** The damage is behind the back of a log that was closed in order, and so is not looked for. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("damages")
  void appendsAfterACleanStopWhateverHappenedToTheFile(String name, int end, Damage damage)
      throws IOException {
    Path data = damagedSegment(damage);
    long before = System.nanoTime();
    List<Long> readable = new ArrayList<>(intact);
    readable.addAll(TestLog.range(COUNT, COUNT + 5));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(COUNT, log.end());
      log.append(5, PAYLOAD_BYTES);
      long tookMs = (System.nanoTime() - before) / 1_000_000;
      assertTrue(tookMs < SOON_MS, "took " + tookMs + " ms");
      assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
    }
  }

  private Path damagedSegment(Damage damage) throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(COUNT, PAYLOAD_BYTES);
    }
    SegmentFiles files = new SegmentFiles(data);
    byte[] before = Files.readAllBytes(files.queue);
    damage.to(files);
    intact = files.sameAs(before);
    return data;
  }

  @Test
  void removesASegmentThatWasBeingMadeWhenTheProcessWasKilled() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 100);
    }
    Path half = TestLog.directory(data).resolve("next.tmp");
    Files.createDirectory(half);
    Files.write(half.resolve(LogFiles.QUEUE), randomBytes(100));
    Path gone = TestLog.directory(data).resolve("00000000000000000009-1.deleted");
    Files.createDirectory(gone);
    Files.write(gone.resolve(LogFiles.QUEUE), randomBytes(100));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(3, log.end());
      assertTrue(Files.notExists(half) && Files.notExists(gone));
    }
  }

  @Test
  void removesANewSegmentWithoutABatch() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.append(20, 10_000);
    }
    Files.createDirectory(TestLog.segment(data, 20));
    SegmentTemplate.make(directory.resolve("t")).writeQueue(TestLog.segment(data, 20));
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      assertEquals(20, log.end());
      assertTrue(Files.notExists(TestLog.segment(data, 20)));
      log.append(5, 10_000);
      log.checkContent(0, 25, 10_000);
    }
  }

  @Test
  void scansEverySegmentThatWasNotSealedWhenTheProcessWasKilledAsItRolled() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.append(25, 10_000);
    }
    Files.delete(TestLog.directory(data).resolve(LogFiles.LOG_END));
    for (String name : TestLog.names(TestLog.directory(data))) {
      Files.deleteIfExists(TestLog.directory(data).resolve(name).resolve(LogFiles.SEALED));
      Files.deleteIfExists(TestLog.directory(data).resolve(name).resolve(LogFiles.CLEAN));
    }
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      assertEquals(25, log.end());
      log.append(3, 10_000);
      log.checkContent(0, 28, 10_000);
    }
  }

  @Test
  void scansASegmentWhoseSealIsDamaged() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.append(25, 10_000);
    }
    Path seal = TestLog.segment(data, 0).resolve(LogFiles.SEALED);
    byte[] bytes = Files.readAllBytes(seal);
    bytes[30] ^= 4;
    Files.write(seal, bytes);
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.checkContent(0, 25, 10_000);
    }
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.checkContent(0, 25, 10_000);
    }
  }

  @Test
  void keepsSegmentsThatFollowALostTail() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      log.append(25, 10_000);
    }
    Files.delete(TestLog.segment(data, 0).resolve(LogFiles.SEALED));
    try (FileChannel file =
        FileChannel.open(TestLog.queueFile(data, 0), StandardOpenOption.WRITE)) {
      file.truncate(60_000);
    }
    List<Long> readable = new ArrayList<>(TestLog.range(0, 4));
    readable.addAll(TestLog.range(9, 28));
    for (int start = 0; start < 2; start++) {
      try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
        log.append(28 - (int) log.end(), 10_000);
        assertEquals(readable, log.readable(0, 10_000));
      }
    }
  }

  @Test
  void bytesBehindASealDoNotExist() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(50, 10_000);
      log.owner.run(() -> log.log.truncateTo(20));
      log.append(1, 500);
    }
    Files.delete(TestLog.segment(data, 20).resolve(LogFiles.CLEAN));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(21, log.end());
      log.checkContent(0, 20, 10_000);
      log.checkContent(20, 21, 500);
    }
  }

  private static long page(long position) {
    return position & ~4_095L;
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }

  /** A segment's files, and ways to damage them. */
  static final class SegmentFiles {
    private final Path queue;
    private final Path metadata;
    private final long[] positions = new long[COUNT + 1];

    SegmentFiles(Path data) throws IOException {
      queue = TestLog.queueFile(data, 0);
      metadata = TestLog.segment(data, 0).resolve(LogFiles.METADATA);
      ByteBuf content = Unpooled.wrappedBuffer(Files.readAllBytes(queue));
      long position = Excerpt.DATA_POSITION;
      for (int i = 0; i < COUNT; i++) {
        if (Excerpt.isIndexPage(content, (int) position)) {
          position = Excerpt.next(position, content.getIntLE((int) position));
        }
        positions[i] = position;
        int batchAt = (int) position + Excerpt.BATCH_OFFSET;
        assertEquals(i, RecordBatch.baseOffset(content, batchAt));
        position = Excerpt.next(position, content.getIntLE((int) position));
      }
      positions[COUNT] = position;
    }

    /** Which batches' bytes are the same as before. */
    List<Long> sameAs(byte[] before) throws IOException {
      byte[] now = Files.exists(queue) ? Files.readAllBytes(queue) : new byte[0];
      ByteBuf content = Unpooled.wrappedBuffer(before);
      List<Long> same = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        int from = (int) positions[i];
        int to = from + Excerpt.HEADER_BYTES + Excerpt.length(content.getIntLE(from));
        if (to <= now.length && Arrays.equals(before, from, to, now, from, to)) {
          same.add((long) i);
        }
      }
      return same;
    }

    long position(int batch) {
      return positions[batch];
    }

    long end() {
      return positions[COUNT];
    }

    private void write(long position, byte[] bytes) throws IOException {
      try (FileChannel file = FileChannel.open(queue, StandardOpenOption.WRITE)) {
        file.write(ByteBuffer.wrap(bytes), position);
      }
    }

    void truncate(long size) throws IOException {
      try (FileChannel file = FileChannel.open(queue, StandardOpenOption.WRITE)) {
        file.truncate(size);
      }
    }

    void zero(long position, int count) throws IOException {
      write(position, new byte[count]);
    }

    void garbage(long position, int count) throws IOException {
      write(position, randomBytes(count));
    }

    void putInt(long position, int value) throws IOException {
      write(position, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
    }

    void flip(long position) throws IOException {
      byte[] bytes = Files.readAllBytes(queue);
      write(position, new byte[] {(byte) (bytes[(int) position] ^ 0x10)});
    }

    /** The queue's head from an earlier moment than its content. */
    void staleWritePosition() throws IOException {
      ByteBuf head = Unpooled.wrappedBuffer(Files.readAllBytes(queue)).slice(0, 512);
      for (int i = 0; i < 504; i++) {
        if (head.getLongLE(i) == positions[COUNT - 1]) {
          byte[] stale =
              ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(positions[50]).array();
          write(i, stale);
          return;
        }
      }
      throw new AssertionError("the queue's head does not hold its write position");
    }
  }
}
