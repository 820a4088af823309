package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogConfig.Compaction;
import io.tailrace.broker.log.LogView;
import io.tailrace.protocol.record.StoredRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What compaction leaves of a log, compared with a naive model, also when it is interrupted. */
class CompactionTest {
  private static final long DELETE_RETENTION_MS = 1_000_000;
  private static final int KEYS = 40;
  private static final long DEADLINE_NS = 30_000_000_000L;

  @TempDir Path directory;

  private final List<Path> killed = new ArrayList<>();
  private volatile boolean copying;
  private volatile IOException notCopied;

  private static LogConfig config(double minDirtyRatio) {
    return new LogConfig(8_000, 3_600_000, -1, -1, 16 << 10, LogConfig.Flush.NONE, 10_000, 1_000)
        .with(new Compaction(minDirtyRatio, 0, Long.MAX_VALUE, DELETE_RETENTION_MS));
  }

  private TestLog open(Path data) {
    return new TestLog(
        data,
        config(0),
        StoreLimits.withFreeSpaceFloor(0),
        path -> copy(data)); // what is killed needs no syncs
  }

  /** Keeps what a process that is killed now would leave. */
  private synchronized void copy(Path data) {
    if (!copying) {
      return;
    }
    try {
      Path to = directory.resolve("killed-" + killed.size());
      List<String> before;
      do {
        LogFiles.deleteRecursively(to);
        before = paths(data);
        for (String each : before) {
          Path target = to.resolve(each);
          Files.createDirectories(target.getParent());
          if (Files.exists(data.resolve(each))) {
            copyFile(data.resolve(each), target);
          }
        }
      } while (!before.equals(paths(data)));
      killed.add(to);
    } catch (IOException e) {
      notCopied = e;
    }
  }

  /** A file that is gone meanwhile has the whole copied again. */
  private static void copyFile(Path from, Path to) throws IOException {
    try {
      Files.copy(from, to);
    } catch (NoSuchFileException goneMeanwhile) {
      Files.deleteIfExists(to);
    }
  }

  private static List<String> paths(Path data) throws IOException {
    Path log = TestLog.directory(data);
    List<String> paths = new ArrayList<>();
    for (String name : TestLog.names(log)) {
      if (!name.endsWith(LogFiles.DELETED)) {
        try (Stream<Path> files = Files.walk(log.resolve(name))) {
          files.filter(Files::isRegularFile).map(data::relativize).forEach(p -> paths.add("" + p));
        } catch (IOException | java.io.UncheckedIOException goneMeanwhile) {
          return List.of(name);
        }
      }
    }
    return paths;
  }

  private static void append(TestLog log, CompactionModel model, int batches) {
    for (int i = 0; i < batches; i++) {
      log.append(model.nextBatch());
    }
  }

  /** Has everything but the last segment compacted, and gives where the cleaned part ends. */
  private static long compact(TestLog log, long aheadMs) {
    ChroniclePartitionLog compacted = (ChroniclePartitionLog) log.log;
    log.owner.run(
        () -> log.log.applyRetention(System.currentTimeMillis() + aheadMs, log.log.logEndOffset()));
    awaitIdle(log, compacted);
    Segment active = log.owner.call(compacted::activeSegment);
    return active == null ? log.end() : active.state().baseOffset;
  }

