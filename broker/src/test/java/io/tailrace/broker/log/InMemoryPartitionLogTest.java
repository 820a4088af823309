package io.tailrace.broker.log;

import static io.tailrace.broker.log.TestBatches.batch;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
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
  void staysClosedUntilTheProcessRestartsWhenASyncFails() {
    disk.failSyncs(1);
    appendMany(1, 10);
    owner.run(() -> log.sync());
    assertEquals(ErrorCode.STORAGE_ERROR, listener.awaitFailure().code());
    assertEquals(ErrorCode.STORAGE_ERROR, codeOf(() -> append(batch(1, 1, 10))));
    owner.run(() -> log.close());
    assertEquals(
        ErrorCode.STORAGE_ERROR, assertThrows(LogException.class, () -> open(config())).code());
    disk.killProcess();
    store = newStore(clock);
    log = open(config());
    assertEquals(1, end());
  }

  @Test
  void stopsWhenItCannotBeWritten() {
    appendMany(1, 10);
    disk.failWrites(0, 1);
    assertEquals(ErrorCode.STORAGE_ERROR, codeOf(() -> append(batch(1, 1, 10))));
    assertEquals(ErrorCode.STORAGE_ERROR, codeOf(() -> append(batch(1, 1, 10))));
  }

  @Test
  void writesAgainWhatAFailedSyncLeftInThePageCacheOnly() {
    appendMany(5, 100);
    owner.run(() -> log.sync());
    listener.awaitSynced(5);
    appendMany(5, 100);
    disk.failSyncs(1);
    owner.run(() -> log.sync());
    listener.awaitFailure();
    disk.killProcess();
    store = newStore(clock);
    log = open(config());
    assertEquals(10, end());
    assertEquals(5L, owner.call(() -> log.syncedEndOffset()));
    owner.run(() -> log.sync());
    listener.awaitSynced(10);
    disk.losePower(new SplittableRandom(1));
    store = newStore(clock);
    log = open(config());
    assertEquals(range(0, 10), offsets(0, Long.MAX_VALUE, 10_000));
  }

  @Test
  void losesToAPowerCutWhatAFailedSyncWasToBringToTheDevice() {
    appendMany(5, 100);
    owner.run(() -> log.sync());
    listener.awaitSynced(5);
    appendMany(5, 100);
    disk.failSyncs(1);
    owner.run(() -> log.sync());
    listener.awaitFailure();
    disk.losePower(new SplittableRandom(1));
    store = newStore(clock);
    log = open(config());
    assertEquals(5, end());
  }

  @Test
  void knowsWhatWasSyncedWhenItIsOpenedAfterAKill() {
    appendMany(5, 100);
    owner.run(() -> log.sync());
    listener.awaitSynced(5);
    appendMany(5, 100);
    abandonStore();
    store = newStore(clock);
    log = open(config());
    assertEquals(10, end());
    assertEquals(5L, owner.call(() -> log.syncedEndOffset()));
  }

  @Test
  void tellsOfASyncWhenTheDeviceHasTakenItsTime() {
    disk.holdSyncs();
    appendMany(3, 100);
    owner.run(() -> log.sync());
    appendMany(3, 100);
    assertEquals(0L, owner.call(() -> log.syncedEndOffset()));
    disk.releaseSyncs();
    listener.awaitSynced(3);
    assertEquals(3L, owner.call(() -> log.syncedEndOffset()), "what was appended before it began");
  }

  @Test
  void takesNoAppendBeforeTheNextSegmentIsReady() {
    reopen(segmentsOf(1_000));
    appendMany(1, 900);
    disk.setSegmentDelay(() -> 20);
    assertEquals(
        ErrorCode.OVERLOADED,
        codeOf(
            () -> {
              ByteBuf next = batch(1, 1, 900);
              log.append(next, 0, next.readableBytes());
            }));
    appendMany(1, 900);
    assertEquals(2, segments());
  }

  @Test
  void isOpenedOverSeveralTurns() {
    appendMany(3, 100);
    disk.setOpenTurns(() -> 5);
    reopen(config());
    assertEquals(3, end());
  }

  @Test
  void forgetsSnapshotsOfWhatAPowerCutTook() {
    listener.giveSnapshots();
    reopen(segmentsOf(1_000));
    appendMany(2, 400);
    owner.run(() -> log.sync());
    listener.awaitSynced(2);
    for (int seed = 0; seed < 50; seed++) {
      appendMany(6, 400);
      disk.losePower(new SplittableRandom(seed));
      store = newStore(clock);
      log = open(segmentsOf(1_000));
      PartitionLog.Snapshot found = owner.call(() -> log.snapshot());
      assertTrue(found == null || found.offset() <= end());
      assertTrue(end() >= 2);
    }
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
