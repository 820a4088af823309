package io.tailrace.broker.log.chronicle;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How Chronicle Queue is kept from its pitfalls, one test for each. */
class ChronicleQueueTest {
  private static final int SEGMENT_BYTES = 1 << 20;

  @TempDir Path directory;

  @Test
  void aSegmentIsAQueueThatChronicleQueueReads() {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(500, 100);
    }
    try (SingleChronicleQueue queue =
            SegmentQueue.open(TestLog.segment(data, 0), SEGMENT_BYTES * 9 / 8);
        ExcerptTailer tailer = queue.createTailer()) {
      for (int i = 0; i < 500; i++) {
        try (DocumentContext document = tailer.readingDocument()) {
          assertTrue(document.isPresent());
          byte[] bytes = document.wire().bytes().toByteArray();
          ByteBuf batch = Unpooled.wrappedBuffer(bytes, Excerpt.PREFIX_BYTES, bytes.length - 12);
          assertEquals(TestBatches.batch(i, 1_000 + i, 100), batch);
        }
      }
      assertTrue(tailer.moveToIndex(SegmentRollCycle.INSTANCE.toIndex(0, 321)));
    }
  }

  @Test
  void reportsNothingOverTheNetwork() throws IOException {
    for (String name :
        List.of(
            "net.openhft.chronicle.analytics.Analytics",
            "net.openhft.chronicle.analytics.internal.GoogleAnalytics4")) {
      assertThrows(ClassNotFoundException.class, () -> Class.forName(name));
    }
    assertEquals(
        List.of(),
        getClass()
            .getClassLoader()
            .resources("net/openhft/chronicle/analytics/Analytics.class")
            .map(Object::toString)
            .toList());
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    assertFalse(classPath.contains("chronicle-analytics"), classPath);
    assertEquals("true", System.getProperty("chronicle.analytics.disable"));
  }

  @Test
  void aLockThatAProcessWithOurIdLeftBehindHoldsNothingUp() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 100);
    }
    Path segment = TestLog.segment(data, 0);
    Path copy = directory.resolve("copy");
    Files.createDirectory(copy);
    for (String name : TestLog.names(segment)) {
      Files.copy(segment.resolve(name), copy.resolve(name));
    }
    try (SingleChronicleQueue queue = SegmentQueue.open(copy, SEGMENT_BYTES * 9 / 8);
        ExcerptAppender appender = queue.createAppender()) {
      DocumentContext document = appender.writingDocument();
      // Locked now, by this very process.
      Files.copy(
          copy.resolve(LogFiles.METADATA),
          segment.resolve(LogFiles.METADATA),
          StandardCopyOption.REPLACE_EXISTING);
      document.rollbackOnClose();
      document.close();
    }
    long before = System.nanoTime();
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 100);
      log.checkContent(0, 6, 100);
      List<String> segments = new ArrayList<>(TestLog.names(TestLog.directory(data)));
      segments.remove(LogFiles.LOG_END);
      assertEquals(1, segments.size(), () -> "the segment goes on: " + segments);
    }
    assertTrue(System.nanoTime() - before < TimeUnit.SECONDS.toNanos(5));
  }

  @Test
  void theFileNameSaysNothingToChronicleQueueAboutItsRollCycle() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 100);
    }
    Files.delete(TestLog.segment(data, 0).resolve(LogFiles.METADATA));
    try (SingleChronicleQueue queue =
        SegmentQueue.open(TestLog.segment(data, 0), SEGMENT_BYTES * 9 / 8)) {
      assertEquals(SegmentRollCycle.INSTANCE, queue.rollCycle());
    }
  }

  @Test
  void rollsBeforeAQueueHasMoreBatchesThanItsIndexTakes() {
    Path data = directory.resolve("data");
    StoreLimits limits = new StoreLimits(0, 100, 50);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES), limits, Device.REAL)) {
      log.append(501, 10);
      assertEquals(11, log.owner.call(log.log::segmentCount));
      log.checkContent(0, 501, 10);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new StoreLimits(0, 1, (int) SegmentRollCycle.INSTANCE.maxMessagesPerCycle()));
  }

  @Test
  void readsAcrossTheQueuesOwnIndexPages() {
    Path data = directory.resolve("data");
    int count = 140_000;
    try (TestLog log = new TestLog(data, TestLog.config(32 << 20))) {
      ByteBuf batch = TestBatches.batch(0, 1_000, 1);
      TestBatches.awaitAppendable(log.owner, log.log);
      log.owner.run(
          () -> {
            for (int i = 0; i < count; i++) {
              batch.setLong(0, i);
              TestBatches.append(log.owner, log.log, batch);
            }
          });
      assertEquals(1, log.owner.call(log.log::segmentCount));
      readThrough(log, count);
      log.owner.run(() -> log.log.truncateTo(131_100));
      log.append(1, 1);
      readThrough(log, 131_101);
    }
    try (TestLog log = new TestLog(data, TestLog.config(32 << 20))) {
      readThrough(log, 131_101);
    }
  }

  @Test
  void batchesThatAreWrittenTogetherStandWhereTheQueueExpectsThem() {
    Path data = directory.resolve("data");
    int count = 140_000;
    int calls = 0;
    SplittableRandom random = new SplittableRandom(3);
    try (TestLog log = new TestLog(data, TestLog.config(64 << 20))) {
      for (int at = 0; at < count; ) {
        int together = Math.min(count - at, 1 + random.nextInt(120));
        calls += TestBatches.append(log.owner, log.log, TestBatches.batches(at, together, 100));
        at += together;
      }
      assertTrue(calls < count / 20, calls + " calls of the log");
      assertEquals(1, log.owner.call(log.log::segmentCount), "the queue took them all");
      readThrough(log, count);
    }
    try (SingleChronicleQueue queue =
            SegmentQueue.open(TestLog.segment(data, 0), (64 << 20) * 9 / 8);
        ExcerptTailer tailer = queue.createTailer()) {
      for (int i = 0; i < count; i++) {
        try (DocumentContext document = tailer.readingDocument()) {
          assertTrue(document.isPresent(), "excerpt " + i);
          byte[] bytes = document.wire().bytes().toByteArray();
          assertEquals(
              i, RecordBatch.baseOffset(Unpooled.wrappedBuffer(bytes), Excerpt.PREFIX_BYTES));
        }
      }
      assertTrue(tailer.moveToIndex(SegmentRollCycle.INSTANCE.toIndex(0, 131_099)));
    }
  }

  @Test
  void aKilledProcessLeavesNothingOfBatchesThatTheQueueHasNotHeardOf() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 5_000);
    }
    TestLog.pretendKilled(data, 0);
    Path file = TestLog.queueFile(data, 0);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int end = Excerpt.DATA_POSITION;
      ByteBuffer header = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < 3; i++) {
        channel.read(header.clear(), end);
        end = (int) Excerpt.next(end, header.getInt(0));
      }
      ByteBuf batches = TestBatches.batches(3, 4, 5_000);
      ExcerptGroup.write(channel, end, batches, 0, 4, 0);
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(3, log.end());
      TestBatches.append(log.owner, log.log, TestBatches.batches(3, 9, 300));
      log.checkContent(0, 3, 5_000);
      log.checkContent(3, 12, 300);
    }
  }

  private static void readThrough(TestLog log, int count) {
    ByteBuf out = Unpooled.buffer();
    log.owner.run(() -> log.log.read(0, count, Integer.MAX_VALUE, out));
    List<TestBatches.ReadBatch> batches = TestBatches.parse(out);
    assertEquals(count, batches.size());
    for (int i = 0; i < count; i++) {
      assertEquals(i, batches.get(i).baseOffset());
    }
    for (int i = 0; i < count; i += 997) {
      ByteBuf one = Unpooled.buffer();
      int offset = i;
      log.owner.run(() -> log.log.read(offset, count, 1, one));
      assertEquals(offset, one.getLong(0));
    }
  }

  @Test
  void aBatchThatCannotBeCopiedIsNotCommitted() {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(3, 100);
      ByteBuf shorter = TestBatches.batch(3, 1_003, 100);
      int size = shorter.readableBytes();
      ByteBuf cut = shorter.copy(0, size - 10);
      assertThrows(RuntimeException.class, () -> log.owner.run(() -> log.log.append(cut, 0, size)));
      assertEquals(3, log.end());
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(3, log.end());
      log.append(2, 100);
      log.checkContent(0, 5, 100);
    }
  }

  @Test
  void aSealedSegmentGivesBackWhatWasReservedBehindItsContent() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(64 << 20))) {
      log.append(200, 50_000);
      log.owner.run(() -> log.log.truncateTo(100));
      log.append(1, 10);
    }
    assertTrue(allocatedBytes(TestLog.queueFile(data, 0)) < 5_200_000);
    try (TestLog log = new TestLog(data, TestLog.config(64 << 20))) {
      log.checkContent(0, 100, 50_000);
    }
  }

  private static long allocatedBytes(Path file) throws IOException {
    Process process = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return Long.parseLong(new String(process.getInputStream().readAllBytes(), UTF_8).trim()) * 512;
  }

  @Test
  void aNewLogIsSmall() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(1 << 30))) {
      log.append(1, 100);
      try (Stream<Path> files = Files.walk(TestLog.directory(data))) {
        long bytes = 0;
        for (Path file : (Iterable<Path>) files::iterator) {
          bytes += allocatedBytes(file);
        }
        assertTrue(bytes <= 100_000, "a log of one record takes " + bytes + " bytes");
      }
    }
  }
}
