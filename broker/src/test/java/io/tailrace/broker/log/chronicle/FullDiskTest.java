package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * A device without room: appends are refused and change nothing, all else goes on, and so do
 * appends once there is room. Needs the right to mount a small file system in memory.
 */
class FullDiskTest {
  private static final long MIB = 1 << 20;
  private static final int DEVICE_MIB = 24;
  private static final int PAYLOAD_BYTES = 60_000;

  @TempDir Path directory;
  private Path device;
  private boolean mounted;

  @BeforeEach
  void mount() throws IOException, InterruptedException {
    device = Files.createDirectory(directory.resolve("device"));
    mounted =
        run("mount", "-t", "tmpfs", "-o", "size=" + DEVICE_MIB + "m", "tmpfs", device.toString());
    assumeTrue(mounted, "a full disk can only be had with the right to mount one: run as root");
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (mounted) {
      assertTrue(run("umount", device.toString()));
    }
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private TestLog open(long segmentBytes, long floorBytes) {
    return new TestLog(
        device.resolve("data"),
        TestLog.config(segmentBytes),
        StoreLimits.withFreeSpaceFloor(floorBytes),
        Device.REAL);
  }

  /** Appends until that is refused, and gives the end. */
  private static long fill(TestLog log, int payloadBytes) {
    LogException refused =
        assertThrows(LogException.class, () -> log.append(1_000_000, payloadBytes));
    assertEquals(ErrorCode.DISK_FULL, refused.code());
    assertTrue(refused.code().retriable());
    return log.end();
  }

  @Test
  void warnsOfAFileSystemThatLogsAreNotSafeOn() {
    ListAppender<ILoggingEvent> written = new ListAppender<>();
    written.start();
    Logger logger = (Logger) LoggerFactory.getLogger(ChronicleLogStore.class);
    logger.addAppender(written);
    Path data = device.resolve("data");
    try {
      ChronicleLogStore.open(data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0)).close();
    } finally {
      logger.detachAppender(written);
    }
    List<ILoggingEvent> warnings =
        written.list.stream().filter(line -> line.getLevel() == Level.WARN).toList();
    assertEquals(
        List.of(data + " is on tmpfs; logs are safe and fast on a local ext4 or xfs only"),
        warnings.stream().map(ILoggingEvent::getFormattedMessage).toList());
  }

  @Test
  void refusesAppendsAndServesReadsAndGoesOnWhenThereIsRoom() throws IOException {
    fillsUpAndGoesOn(4 * MIB, MIB);
  }

  @Test
  void survivesADeviceThatIsFullToTheLastByte() throws IOException {
    fillsUpAndGoesOn(64 * MIB, 0);
  }

  @Test
  void survivesADeviceThatIsFullToTheLastByteWithSmallSegments() throws IOException {
    fillsUpAndGoesOn(MIB / 2, 0);
  }

  private void fillsUpAndGoesOn(long segmentBytes, long floorBytes) throws IOException {
    long end;
    try (TestLog log = open(segmentBytes, floorBytes)) {
      log.append(1, PAYLOAD_BYTES);
      Path ballast = device.resolve("ballast");
      Files.write(ballast, new byte[4 << 20]);
      end = fill(log, PAYLOAD_BYTES);
      assertTrue(end * PAYLOAD_BYTES > (DEVICE_MIB - 4 - 4) * MIB - floorBytes, "end " + end);
      log.checkContent(0, end, PAYLOAD_BYTES);
      assertTrue(fill(log, PAYLOAD_BYTES) >= end, "sealing may have freed some room");
      assertNull(log.listener.failure());
      Files.delete(ballast);
      log.append(20, PAYLOAD_BYTES);
      end = fill(log, PAYLOAD_BYTES);
      log.checkContent(0, end, PAYLOAD_BYTES);
    }
    try (TestLog log = open(segmentBytes, floorBytes)) {
      assertEquals(end, log.end());
      log.checkContent(0, end, PAYLOAD_BYTES);
      end = fill(log, PAYLOAD_BYTES);
      log.checkContent(0, end, PAYLOAD_BYTES);
    }
  }

