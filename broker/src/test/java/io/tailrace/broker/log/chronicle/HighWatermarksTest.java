package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tailrace.broker.log.LogId;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The file of high watermarks is whole or does not count. */
class HighWatermarksTest {
  private static final LogId ONE = new LogId(new UUID(1, 1), 0);
  private static final LogId TWO = new LogId(new UUID(2, 2), 17);

  @TempDir Path data;
  private final ListAppender<ILoggingEvent> written = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(HighWatermarks.class);

  @BeforeEach
  void watchTheLog() {
    written.start();
    logger.addAppender(written);
  }

  @AfterEach
  void unwatchTheLog() {
    logger.detachAppender(written);
  }

  private List<String> warnings() {
    return written.list.stream()
        .filter(line -> line.getLevel() == Level.WARN)
        .map(ILoggingEvent::getFormattedMessage)
        .toList();
  }

  private HighWatermarks read() throws IOException {
    return HighWatermarks.read(data, Device.REAL, true);
  }

  private Path file() {
    return data.resolve(HighWatermarks.FILE);
  }

  private void writeTwo() throws IOException {
    HighWatermarks some = HighWatermarks.read(data, Device.REAL, false);
    some.of(ONE).set(5);
    some.of(TWO).set(1L << 40);
    some.writeIfChanged();
  }

  @Test
  void readsWhatWasWritten() throws IOException {
    writeTwo();
    HighWatermarks again = read();
    assertEquals(5, again.of(ONE).get());
    assertEquals(1L << 40, again.of(TWO).get());
    assertEquals(HighWatermarks.Value.UNKNOWN, again.of(new LogId(new UUID(1, 1), 1)).get());
    again.forget(ONE);
    again.writeIfChanged();
    assertEquals(HighWatermarks.Value.UNKNOWN, read().of(ONE).get());
    assertEquals(List.of(), warnings());
  }

  @Test
  void writesOnlyWhatHasChanged() throws IOException {
    AtomicInteger syncs = new AtomicInteger();
    HighWatermarks some =
        HighWatermarks.read(
            data,
            path -> {
              syncs.incrementAndGet();
              LogFiles.force(path);
            },
            false);
    some.of(ONE).set(5);
    some.writeIfChanged();
    assertEquals(2, syncs.get(), "the content, and its name");
    some.of(ONE).set(5);
    some.writeIfChanged();
    assertEquals(2, syncs.get());
    some.of(ONE).set(6);
    some.writeIfChanged();
    assertEquals(4, syncs.get());
  }

  @Test
  void believesNoDamagedFile() throws IOException {
    writeTwo();
    byte[] whole = Files.readAllBytes(file());
    for (int i = 0; i < whole.length; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 1;
      Files.write(file(), damaged);
      assertEquals(HighWatermarks.Value.UNKNOWN, read().of(ONE).get(), "bit flipped at " + i);
      assertEquals(i + 1, warnings().size());
    }
    assertTrue(warnings().get(0).contains(file() + " are damaged"), warnings().get(0));
    for (int length = 0; length < whole.length; length++) {
      Files.write(file(), Arrays.copyOf(whole, length));
      assertEquals(HighWatermarks.Value.UNKNOWN, read().of(TWO).get(), "cut at " + length);
    }
  }

  @Test
  void warnsWhenTheFileOfAUsedDirectoryIsMissing() throws IOException {
    assertEquals(HighWatermarks.Value.UNKNOWN, read().of(ONE).get());
    assertTrue(warnings().get(0).contains(file() + " are missing"), warnings().get(0));
    HighWatermarks.read(data, Device.REAL, false);
    assertEquals(1, warnings().size());
  }

  @Test
  void warnsOnceWhileTheFileCannotBeWrittenAndKeepsTheOldOne() throws IOException {
    writeTwo();
    AtomicBoolean broken = new AtomicBoolean(true);
    HighWatermarks some =
        HighWatermarks.read(
            data,
            path -> {
              if (broken.get()) {
                throw new IOException("Input/output error");
              }
              LogFiles.force(path);
            },
            true);
    some.of(ONE).set(9);
    some.writeIfChanged();
    some.writeIfChanged();
    assertEquals(1, warnings().size());
    assertEquals(5, read().of(ONE).get());
    broken.set(false);
    some.writeIfChanged();
    assertEquals(9, read().of(ONE).get());
    assertFalse(Files.exists(data.resolve(HighWatermarks.FILE + LogFiles.TMP)));
  }

  private LogId killedWith(int records, int segmentBytes) throws IOException {
    try (TestLog log = new TestLog(data, TestLog.config(segmentBytes))) {
      log.append(records, 1_000);
      log.owner.run(() -> log.log.noteHighWatermark(log.log.logEndOffset()));
    }
    return TestLog.ID;
  }

  private Map<LogId, String> notWhole() {
    try (ChronicleLogStore store =
        ChronicleLogStore.open(
            data, Clock.SYSTEM, StoreLimits.withFreeSpaceFloor(0), Device.REAL)) {
      return store.notWhole();
    }
  }

  private static void cut(Path file, long bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  @Test
  void aStoreSeesBeforeItOpensALogThatItsActiveSegmentWasCut() throws IOException {
    LogId id = killedWith(100, 1 << 20);
    TestLog.pretendKilled(data, 0);
    assertEquals(Map.of(), notWhole());
    cut(TestLog.queueFile(data, 0), 60_000);
    assertEquals(Set.of(id), notWhole().keySet());
    assertTrue(notWhole().get(id).contains("has 60000 bytes"), notWhole().get(id));
    Files.delete(TestLog.queueFile(data, 0));
    assertEquals(Set.of(id), notWhole().keySet());
  }

  @Test
  void aSegmentWhoseUnusedEndWasCutIsWhole() throws IOException {
    killedWith(100, 1 << 20);
    long position = 100 * 1_200L + Excerpt.DATA_POSITION; // more than the records take
    cut(TestLog.queueFile(data, 0), position);
    assertEquals(Map.of(), notWhole());
  }

  @Test
  void aMissingSegmentIsLeftToTheOpeningOfItsLog() throws IOException {
    killedWith(100, 20_000);
    assertEquals(Map.of(), notWhole());
    LogFiles.deleteRecursively(TestLog.segment(data, 0));
    assertEquals(Map.of(), notWhole());
  }

  @Test
  void aRunningStoreWritesTheFile() throws Exception {
    try (WatchService watch = data.getFileSystem().newWatchService();
        TestLog log = new TestLog(data, TestLog.config(1 << 20))) {
      data.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
      log.owner.run(() -> log.log.noteHighWatermark(3));
      while (Files.notExists(file())) {
        WatchKey changed = watch.poll(60, TimeUnit.SECONDS);
        assertNotNull(changed, "nothing was written");
        changed.pollEvents();
        changed.reset();
      }
      assertEquals(3, read().of(TestLog.ID).get());
    }
  }
}
