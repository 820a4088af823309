package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.RecordingListener;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is told to be synced is, once; and what cannot be synced stops the log. */
class SyncTest {
  @TempDir Path directory;

  private final SlowDevice device = new SlowDevice();

  /** A device that can be held up, counts the content that it syncs, and can be broken. */
  private static final class SlowDevice implements Device {
    private volatile CountDownLatch held = new CountDownLatch(0);
    private volatile boolean broken;
    private volatile boolean outOfDescriptors;
    private volatile int contentSyncs;

    @Override
    public void force(Path path) throws IOException {
      try {
        if (!held.await(60, TimeUnit.SECONDS)) {
          throw new IOException("held up for too long");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      // Small files are in the directory, which may still take them.
      if (broken && path.toString().contains(LogFiles.QUEUE)) {
        throw new IOException("Input/output error");
      }
      if (outOfDescriptors) {
        throw new FileSystemException(path.toString(), null, "Too many open files");
      }
      if (path.endsWith(LogFiles.QUEUE)) {
        synchronized (this) {
          contentSyncs++;
        }
      }
      LogFiles.force(path);
    }

    void hold() {
      held = new CountDownLatch(1);
    }

    void letGo() {
      held.countDown();
    }
  }

  private TestLog open(LogConfig.Flush flush) {
    return new TestLog(
        directory.resolve("data"),
        TestLog.config(8 << 20, flush),
        StoreLimits.withFreeSpaceFloor(0),
        device);
  }

  @Test
  void oneSyncCoversAllThatWasAppendedWhileThereWasAnother() {
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      log.append(1, 100);
      log.listener.awaitSynced(1);
      int before = device.contentSyncs;
      device.hold();
      for (int i = 0; i < 100; i++) {
        log.append(3, 100);
      }
      assertEquals(1L, log.owner.call(log.log::syncedEndOffset));
      device.letGo();
      log.listener.awaitSynced(301);
      assertEquals(before + 2, device.contentSyncs);
    }
  }

  @Test
  void doesNotCallOtherRecordsSyncedThatCameInThePlaceOfThoseThatWere() {
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      log.append(10, 100);
      log.listener.awaitSynced(10);
      device.hold();
      log.append(90, 100);
      log.owner.run(() -> log.log.truncateTo(20));
      assertEquals(10L, log.owner.call(log.log::syncedEndOffset));
      device.letGo();
      log.append(100, 100);
      log.listener.awaitSynced(120);
      log.checkContent(0, 120, 100);
    }
  }

