package io.tailrace.broker.log;

import static io.tailrace.broker.log.TestBatches.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The simulated disk keeps the contract, and fails as a disk would. */
class InMemoryPartitionLogTest extends PartitionLogContract {
  private InMemoryDisk disk;

  @Override
  LogStore newStore(Clock storeClock) {
    if (disk == null) {
      disk = new InMemoryDisk(storeClock);
    }
    return new InMemoryLogStore(disk);
  }

  @Override
  void abandonStore() {
    disk.killProcess();
  }

  @Test
  void refusesAppendsWhenTheDiskIsFull() {
    int size = append(batch(0, 1, 500));
    disk.setCapacityBytes(2L * size);
    append(batch(1, 1, 500));
    assertEquals(ErrorCode.DISK_FULL, codeOf(() -> append(batch(2, 1, 500))));
    assertEquals(2, end());
    disk.setCapacityBytes(3L * size);
    append(batch(2, 1, 500));
    assertEquals(range(0, 3), offsets(0, Long.MAX_VALUE, 10_000));
  }

  @Test
  void stopsWhenASyncFails() {
    disk.failSyncs(1);
    appendMany(1, 10);
    owner.run(() -> log.sync());
    assertEquals(ErrorCode.STORAGE_ERROR, listener.awaitFailure().code());
    assertEquals(ErrorCode.STORAGE_ERROR, codeOf(() -> append(batch(1, 1, 10))));
  }

  @Test
  void losesOnlyWhatWasNotSyncedWhenThePowerGoes() {
    boolean lost = false;
    for (int seed = 0; seed < 20; seed++) {
      long from = end();
      appendMany(10, 10);
      owner.run(() -> log.sync());
      listener.awaitSynced(from + 10);
      appendMany(10, 10);
      disk.losePower(new SplittableRandom(seed));
      store = newStore(clock);
      log = open(config());
      assertTrue(end() >= from + 10 && end() <= from + 20);
      lost |= end() < from + 20;
    }
    assertTrue(lost);
  }
}
