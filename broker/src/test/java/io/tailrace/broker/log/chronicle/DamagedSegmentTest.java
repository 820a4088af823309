package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A segment that was sealed in order and damaged since: nothing damaged is served. */
class DamagedSegmentTest {
  private static final int PAYLOAD_BYTES = 1_000;
  private static final int COUNT = 200;
  private static final int SEGMENT_BYTES = 100_000;

  @TempDir Path directory;
  private Path data;

  @BeforeEach
  void makeLog() {
    data = directory.resolve("data");
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.append(COUNT, PAYLOAD_BYTES);
    }
  }

  private void change(long position, byte... bytes) throws IOException {
    try (FileChannel file =
        FileChannel.open(TestLog.queueFile(data, 0), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(bytes), position);
    }
  }

  private static ErrorCode readCode(TestLog log, long offset) {
    return assertThrows(
            LogException.class,
            () -> log.owner.run(() -> log.log.read(offset, 999, 1 << 20, Unpooled.buffer())))
        .code();
  }

  @Test
  void servesWhatIsBeforeAndBehindAFlippedBitAndNotWhatHasIt() throws IOException {
    byte[] content = Files.readAllBytes(TestLog.queueFile(data, 0));
    int length = Excerpt.length(Unpooled.wrappedBuffer(content).getIntLE(Excerpt.DATA_POSITION));
    int excerpt = Excerpt.DATA_POSITION + (int) Excerpt.align(length + 4) * 10;
    change(excerpt + 500, (byte) (content[excerpt + 500] ^ 1));
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      ByteBuf out = Unpooled.buffer();
      log.owner.run(() -> log.log.read(0, 999, 1 << 20, out));
      assertEquals(10, TestBatches.parse(out).size());
      LogException failure =
          assertThrows(
              LogException.class,
              () -> log.owner.run(() -> log.log.read(10, 999, 1 << 20, Unpooled.buffer())));
      assertEquals(11, failure.resumeOffset());
      assertTrue(
          failure.getMessage().startsWith("records 10 to 10 cannot be read")
              && failure.getMessage().endsWith("reading can go on from offset 11"),
          failure.getMessage());
      log.checkContent(11, COUNT, PAYLOAD_BYTES);
      log.append(1, PAYLOAD_BYTES);
      log.checkContent(11, COUNT + 1, PAYLOAD_BYTES);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 8, 15, 16, 23, 24, 27, 28, 31, 32, 33, 37, 60, 76, 90, 900})
  void findsAnyFlippedBitOfABatch(int at) throws IOException {
    byte[] content = Files.readAllBytes(TestLog.queueFile(data, 0));
    for (int bit = 0; bit < 8; bit++) {
      int position = Excerpt.DATA_POSITION + at;
      change(position, (byte) (content[position] ^ (1 << bit)));
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        assertEquals(ErrorCode.CORRUPT_LOG, readCode(log, 0), "bit " + bit);
        assertEquals(1L, log.owner.call(() -> log.log.findByTimestamp(1_000, 999)).offset());
      }
      change(position, content[position]);
    }
  }

  @Test
  void survivesGarbageAnywhere() throws IOException {
    Random random = new Random(5);
    byte[] content = Files.readAllBytes(TestLog.queueFile(data, 0));
    for (int i = 0; i < 30; i++) {
      byte[] garbage = new byte[1 + random.nextInt(5_000)];
      random.nextBytes(garbage);
      int position = Excerpt.DATA_POSITION + random.nextInt(90_000);
      change(position, garbage);
      try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
        for (long offset = 0; offset < COUNT; offset += 7) {
          long at = offset;
          try {
            ByteBuf out = Unpooled.buffer();
            log.owner.run(() -> log.log.read(at, 999, 3_000, out));
            TestBatches.parse(out);
            assertEquals(
                TestBatches.batch(at, 1_000 + at, PAYLOAD_BYTES),
                out.slice(0, TestBatches.parse(out).get(0).sizeInBytes()));
          } catch (LogException e) {
            assertEquals(ErrorCode.CORRUPT_LOG, e.code());
          }
        }
        log.checkContent(100, COUNT, PAYLOAD_BYTES);
      }
      Files.write(TestLog.queueFile(data, 0), content);
    }
  }

  @Test
  void reportsAFileThatIsTooShort() throws IOException {
    try (FileChannel file =
        FileChannel.open(TestLog.queueFile(data, 0), StandardOpenOption.WRITE)) {
      file.truncate(50_000);
    }
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      log.checkContent(0, 30, PAYLOAD_BYTES);
      assertEquals(ErrorCode.CORRUPT_LOG, readCode(log, 40));
      log.checkContent(100, COUNT, PAYLOAD_BYTES);
    }
  }

  @Test
  void cutsADamagedSegmentOff() throws IOException {
    change(Excerpt.DATA_POSITION + 500, (byte) 1, (byte) 2, (byte) 3);
    try (TestLog log = new TestLog(data, TestLog.config(SEGMENT_BYTES))) {
      assertEquals(ErrorCode.CORRUPT_LOG, readCode(log, 0));
      assertEquals(0L, log.owner.call(() -> log.log.truncateTo(0)));
      log.append(10, PAYLOAD_BYTES);
      log.checkContent(0, 10, PAYLOAD_BYTES);
    }
  }
}