  @Test
  void stopsTheLogWhenASyncFails() {
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      log.append(5, 100);
      log.listener.awaitSynced(5);
      device.broken = true;
      log.append(1, 100);
      assertEquals(ErrorCode.STORAGE_ERROR, log.listener.awaitFailure().code());
      device.broken = false;
      int before = device.contentSyncs;
      LogException refused = assertThrows(LogException.class, () -> log.append(1, 10));
      assertEquals(ErrorCode.STORAGE_ERROR, refused.code());
      assertThrows(LogException.class, () -> log.owner.run(log.log::sync));
      assertThrows(
          LogException.class,
          () -> log.owner.run(() -> log.log.read(0, 9, 100, Unpooled.buffer())));
      assertEquals(5L, log.owner.call(log.log::syncedEndOffset));
      assertEquals(before, device.contentSyncs, "it is not tried again");
    }
  }

  private static Object inode(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino");
  }

  @Test
  void aFailedLogStaysOfflineUntilTheProcessEndsAndIsThenWrittenAgain() throws IOException {
    Path data = directory.resolve("data");
    Path note = TestLog.directory(data).resolve(LogFiles.FAILED);
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      log.append(5, 100);
      log.listener.awaitSynced(5);
      device.broken = true;
      log.append(1, 100);
      log.listener.awaitFailure();
      assertTrue(Files.exists(note), "noted before the owner is told");
      assertTrue(log.store.notWhole().get(TestLog.ID).contains("Input/output error"));
      device.broken = false;
      log.owner.run(log.log::close);
      LogException refused =
          assertThrows(
              LogException.class,
              () ->
                  OwnerThread.await(
                      log.store.open(
                          TestLog.ID,
                          TestLog.config(8 << 20),
                          log.owner,
                          new RecordingListener())));
      assertEquals(ErrorCode.STORAGE_ERROR, refused.code());
      assertTrue(
          refused.getMessage().contains("Input/output error")
              && refused.getMessage().contains("until the broker is restarted"),
          refused.getMessage());
    }
    Object inodeBefore = inode(TestLog.queueFile(data, 0));
    // A device that still fails: the log stays as it is, for the next start.
    device.broken = true;
    try (ChronicleLogStore store =
        ChronicleLogStore.open(data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0), device)) {
      assertFalse(store.wasClean());
      assertTrue(store.notWhole().containsKey(TestLog.ID), "known before it is opened");
      try (OwnerThread owner = new OwnerThread("owner")) {
        assertThrows(
            LogException.class,
            () ->
                OwnerThread.await(
                    store.open(
                        TestLog.ID, TestLog.config(8 << 20), owner, new RecordingListener())));
      }
    }
    assertTrue(Files.exists(note));
    assertEquals(inodeBefore, inode(TestLog.queueFile(data, 0)));
    device.broken = false;
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      assertTrue(log.store.notWhole().containsKey(TestLog.ID));
      assertNotEquals(inodeBefore, inode(TestLog.queueFile(data, 0)), "it is another file");
      assertTrue(Files.notExists(note));
      assertEquals(6, log.end());
      assertEquals(6L, log.owner.call(log.log::syncedEndOffset));
      log.checkContent(0, 6, 100);
      log.append(1, 100);
      log.listener.awaitSynced(7);
    }
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      assertEquals(Map.of(), log.store.notWhole());
      log.checkContent(0, 7, 100);
    }
  }

  /** Nothing was tried on the device then, so that it has nothing to hide. */
  @Test
  void aLogThatHadNoDescriptorForASyncMayBeOpenedAgain() {
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      log.append(5, 100);
      log.listener.awaitSynced(5);
      device.outOfDescriptors = true;
      log.append(1, 100);
      log.listener.awaitFailure();
      device.outOfDescriptors = false;
      log.owner.run(log.log::close);
      RecordingListener listener = new RecordingListener();
      PartitionLog again =
          OwnerThread.await(
              log.store.open(
                  TestLog.ID, TestLog.config(8 << 20, LogConfig.Flush.ACK), log.owner, listener));
      assertEquals(6L, log.owner.call(again::logEndOffset));
      assertEquals(0L, log.owner.call(again::syncedEndOffset));
      log.owner.run(again::sync);
      listener.awaitSynced(6);
      log.owner.run(again::close);
    }
  }

  @Test
  void stopsTheLogWhenARolledSegmentCannotBeSynced() {
    try (TestLog log =
        new TestLog(
            directory.resolve("data"),
            TestLog.config(20_000),
            StoreLimits.withFreeSpaceFloor(0),
            device)) {
      log.append(1, 1_000);
      device.broken = true;
      try {
        log.append(40, 1_000);
      } catch (LogException seenAlready) {
        assertEquals(ErrorCode.STORAGE_ERROR, seenAlready.code());
      }
      assertEquals(ErrorCode.STORAGE_ERROR, log.listener.awaitFailure().code());
      assertThrows(LogException.class, () -> log.append(1, 1_000));
      device.broken = false;
    }
  }

  @Test
  void syncsWhatAnUncleanStopLeftBeforeItIsCalledSynced() throws IOException {
    try (TestLog log = open(LogConfig.Flush.NONE)) {
      log.append(10, 100);
    }
    TestLog.pretendKilled(directory.resolve("data"), 0);
    try (TestLog log = open(LogConfig.Flush.ACK)) {
      assertEquals(10, log.end());
      assertEquals(0L, log.owner.call(log.log::syncedEndOffset));
      int before = device.contentSyncs;
      log.owner.run(log.log::sync);
      log.listener.awaitSynced(10);
      assertTrue(device.contentSyncs > before);
    }
  }
}
