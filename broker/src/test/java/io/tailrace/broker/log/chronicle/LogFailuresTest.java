package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which errors take a log offline until the process ends. */
class LogFailuresTest {
  private static final int SEGMENT_BYTES = 8 << 20;

  @TempDir Path directory;

  @Test
  void aLogThatCannotBeReadWhenItIsOpenedStaysOfflineUntilTheProcessEnds() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(5, 100);
    }
    Path clean = TestLog.segment(data, 0).resolve(LogFiles.CLEAN);
    Files.delete(clean);
    Files.createDirectory(clean);
    try (ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM);
        OwnerThread owner = new OwnerThread("owner")) {
      assertEquals(ErrorCode.STORAGE_ERROR, openFails(store, owner).code());
      Files.delete(clean);
      LogException refused = openFails(store, owner);
      assertTrue(
          refused.getMessage().contains("until the broker is restarted"), refused.getMessage());
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertTrue(log.store.notWhole().containsKey(TestLog.ID));
      log.checkContent(0, 5, 100);
      assertTrue(Files.notExists(TestLog.directory(data).resolve(LogFiles.FAILED)));
    }
  }

  @Test
  void aLogThatLacksDescriptorsWhenItIsOpenedIsOpenedLater() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(5, 100);
    }
    // A log that failed under the last process is written again and synced.
    Files.writeString(TestLog.directory(data).resolve(LogFiles.FAILED), "an error of the device");
    AtomicBoolean lacking = new AtomicBoolean();
    Device device =
        path -> {
          if (lacking.get()) {
            throw new FileSystemException(path.toString(), null, "Too many open files");
          }
          LogFiles.force(path);
        };
    try (ChronicleLogStore store =
            ChronicleLogStore.open(data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0), device);
        OwnerThread owner = new OwnerThread("owner")) {
      lacking.set(true);
      assertTrue(openFails(store, owner).getMessage().contains("Too many open files"));
      lacking.set(false);
      PartitionLog log =
          OwnerThread.await(
              store.open(
                  TestLog.ID, TestLog.config(SEGMENT_BYTES), owner, new RecordingListener()));
      assertEquals(5L, owner.call(log::logEndOffset));
      owner.run(log::close);
    }
  }

  @Test
  void namesTheKindOfErrorWhoseMessageIsOnlyAPath() throws IOException {
    Path data = directory.resolve("data");
    ChronicleLogStore.open(data, Clock.SYSTEM).close();
    Files.writeString(TestLog.directory(data), "no directory");
    try (ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM);
        OwnerThread owner = new OwnerThread("owner")) {
      String message = openFails(store, owner).getMessage();
      assertTrue(message.contains("FileAlreadyExistsException"), message);
    }
  }

  private static LogException openFails(ChronicleLogStore store, OwnerThread owner) {
    return assertThrows(
        LogException.class,
        () ->
            OwnerThread.await(
                store.open(
                    TestLog.ID, TestLog.config(SEGMENT_BYTES), owner, new RecordingListener())));
  }

  @Test
  void tellsErrorsOfTheDeviceFromOthers() {
    assertTrue(isOfTheDevice(new IOException("Input/output error")));
    assertTrue(isOfTheDevice(new InternalError("a fault occurred in an unsafe memory access")));
    assertTrue(isOfTheDevice(new RuntimeException(new IOException("Read-only file system"))));
    assertFalse(isOfTheDevice(new IllegalStateException("a fault of the broker's own")));
    assertFalse(
        isOfTheDevice(
            new RuntimeException(new FileSystemException("file", null, "Too many open files"))));
  }

  private static boolean isOfTheDevice(Throwable cause) {
    return LogFailures.isOfTheDevice(
        new LogException(ErrorCode.STORAGE_ERROR, "cannot append", cause));
  }
}