  @Test
  void tellsOnceWithFiguresWhenTheDiskIsFullAndWhenItIsNoMore() throws IOException {
    ListAppender<ILoggingEvent> written = new ListAppender<>();
    written.start();
    Logger logger = (Logger) LoggerFactory.getLogger(DiskSpace.class);
    logger.addAppender(written);
    Path ballast = device.resolve("ballast");
    try (TestLog log = open(4 * MIB, 2 * MIB)) {
      Files.write(ballast, new byte[4 << 20]);
      assertNull(log.store.diskFull());
      LogException refused =
          assertThrows(LogException.class, () -> log.append(1_000_000, PAYLOAD_BYTES));
      String disk = "the disk of " + device.resolve("data") + " (tmpfs) has ";
      for (String text : List.of(refused.getMessage(), log.store.diskFull())) {
        assertTrue(text.contains(disk), text);
        assertTrue(
            text.matches(
                "(?s).*has \\d+ bytes free, of which 2097152 stay free .*; \\d+ more are needed.*"),
            text);
      }
      fill(log, PAYLOAD_BYTES);
      Files.delete(ballast);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (log.store.diskFull() != null && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      assertNull(log.store.diskFull(), "it ends without an append");
      log.append(1, PAYLOAD_BYTES);
    } finally {
      logger.detachAppender(written);
    }
    assertEquals(
        List.of(Level.WARN, Level.INFO),
        written.list.stream().map(ILoggingEvent::getLevel).toList());
  }

  @Test
  void makesRoomByMovingTheLogStart() {
    try (TestLog log = open(2 * MIB, MIB)) {
      long end = fill(log, PAYLOAD_BYTES);
      log.owner.run(() -> log.log.advanceLogStartOffset(end / 2));
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (log.store.usableBytes() < 4 * MIB && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
      log.append(20, PAYLOAD_BYTES);
      log.checkContent(end / 2, end + 20, PAYLOAD_BYTES);
    }
  }

  @Test
  void keepsTheFloorFree() throws IOException {
    try (TestLog log = open(64 * MIB, 8 * MIB)) {
      fill(log, PAYLOAD_BYTES);
      assertTrue(Files.getFileStore(device).getUsableSpace() >= 8 * MIB);
      assertTrue(log.store.usableBytes() < MIB);
    }
  }

  @Test
  void refusesTheFirstAppendOfALogAndTakesItLater() throws IOException {
    Path ballast = device.resolve("ballast");
    try (TestLog log = open(4 * MIB, 2 * MIB)) {
      Files.write(ballast, new byte[(DEVICE_MIB - 2) << 20]);
      LogException refused = assertThrows(LogException.class, () -> log.append(1, 100));
      assertEquals(ErrorCode.DISK_FULL, refused.code());
      assertEquals(0, log.end());
      Files.delete(ballast);
      log.append(3, 100);
      log.checkContent(0, 3, 100);
    }
  }

  @Test
  void reportsAFullDeviceAsWhatItIsWhereverItIsMet() throws IOException {
    try (TestLog log = open(64 * MIB, 0)) {
      for (int payloadBytes : new int[] {300_000, 30_000, 3_000, 300, 30}) {
        fill(log, payloadBytes);
      }
      log.owner.run(log.log::sync);
      log.listener.awaitSynced(log.end());
      assertNull(log.listener.failure());
      assertFalse(TestBatches.parse(readAll(log)).isEmpty());
    }
  }

  private static ByteBuf readAll(TestLog log) {
    ByteBuf out = Unpooled.buffer();
    log.owner.run(() -> log.log.read(0, Long.MAX_VALUE, Integer.MAX_VALUE, out));
    return out;
  }
}
