package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.log.PartitionLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots are kept often enough, and none is believed that is not whole. */
class SnapshotFileTest {
  private static final int MIB = 1 << 20;

  @TempDir Path directory;
  private Path data;

  @BeforeEach
  void choose() {
    data = directory.resolve("data");
  }

  private Path file(long baseOffset) {
    return TestLog.segment(data, baseOffset).resolve(LogFiles.SNAPSHOT);
  }

  @Test
  void areKeptBetweenRollsSoThatLittleFollowsTheNewest() {
    try (TestLog log = new TestLog(data, TestLog.config(1 << 30))) {
      log.listener.giveSnapshots();
      log.append(70, MIB - 1_000);
      log.owner.run(log.log::sync); // behind what was to be written before
      log.listener.awaitSynced(70);
      assertTrue(Files.exists(file(0)));
      log.listener.keepSilent();
    }
    try (TestLog log = new TestLog(data, TestLog.config(1 << 30))) {
      long offset = log.owner.call(() -> log.log.snapshot().offset());
      assertTrue(offset >= 60 && offset < 70, "snapshot below " + offset);
    }
  }

  @Test
  void areNotBelievedWithAnyBitFlippedOrByteMissing() throws IOException {
    try (TestLog log = new TestLog(data, TestLog.config(1 << 20))) {
      log.listener.giveSnapshots();
      log.append(3, 100);
    }
    byte[] whole = Files.readAllBytes(file(0));
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= (byte) (1 << i % 8);
      Files.write(file(0), flipped);
      assertNull(recovered(), "byte " + i);
    }
    for (int size = 0; size < whole.length; size++) {
      Files.write(file(0), Arrays.copyOf(whole, size));
      assertNull(recovered(), "size " + size);
    }
    Files.write(file(0), whole);
    assertEquals(3, recovered().offset());
  }

  private PartitionLog.Snapshot recovered() throws IOException {
    return LogRecovery.recover(TestLog.directory(data), Device.REAL).snapshot();
  }
}
