package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that is closed waits for what its logs have under way, and takes nothing new. */
class StoreCloseTest {
  private static final LogId OTHER = new LogId(new UUID(7, 7), 7);

  @TempDir Path directory;

  @Test
  void closesInOrderWhileSegmentsAreDeletedAndSealed() {
    ConcurrentLinkedQueue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, error) -> uncaught.add(error));
    try {
      for (int i = 0; i < 60; i++) {
        TestLog log =
            new TestLog(
                directory.resolve("data" + i % 3), TestLog.config(8_000, LogConfig.Flush.ACK));
        log.append(30, 1_000);
        log.owner.run(
            () -> {
              log.log.advanceLogStartOffset(log.log.logEndOffset() - 3);
              log.log.close();
            });
        log.store.close();
        log.owner.close();
      }
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertEquals(List.of(), List.copyOf(uncaught));
  }

  @Test
  void refusesWhoeverWaitsForALogThatIsBeingClosed() throws Exception {
    CountDownLatch held = new CountDownLatch(1);
    Device device =
        path -> {
          if (path.endsWith(LogFiles.QUEUE)) {
            await(held);
          }
          LogFiles.force(path);
        };
    TestLog log =
        new TestLog(
            directory.resolve("data"),
            TestLog.config(1 << 20),
            StoreLimits.withFreeSpaceFloor(0),
            device);
    log.append(3, 100);
    log.owner.run(log.log::close);
    CompletionStage<PartitionLog> opening =
        log.store.open(TestLog.ID, TestLog.config(1 << 20), log.owner, log.listener);
    CompletionStage<Void> deleting = log.store.delete(OTHER);
    CompletableFuture<Void> closing = CompletableFuture.runAsync(log.store::close);
    while (!isEnded(log.store)) {
      Thread.onSpinWait();
    }
    assertFalse(closing.isDone(), "the log is not synced yet");

    held.countDown();

    OwnerThread.await(closing);
    assertThrows(LogException.class, () -> OwnerThread.await(opening));
    OwnerThread.await(deleting);
    log.owner.close();
  }

  @Test
  void syncsWhatAKilledProcessLeftInLogsThatWereNotOpenedSince() throws IOException {
    Path data = leftByAKilledProcess();
    Set<Path> synced = ConcurrentHashMap.newKeySet();
    open(data, synced::add).close();

    assertTrue(synced.contains(TestLog.queueFile(data, 0)));
    assertTrue(synced.contains(TestLog.segment(data, 0)));
    assertTrue(synced.contains(TestLog.directory(data)));
    assertTrue(wasClean(data));
  }

  @Test
  void doesNotCountAsClosedInOrderWhenThatCannotBeSynced() throws IOException {
    Path data = leftByAKilledProcess();
    Device broken =
        path -> {
          if (path.endsWith(LogFiles.QUEUE)) {
            throw new IOException("Input/output error");
          }
        };
    open(data, broken).close();

    assertFalse(wasClean(data));
  }

  private Path leftByAKilledProcess() throws IOException {
    Path data = directory.resolve("killed");
    try (TestLog log = new TestLog(data, TestLog.config(1 << 20))) {
      log.append(3, 100);
    }
    TestLog.pretendKilled(data, 0);
    Files.delete(data.resolve("clean-shutdown"));
    return data;
  }

  private static ChronicleLogStore open(Path data, Device device) {
    return ChronicleLogStore.open(data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0), device);
  }

  private static boolean wasClean(Path data) {
    try (ChronicleLogStore store = open(data, Device.REAL)) {
      return store.wasClean();
    }
  }

  private static boolean isEnded(ChronicleLogStore store) {
    CompletableFuture<Void> asked = store.delete(OTHER).toCompletableFuture();
    return asked.handle((done, error) -> error != null).join();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS), "held up for too long");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
