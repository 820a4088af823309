package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A file system that answers nothing for a while holds up the log threads, never the log's owner.
 * What the owner does is called on the owner's thread with a deadline; in this package file
 * operations also assert that they run on a log thread.
 */
class SlowFileSystemTest {
  private static final int PAYLOAD_BYTES = 1_000;

  @TempDir Path directory;

  private volatile CountDownLatch held = new CountDownLatch(0);

  private TestLog open(long segmentBytes) {
    return new TestLog(
        directory.resolve("data"),
        TestLog.config(segmentBytes),
        StoreLimits.withFreeSpaceFloor(0),
        path -> {
          awaitRelease();
          LogFiles.force(path);
        });
  }

  private void awaitRelease() throws IOException {
    try {
      if (!held.await(60, TimeUnit.SECONDS)) {
        throw new IOException("held up for too long");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  /** From now on nothing is synced, created, renamed or reserved. */
  private void hold(TestLog log) {
    CountDownLatch begun = new CountDownLatch(1);
    held = new CountDownLatch(1);
    log.store
        .threads()
        .ahead()
        .execute(
            () -> {
              begun.countDown();
              try {
                awaitRelease();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    try {
      assertTrue(begun.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static ErrorCode refused(TestLog log) {
    long offset = log.end();
    ByteBuf batch = TestBatches.batch(offset, 1_000 + offset, PAYLOAD_BYTES);
    return assertThrows(
            LogException.class,
            () -> log.owner.run(() -> log.log.append(batch, 0, batch.readableBytes())))
        .code();
  }

  /** Appends until the log asks to wait, and gives the end. */
  private static long appendUntilRefused(TestLog log) {
    return log.owner.call(
        () -> {
          while (true) {
            long offset = log.log.logEndOffset();
            ByteBuf batch = TestBatches.batch(offset, 1_000 + offset, PAYLOAD_BYTES);
            try {
              log.log.append(batch, 0, batch.readableBytes());
            } catch (LogException e) {
              assertEquals(ErrorCode.OVERLOADED, e.code());
              return offset;
            }
          }
        });
  }

  /** Directories of segments, and what was to become one. */
  private List<String> segments() throws IOException {
    return TestLog.names(TestLog.directory(directory.resolve("data"))).stream()
        .filter(name -> SegmentName.parse(name) != null || name.endsWith(LogFiles.TMP))
        .toList();
  }

  @Test
  void theFirstAppendOfALogIsRefusedUntilItsFilesAreMade() throws IOException {
    try (TestLog log = open(1 << 20)) {
      hold(log);
      assertFalse(log.owner.call(log.log::isAppendable));
      assertEquals(ErrorCode.OVERLOADED, refused(log));
      assertEquals(0, log.owner.call(() -> log.log.read(0, 9, 100, Unpooled.buffer())));
      assertEquals(0, log.listener.appendable());
      held.countDown();
      log.listener.awaitAppendable(1);
      assertTrue(log.owner.call(log.log::isAppendable));
      log.append(3, PAYLOAD_BYTES);
      log.checkContent(0, 3, PAYLOAD_BYTES);
    }
  }

  @Test
  void aLogThatIsOnlyReadMakesNoFiles() throws IOException {
    try (TestLog log = open(1 << 20)) {
      assertEquals(0, log.owner.call(() -> log.log.read(0, 9, 100, Unpooled.buffer())));
    }
    assertEquals(List.of(), segments());
    try (TestLog log = open(1 << 20)) {
      log.append(3, PAYLOAD_BYTES);
    }
    List<String> before = TestLog.names(TestLog.segment(directory.resolve("data"), 0));
    try (TestLog log = open(1 << 20)) {
      log.checkContent(0, 3, PAYLOAD_BYTES);
      assertEquals(before, TestLog.names(TestLog.segment(directory.resolve("data"), 0)));
    }
  }

  @Test
  void appendsEndWithTheReservedSpaceAndGoOnWhenThereIsMore() {
    try (TestLog log = open(64 << 20)) {
      log.append(10, PAYLOAD_BYTES);
      hold(log);
      long end = appendUntilRefused(log);
      assertTrue(end > 10, "there was some space left");
      log.checkContent(0, end, PAYLOAD_BYTES);
      int before = log.listener.appendable();
      held.countDown();
      log.listener.awaitAppendable(before + 1);
      log.append(100, PAYLOAD_BYTES);
      log.checkContent(0, end + 100, PAYLOAD_BYTES);
    }
  }

  @Test
  void rollsReadsAndTruncatesWhileNothingMoves() {
    try (TestLog log = open(20_000)) {
      log.append(30, PAYLOAD_BYTES);
      hold(log);
      long end = appendUntilRefused(log);
      log.checkContent(0, end, PAYLOAD_BYTES);
      assertEquals(5L, log.owner.call(() -> log.log.truncateTo(5)));
      assertEquals(ErrorCode.OVERLOADED, refused(log));
      log.checkContent(0, 5, PAYLOAD_BYTES);
      log.owner.run(() -> log.log.resetTo(0));
      assertEquals(ErrorCode.OVERLOADED, refused(log));
      held.countDown();
      log.append(50, PAYLOAD_BYTES);
      log.checkContent(0, 50, PAYLOAD_BYTES);
    }
    try (TestLog log = open(20_000)) {
      assertEquals(50, log.end());
      log.checkContent(0, 50, PAYLOAD_BYTES);
    }
  }

  @Test
  void aLogIsClosedWhileItsFilesAreBeingMade() throws IOException {
    try (TestLog log = open(1 << 20)) {
      hold(log);
      assertFalse(log.owner.call(log.log::isAppendable));
      log.owner.run(log.log::close);
      held.countDown();
    }
    assertEquals(List.of(), segments());
    try (TestLog log = open(1 << 20)) {
      log.append(3, PAYLOAD_BYTES);
      log.owner.run(log.log::sync);
      log.listener.awaitSynced(3);
    }
  }

  @Test
  void aSegmentIsRolledByItsAgeWhileItsQueueIsBeingOpened() throws IOException {
    try (TestLog log = open(1 << 20)) {
      log.append(3, PAYLOAD_BYTES);
    }
    try (TestLog log = open(1 << 20)) {
      hold(log);
      assertEquals(ErrorCode.OVERLOADED, refused(log));
      long later = System.currentTimeMillis() + 2 * 3_600_000;
      log.owner.run(() -> log.log.applyRetention(later, 0));
      log.listener.awaitAppendable(1);
      assertEquals(ErrorCode.OVERLOADED, refused(log));
      held.countDown();
      log.listener.awaitAppendable(2);
      log.append(2, PAYLOAD_BYTES);
      assertEquals(2, log.owner.call(log.log::segmentCount));
      assertEquals(1, log.store.openSegmentCount());
      log.checkContent(0, 5, PAYLOAD_BYTES);
    }
    assertTrue(
        TestLog.names(TestLog.segment(directory.resolve("data"), 0)).contains(LogFiles.SEALED));
  }
}