  private static void awaitIdle(TestLog log, ChroniclePartitionLog compacted) {
    long deadline = System.nanoTime() + DEADLINE_NS;
    while (log.owner.call(compacted::isCompacting)) {
      assertTrue(System.nanoTime() < deadline, "the pass does not end");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  private static int cleanedSegments(Path data) throws IOException {
    return (int)
        TestLog.names(TestLog.directory(data)).stream()
            .map(SegmentName::parse)
            .filter(name -> name != null && name.generation() > 0)
            .count();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void leavesTheLastRecordOfEachKeyWheneverItIsInterrupted(long seed) throws IOException {
    Path data = directory.resolve("data");
    CompactionModel model = new CompactionModel(seed, KEYS);
    long cleanEnd;
    try (TestLog log = open(data)) {
      append(log, model, 40);
      cleanEnd = compact(log, 0);
      model.checkCompacted(model.read(log, 0), cleanEnd, true);
      append(log, model, 40);
      copying = true;
      cleanEnd = compact(log, 0);
      copying = false;
      NavigableMap<Long, StoredRecord> found = model.read(log, 0);
      model.checkCompacted(found, cleanEnd, true);
      model.checkStates(log);
      model.checkTimes(log, found);
      assertEquals(Map.of(), log.store.notWhole());
    }
    assertTrue(cleanedSegments(data) > 0);
    if (notCopied != null) {
      throw notCopied;
    }
    assertTrue(killed.size() > 6, "copies: " + killed.size());
    SplittableRandom random = new SplittableRandom(seed);
    for (Path each : killed) {
      removeSomeOfTheReplaced(each, random);
      checkAfterKill(each, model, cleanEnd);
    }
    checkAfterKill(data, model, cleanEnd);
  }

  /** A kill may also fall between the removal of one replaced segment and the next. */
  private static void removeSomeOfTheReplaced(Path data, SplittableRandom random)
      throws IOException {
    List<SegmentName> names =
        TestLog.names(TestLog.directory(data)).stream()
            .map(SegmentName::parse)
            .filter(name -> name != null)
            .sorted()
            .toList();
    SegmentName newer = null;
    for (SegmentName name : names) {
      Path segment = TestLog.directory(data).resolve(name.toString());
      ByteBuf sealed = LogFiles.read(segment.resolve(LogFiles.SEALED));
      if (newer != null && name.isReplacedBy(newer, endOf(data, newer)) && random.nextBoolean()) {
        LogFiles.deleteRecursively(segment);
      } else if (sealed != null && name.generation() > 0) {
        newer = name;
      }
    }
  }

  private static long endOf(Path data, SegmentName name) throws IOException {
    Path sealed = TestLog.directory(data).resolve(name.toString()).resolve(LogFiles.SEALED);
    return SegmentState.decode(LogFiles.read(sealed), name.baseOffset()).endOffset;
  }

  private void checkAfterKill(Path data, CompactionModel model, long cleanEnd) throws IOException {
    try (TestLog log = open(data)) {
      assertEquals(Map.of(), log.store.notWhole(), "" + data);
      assertEquals(model.end(), log.end());
      model.checkNothingLost(model.read(log, 0), true);
      compact(log, 0);
      NavigableMap<Long, StoredRecord> found = model.read(log, 0);
      model.checkNothingLost(found, true);
      model.checkStates(log);
      model.checkTimes(log, found);
      // Behind the moment that the first cleaning gave them, tombstones go.
      compact(log, DELETE_RETENTION_MS + 60_000);
      found = model.read(log, 0);
      model.checkNothingLost(found, false);
      long tombstones =
          found.headMap(cleanEnd).values().stream()
              .filter(record -> record.key() != null && record.value() == null)
              .count();
      assertEquals(0, tombstones, "" + data);
      model.checkStates(log);
    }
    assertEquals(
        List.of(),
        TestLog.names(TestLog.directory(data)).stream()
            .filter(name -> name.contains("unreadable") || name.equals(LogFiles.DAMAGED))
            .toList());
  }

  @Test
  void viewsAndReadsSeeOneVersionOrTheOther() throws IOException {
    Path data = directory.resolve("data");
    CompactionModel model = new CompactionModel(7, KEYS);
    try (TestLog log = open(data)) {
      append(log, model, 150);
      List<LogView> views = new ArrayList<>();
      List<ByteBuf> before = new ArrayList<>();
      for (long at = 0; ; at = views.get(views.size() - 1).endOffset()) {
        long from = at;
        LogView view = log.owner.call(() -> log.log.sealedView(from));
        if (view == null) {
          break;
        }
        views.add(view);
        before.add(readAll(view));
      }
      log.owner.run(
          () -> log.log.applyRetention(System.currentTimeMillis(), log.log.logEndOffset()));
      ChroniclePartitionLog compacted = (ChroniclePartitionLog) log.log;
      boolean running = true;
      while (running) {
        running = log.owner.call(compacted::isCompacting);
        model.checkNothingLost(model.read(log, 0), true);
      }
      assertTrue(cleanedSegments(data) > 0);
      assertTrue(views.size() > 1);
      for (int i = 0; i < views.size(); i++) {
        assertEquals(before.get(i), readAll(views.get(i)));
        views.get(i).close();
      }
      LogView view = log.owner.call(() -> log.log.sealedView(0));
      assertNotNull(view);
      try (view) {
        assertTrue(model.parse(readAll(view)).size() > 0);
      }
    }
  }

  private static ByteBuf readAll(LogView view) {
    ByteBuf out = Unpooled.buffer();
    view.read(view.startOffset(), Long.MAX_VALUE, Integer.MAX_VALUE, out);
    return out;
  }
}
