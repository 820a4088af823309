package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.RecordingListener;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Descriptors and mappings of a store's files are bounded, and all are given back. */
class OpenFilesTest {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
  private static final Path MAPPINGS = Path.of("/proc/self/maps");

  @TempDir Path directory;

  @BeforeEach
  void needsProc() {
    assumeTrue(Files.exists(DESCRIPTORS), "the system does not tell which files are open");
  }

  private List<String> openFiles() throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        try {
          open.add(Files.readSymbolicLink(descriptor).toString());
        } catch (NoSuchFileException e) {
          // Closed since it was listed.
        }
      }
    }
    open.addAll(Files.readAllLines(MAPPINGS));
    open.removeIf(each -> !each.contains(directory.toString()));
    return open;
  }

  /** The log threads close what was let go a moment ago. */
  private void awaitOpenFiles(int atMost) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (openFiles().size() > atMost) {
      assertTrue(System.nanoTime() < deadline, "more than " + atMost + " are open: " + openFiles());
    }
  }

  @Test
  void closesEverythingAgainAndAgain() throws IOException {
    Path data = directory.resolve("data");
    for (int i = 0; i < 10; i++) {
      try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
        log.append(50, 10_000);
        long end = log.end();
        log.checkContent(Math.max(0, end - 30), end, 10_000);
        log.owner.run(() -> log.log.findByTimestamp(1_000, end));
        log.owner.run(() -> log.log.truncateTo(end - 5));
        log.append(5, 10_000);
        log.owner.run(() -> log.log.advanceLogStartOffset(end - 30));
        log.checkContent(end - 30, end, 10_000);
      }
      assertEquals(List.of(), openFiles());
    }
  }

  @Test
  void givesBackWhatDeletedSegmentsHad() throws IOException {
    Path data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(100_000))) {
      for (int i = 0; i < 20; i++) {
        log.append(30, 10_000);
        long end = log.end();
        log.checkContent(end - 30, end, 10_000);
        log.owner.run(() -> log.log.advanceLogStartOffset(end));
      }
      // The lock, and at most two segments with two descriptors and two mappings each.
      awaitOpenFiles(1 + 2 * 4);
    }
  }

  @Test
  void closesSealedSegmentsThatNobodyReadsAnyMore() throws IOException {
    try (TestLog log = new TestLog(directory.resolve("data"), TestLog.config(100_000))) {
      log.append(50, 10_000);
      long end = log.end();
      log.checkContent(0, end, 10_000);
      log.owner.run(() -> log.log.applyRetention(0, end));
      log.checkContent(0, 1, 10_000);
      int open = log.store.openSegmentCount();
      assertEquals(log.owner.call(log.log::segmentCount), open);

      log.owner.run(() -> log.log.applyRetention(0, end));

      assertEquals(2, log.store.openSegmentCount(), "the active one, and the one that was read");
      // The lock, and what the two have.
      awaitOpenFiles(1 + 2 * 4);
      log.checkContent(0, end, 10_000);
    }
  }

  @Test
  void boundsHowManySegmentsAreOpenThoughAllLogsAreUsed() throws IOException {
    int limit = 20;
    int logCount = 60;
    try (OwnerThread owner = new OwnerThread("owner")) {
      ChronicleLogStore store =
          ChronicleLogStore.open(
              directory.resolve("data"), Clock.SYSTEM, new StoreLimits(0, limit, 1_000));
      List<PartitionLog> logs = new ArrayList<>();
      LogConfig config = TestLog.config(20_000);
      for (int i = 0; i < logCount; i++) {
        LogId id = new LogId(new UUID(0, 1), i);
        logs.add(OwnerThread.await(store.open(id, config, owner, new RecordingListener())));
      }
      SplittableRandom random = new SplittableRandom(1);
      for (int i = 0; i < 3_000; i++) {
        PartitionLog log = logs.get(random.nextInt(logCount));
        long end = log.logEndOffset();
        TestBatches.append(owner, log, TestBatches.batch(end, 1_000 + end, 500));
        long offset = random.nextLong(end + 1);
        ByteBuf out = Unpooled.buffer();
        owner.run(() -> log.read(offset, Long.MAX_VALUE, 1, out));
        assertEquals(TestBatches.batch(offset, 1_000 + offset, 500), out);
        assertTrue(store.openSegmentCount() <= limit + 2, "open " + store.openSegmentCount());
      }
      awaitOpenFiles(1 + 4 * (limit + 2));
      owner.run(() -> logs.forEach(PartitionLog::close));
      store.close();
      assertEquals(List.of(), openFiles());
    }
  }

  @Test
  void appendsGoOnWhenTheProcessMayOpenFilesAgain() throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "needs prlimit");
    try (ChildProcess child =
        ChildProcess.start(
            FewFiles.class, directory.resolve("output"), directory.resolve("data"))) {
      assertEquals(0, child.await(), child::outputIfAny);
    }
  }
}
