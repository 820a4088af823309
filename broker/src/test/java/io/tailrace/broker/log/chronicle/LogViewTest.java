package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Views hold files open and mapped as long as they are held, and no longer. */
class LogViewTest {
  private static final int PAYLOAD_BYTES = 1_000;

  @TempDir Path data;

  private TestLog open() {
    return new TestLog(data, TestLog.config(20_000));
  }

  /** Mappings and descriptors of this process below the data directory. */
  private long held() throws IOException {
    Path maps = Path.of("/proc/self/maps");
    assumeTrue(Files.exists(maps), "needs /proc");
    long mapped;
    try (Stream<String> lines = Files.lines(maps)) {
      mapped = lines.filter(line -> line.contains(data + "/logs/")).count();
    }
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return mapped + descriptors.filter(this::isBelowData).count();
    }
  }

  private boolean isBelowData(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).startsWith(data.resolve("logs"));
    } catch (IOException closedMeanwhile) {
      return false;
    }
  }

  private static List<Long> read(LogView view, long offset) {
    ByteBuf out = Unpooled.buffer();
    view.read(offset, Long.MAX_VALUE, Integer.MAX_VALUE, out);
    return TestBatches.parse(out).stream().map(TestBatches.ReadBatch::baseOffset).toList();
  }

  @Test
  void everythingIsLetGoWhenTheLastViewIsClosed() throws IOException {
    List<LogView> views = new ArrayList<>();
    try (TestLog log = open()) {
      log.append(100, PAYLOAD_BYTES);
      for (long offset = 0; offset < 60; offset += 7) {
        long at = offset;
        views.add(log.owner.call(() -> log.log.sealedView(at)));
      }
    }
    assertTrue(held() > 0, "the views are held");
    for (LogView view : views) {
      assertTrue(read(view, view.endOffset() - 1).size() == 1);
    }
    views.forEach(LogView::close);
    views.forEach(LogView::close);
    assertEquals(0, held());
    for (LogView view : views) {
      assertThrows(IllegalStateException.class, () -> read(view, view.startOffset()));
    }
  }

  @Test
  void manyThreadsReadWhileSegmentsAreDroppedAndAppended() throws Exception {
    try (TestLog log = open()) {
      log.append(200, PAYLOAD_BYTES);
      List<CompletableFuture<Long>> readers = new ArrayList<>();
      for (int round = 0; round < 40; round++) {
        long start = log.owner.call(log.log::logStartOffset);
        LogView view = log.owner.call(() -> log.log.sealedView(start));
        assertNotNull(view);
        readers.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try (view) {
                    return (long) read(view, view.startOffset()).size()
                        - (view.endOffset() - view.startOffset());
                  }
                }));
        log.owner.run(() -> log.log.advanceLogStartOffset(start + 10));
        log.append(10, PAYLOAD_BYTES);
      }
      for (CompletableFuture<Long> reader : readers) {
        assertEquals(0L, reader.get(60, TimeUnit.SECONDS), "batches that were missing");
      }
    }
    assertEquals(0, held());
  }

  @Test
  void verifiesWhatItReads() throws IOException {
    try (TestLog log = open()) {
      log.append(100, PAYLOAD_BYTES);
      try (LogView view = log.owner.call(() -> log.log.sealedView(0))) {
        Path file = TestLog.queueFile(data, 0);
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          ByteBuf damage = Unpooled.copiedBuffer(new byte[] {1, 2, 3, 4});
          channel.write(damage.nioBuffer(), Excerpt.DATA_POSITION + 3_500L);
        }
        assertEquals(List.of(0L, 1L, 2L), read(view, 0));
        LogException damaged = assertThrows(LogException.class, () -> read(view, 3));
        assertEquals(ErrorCode.CORRUPT_LOG, damaged.code());
      }
    }
  }

  @Test
  void anErrorOfTheDeviceOnAReadersThreadTakesTheLogOffline() {
    try (TestLog log = open()) {
      log.append(100, PAYLOAD_BYTES);
      try (SegmentsView view = (SegmentsView) log.owner.call(() -> log.log.sealedView(0))) {
        LogException failed =
            assertThrows(
                LogException.class,
                () ->
                    view.guard(
                        () -> {
                          throw new InternalError("a fault occurred in an unsafe memory access");
                        }));
        assertEquals(ErrorCode.STORAGE_ERROR, failed.code());
      }
      LogException offline =
          assertThrows(
              LogException.class,
              () -> log.owner.run(() -> log.log.read(0, 1, 1, Unpooled.buffer())));
      assertEquals(ErrorCode.STORAGE_ERROR, offline.code());
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (!log.store.notWhole().containsKey(TestLog.ID)) { // noted by a log thread
        assertTrue(System.nanoTime() < deadline, "the failure is not remembered");
        Thread.onSpinWait();
      }
    }
  }
}
