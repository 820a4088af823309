package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Records that are damaged in a segment that was not closed, or whose segment is gone: all others
 * are kept and served, and no offset is given out twice.
 */
class LostRecordsTest {
  private static final int PAYLOAD_BYTES = 1_000;
  private static final int SEGMENT_BYTES = 20_000;

  @TempDir Path directory;

  private Path newLog(String name, int count, int payloadBytes, int segmentBytes) {
    Path data = directory.resolve(name);
    try (TestLog log = new TestLog(data, TestLog.config(segmentBytes))) {
      log.append(count, payloadBytes);
    }
    return data;
  }

  private static List<Long> segmentsOf(Path data) throws IOException {
    return TestLog.names(TestLog.directory(data)).stream()
        .map(SegmentName::parse)
        .filter(Objects::nonNull)
        .map(SegmentName::baseOffset)
        .toList();
  }

  private static void remove(Path segment) throws IOException {
    LogFiles.deleteRecursively(segment);
  }

  private static List<Long> without(long from, long to, long end) {
    List<Long> offsets = new ArrayList<>(TestLog.range(0, from));
    offsets.addAll(TestLog.range(to, end));
    return offsets;
  }

  /** Opens the log, appends, and does both again; what is there is there after each start. */
  private static void checkTwice(Path data, List<Long> before, long end) {
    List<Long> readable = new ArrayList<>(before);
    long nextEnd = end;
    for (int start = 0; start < 2; start++) {
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        assertEquals(nextEnd, log.end());
        assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
        log.append(3, PAYLOAD_BYTES);
        readable.addAll(TestLog.range(nextEnd, nextEnd + 3));
        nextEnd += 3;
        assertEquals(readable, log.readable(0, PAYLOAD_BYTES));
        assertTrue(Files.exists(TestLog.directory(data).resolve(LogFiles.DAMAGED)));
      }
    }
  }

  /** What a replica does that fetches damaged records again from another one. */
  @Test
  void discardsFromTheFirstLostRecordOnAndIsWholeAfterwards() throws IOException {
    Path data = newLog("discarded", 400, PAYLOAD_BYTES, SEGMENT_BYTES);
    List<Long> segments = segmentsOf(data);
    long lost = segments.get(1);
    remove(TestLog.segment(data, lost));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(lost, log.owner.call(log.log::damagedFrom));
      assertEquals(Set.of(TestLog.ID), log.store.notWhole().keySet());

      assertEquals(lost, log.owner.call(log.log::discardDamaged));
      assertEquals(-1, log.owner.call(log.log::damagedFrom));
      log.append(3, PAYLOAD_BYTES);
    }
    assertFalse(Files.exists(TestLog.directory(data).resolve(LogFiles.DAMAGED)));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(Map.of(), log.store.notWhole());
      assertEquals(-1, log.owner.call(log.log::damagedFrom));
      assertEquals(TestLog.range(0, lost + 3), log.readable(0, PAYLOAD_BYTES));
    }
  }

  @Test
  void flippedBitsInASegmentThatWasNotClosedCostTheirBatchesOnly() throws IOException {
    int count = 200;
    for (int seed = 0; seed < 40; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      int payloadBytes = 20 + random.nextInt(600);
      Path data = newLog("bits-" + seed, count, payloadBytes, 8 << 20);
      TestLog.pretendKilled(data, 0);
      byte[] content = Files.readAllBytes(TestLog.queueFile(data, 0));
      int excerptBytes =
          Excerpt.length(Unpooled.wrappedBuffer(content).getIntLE(Excerpt.DATA_POSITION));
      int step = (int) Excerpt.align(excerptBytes + Excerpt.HEADER_BYTES);
      List<Long> intact = new ArrayList<>(TestLog.range(0, count));
      for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
        int batch = random.nextInt(count);
        int bit = random.nextInt(8 * (excerptBytes + Excerpt.HEADER_BYTES));
        content[Excerpt.DATA_POSITION + batch * step + bit / 8] ^= (byte) (1 << bit % 8);
        intact.remove((Long) (long) batch);
      }
      Files.write(TestLog.queueFile(data, 0), content);
      for (int start = 0; start < 2; start++) {
        try (TestLog log = new TestLog(data, TestLog.config(8 << 20))) {
          String message = "seed " + seed;
          long end = log.end();
          assertTrue(end >= count, message + ": ends at " + end);
          assertEquals(intact, log.readable(0, payloadBytes), message);
          log.append(1, payloadBytes);
          intact.add(end);
          assertEquals(intact, log.readable(0, payloadBytes), message);
        }
      }
    }
  }

  @Test
  void doesNotTakeForABatchWhatAValueBroughtFromAnotherSegment() throws IOException {
    Path other = newLog("other", 3, PAYLOAD_BYTES, SEGMENT_BYTES);
    byte[] excerpts = Files.readAllBytes(TestLog.queueFile(other, 0));
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(1, PAYLOAD_BYTES);
    }
    TestLog.pretendKilled(data, 0);
    // A damaged batch with the excerpt of offset 2 inside, at a place where one could begin.
    byte[] content = Files.readAllBytes(TestLog.queueFile(data, 0));
    int step =
        (int)
            Excerpt.align(
                Excerpt.length(Unpooled.wrappedBuffer(excerpts).getIntLE(Excerpt.DATA_POSITION))
                    + Excerpt.HEADER_BYTES);
    System.arraycopy(
        excerpts, Excerpt.DATA_POSITION + 2 * step, content, Excerpt.DATA_POSITION + 400, step);
    Files.write(TestLog.queueFile(data, 0), content);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(1, log.end());
      assertEquals(List.of(), log.readable(0, PAYLOAD_BYTES));
    }
  }

  @Test
  void offsetsOfALastSegmentThatIsGoneAreNotGivenOutAgain() throws IOException {
    Path data = newLog("data", 50, PAYLOAD_BYTES, SEGMENT_BYTES);
    List<Long> bases = segmentsOf(data);
    long last = bases.get(bases.size() - 1);
    remove(TestLog.segment(data, last));
    checkTwice(data, TestLog.range(0, last), 50);
  }

  @Test
  void servesWhatIsBehindASegmentThatIsGone() throws IOException {
    Path data = newLog("data", 60, PAYLOAD_BYTES, SEGMENT_BYTES);
    List<Long> bases = segmentsOf(data);
    remove(TestLog.segment(data, bases.get(1)));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      long gone = bases.get(1);
      LogException failure =
          assertThrows(
              LogException.class,
              () -> log.owner.run(() -> log.log.read(gone, 60, 1_000, Unpooled.buffer())));
      assertTrue(
          failure.getMessage().startsWith("records " + gone + " to " + (bases.get(2) - 1)),
          failure.getMessage());
      assertEquals(
          (long) bases.get(2),
          log.owner.call(() -> log.log.findByTimestamp(1_000 + gone, 60)).offset());
    }
    checkTwice(data, without(bases.get(1), bases.get(2), 60), 60);
    try (Stream<Path> paths = Files.list(TestLog.directory(data))) {
      assertTrue(paths.noneMatch(path -> path.toString().contains("unreadable")));
    }
  }

  @Test
  void missesAFirstSegmentThatNobodyDeleted() throws IOException {
    Path data = newLog("data", 60, PAYLOAD_BYTES, SEGMENT_BYTES);
    List<Long> bases = segmentsOf(data);
    remove(TestLog.segment(data, 0));
    checkTwice(data, without(0, bases.get(1), 60), 60);
  }

  @Test
  void doesNotMissWhatIsBelowTheStart() throws IOException {
    Path data = newLog("data", 60, PAYLOAD_BYTES, SEGMENT_BYTES);
    List<Long> bases = segmentsOf(data);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.owner.run(() -> log.log.advanceLogStartOffset(bases.get(1) + 1));
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.checkContent(bases.get(1) + 1, 60, PAYLOAD_BYTES);
      assertTrue(Files.notExists(TestLog.directory(data).resolve(LogFiles.DAMAGED)));
    }
  }

  @Test
  void truncatesInsideAndBehindWhatIsLost() throws IOException {
    for (int step = 0; step < 60; step += 4) {
      Path data = newLog("data-" + step, 60, PAYLOAD_BYTES, SEGMENT_BYTES);
      List<Long> bases = segmentsOf(data);
      remove(TestLog.segment(data, bases.get(1)));
      remove(TestLog.segment(data, bases.get(bases.size() - 1)));
      long to = step;
      List<Long> kept =
          without(bases.get(1), bases.get(2), bases.get(bases.size() - 1)).stream()
              .filter(offset -> offset < to)
              .toList();
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        long end = log.owner.call(() -> log.log.truncateTo(to));
        assertTrue(end <= to);
        assertEquals(kept, log.readable(0, PAYLOAD_BYTES));
        log.append(2, PAYLOAD_BYTES);
        log.checkContent(end, end + 2, PAYLOAD_BYTES);
      }
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        assertEquals(kept.size() + 2, log.readable(0, PAYLOAD_BYTES).size());
      }
    }
  }

  @Test
  void doesNotMissWhatWasTruncated() throws IOException {
    Path data = newLog("data", 60, PAYLOAD_BYTES, SEGMENT_BYTES);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.owner.run(() -> log.log.truncateTo(30));
    }
    for (long base : segmentsOf(data)) {
      Files.deleteIfExists(TestLog.segment(data, base).resolve(LogFiles.CLEAN));
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(30, log.end());
      assertTrue(Files.notExists(TestLog.directory(data).resolve(LogFiles.DAMAGED)));
    }
  }

  @Test
  void theStoreTellsOfADirectoryThatIsMissingAndOfLostRecordsWithoutOpeningALog()
      throws IOException {
    Path data = newLog("data", 60, PAYLOAD_BYTES, SEGMENT_BYTES);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(Map.of(), log.store.notWhole());
      log.owner.run(() -> log.log.noteHighWatermark(60));
    }
    remove(TestLog.segment(data, segmentsOf(data).get(1)));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertTrue(log.store.notWhole().get(TestLog.ID).contains("are missing"));
    }
    try (ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM)) {
      assertTrue(store.notWhole().get(TestLog.ID).contains("are missing"));
    }
    remove(TestLog.directory(data));
    try (ChronicleLogStore store = ChronicleLogStore.open(data, Clock.SYSTEM)) {
      assertTrue(store.notWhole().get(TestLog.ID).contains("directory"));
    }
  }

  @Test
  void endsDeletionsThatAKilledProcessHadBegun() throws IOException {
    Path data = newLog("data", 5, PAYLOAD_BYTES, SEGMENT_BYTES);
    Path stray = TestLog.directory(data);
    Path half = stray.resolveSibling(stray.getFileName() + "-1.deleted");
    Files.createDirectory(half);
    Files.write(half.resolve("file"), new byte[10]);
    ChronicleLogStore.open(data, Clock.SYSTEM).close();
    assertTrue(Files.notExists(half));
    assertTrue(Files.exists(stray), "a log is not deleted by the store on its own");
  }
}
