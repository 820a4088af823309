package io.tailrace.broker.log;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Page cache and device of the simulated disk. */
class InMemoryFileTest {
  private static final int SECTOR = InMemoryFile.SECTOR_BYTES;

  private final InMemoryFile file = new InMemoryFile(0);

  private static byte[] bytes(int count, int value) {
    byte[] bytes = new byte[count];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private void sync() {
    file.complete(file.beginWriteback());
  }

  private byte[] content() {
    return file.read(0, file.length());
  }

  @Test
  void keepsWhatWasSyncedWhateverElseAPowerCutTakes() {
    file.write(0, bytes(1_000, 1));
    sync();
    for (int seed = 0; seed < 100; seed++) {
      file.write(1_000, bytes(500, 2));
      file.losePower(new SplittableRandom(seed));
      assertTrue(file.length() >= 1_000 && file.length() <= 1_500);
      assertArrayEquals(bytes(1_000, 1), file.read(0, 1_000));
      file.truncate(1_000);
      sync();
    }
  }

  @Test
  void losesAnyOfTheSectorsThatWereNotSynced() {
    Set<String> outcomes = new HashSet<>();
    for (int seed = 0; seed < 200; seed++) {
      InMemoryFile each = new InMemoryFile(0);
      each.write(0, bytes(3 * SECTOR, 7));
      each.losePower(new SplittableRandom(seed));
      StringBuilder kept = new StringBuilder();
      for (int at = 0; at < each.length(); at += SECTOR) {
        kept.append(each.read(at, 1)[0]);
      }
      outcomes.add(kept.toString());
    }
    assertTrue(outcomes.containsAll(Set.of("", "777", "77", "770", "077", "007")), "" + outcomes);
  }

  @Test
  void countsPagesAsCleanThatAFailedSyncDidNotBringToTheDevice() {
    file.write(0, bytes(100, 1));
    file.fail(file.beginWriteback());
    sync();
    assertArrayEquals(bytes(100, 1), content());
    assertFalse(file.isOnDevice());
    file.rewrite();
    sync();
    assertTrue(file.isOnDevice());
  }

  @Test
  void syncsWhatWasWrittenBeforeTheSyncBegan() {
    file.write(0, bytes(SECTOR, 1));
    InMemoryFile.Writeback writeback = file.beginWriteback();
    file.write(SECTOR, bytes(SECTOR, 2));
    file.complete(writeback);
    assertFalse(file.isOnDevice());
    sync();
    assertTrue(file.isOnDevice());
  }

  @Test
  void doesNotBringBackWhatWasCutWhileASyncWasUnderWay() {
    file.write(0, bytes(1_000, 1));
    InMemoryFile.Writeback writeback = file.beginWriteback();
    file.truncate(10);
    file.complete(writeback);
    sync();
    file.losePower(new SplittableRandom(1));
    assertArrayEquals(bytes(10, 1), content());
  }

  @Test
  void changesNamesOnTheDeviceInTheirOrder() {
    Set<String> outcomes = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      InMemoryDirectory directory = new InMemoryDirectory();
      directory.put("a", new InMemoryFile(0));
      directory.sync(directory.changes());
      directory.put("b.tmp", new InMemoryFile(0));
      directory.rename("b.tmp", "b");
      directory.remove("a");
      directory.losePower(new SplittableRandom(seed));
      outcomes.add(String.join(" ", directory.files().keySet()));
    }
    assertEquals(Set.of("a", "a b.tmp", "a b", "b"), outcomes);
  }

  @Test
  void keepsNamesThatWereSynced() {
    InMemoryDirectory directory = new InMemoryDirectory();
    directory.put("a", new InMemoryFile(0));
    long changes = directory.changes();
    directory.remove("a");
    directory.sync(changes);
    assertNull(directory.get("a"));
    directory.losePower(new SplittableRandom(2));
    assertNotNull(directory.get("a"));
  }
}
