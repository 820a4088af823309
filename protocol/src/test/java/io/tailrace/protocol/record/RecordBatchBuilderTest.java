package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordBatchBuilderTest {

  @ParameterizedTest
  @EnumSource
  void whatWasAppendedIsRead(CompressionType compression) {
    for (long seed = 100; seed < 130; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<StoredRecord> records = Samples.records(random, random.nextInt(1, 100));
      assertEquals(records, Samples.read(Samples.batch(compression, records)), "seed " + seed);
    }
  }

  @Test
  void theUpperBoundHoldsForEveryRecord() {
    SplittableRandom random = new SplittableRandom(1);
    RecordBatchBuilder builder = new RecordBatchBuilder(64);
    for (StoredRecord record : Samples.records(random, 2000)) {
      int bound = RecordBatchBuilder.upperBound(record.key(), record.value(), record.headers());
      int before = builder.sizeInBytes();
      builder.append(record.timestampMs(), record.key(), record.value(), record.headers());
      int added = builder.sizeInBytes() - before;
      assertTrue(added <= bound, added + " bytes were added, " + bound + " foretold");
      assertTrue(bound < added + 120, added + " bytes were added, " + bound + " foretold");
    }
  }

  @Test
  void aFirstRecordHasAlwaysRoom() {
    RecordBatchBuilder builder = new RecordBatchBuilder(64);
    assertTrue(builder.hasRoomFor(1_000_000, 1000));
    builder.append(1, null, new byte[100], List.of());
    assertTrue(builder.hasRoomFor(1000 - builder.sizeInBytes(), 1000));
    assertFalse(builder.hasRoomFor(1001 - builder.sizeInBytes(), 1000));
  }

  @Test
  void buildsInTheGivenMemoryWhileItSuffices() {
    RecordBatchBuilder builder = new RecordBatchBuilder(ByteBuffer.allocateDirect(500));
    builder.append(1, null, new byte[100], List.of());
    assertFalse(builder.hasGrown());
    builder.append(1, null, new byte[1000], List.of());
    assertTrue(builder.hasGrown());
    int size = builder.finish(-1, (short) -1, -1);
    assertEquals(2, Samples.read(Arrays.copyOf(builder.array(), size)).size());
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void buildsTheSameInDirectMemoryAsInAnArray(CompressionType compression) {
    ByteBuffer direct = ByteBuffer.allocateDirect(100_000);
    RecordBatchBuilder inDirect = new RecordBatchBuilder(direct);
    RecordBatchBuilder inArray = new RecordBatchBuilder(100_000);
    for (StoredRecord record : Samples.records(new SplittableRandom(2), 100)) {
      for (RecordBatchBuilder each : List.of(inDirect, inArray)) {
        each.append(record.timestampMs(), record.key(), record.value(), record.headers());
      }
    }
    int size = inDirect.finish(compression, 5, (short) 1, 100);

    assertEquals(size, inArray.finish(compression, 5, (short) 1, 100));
    assertEquals(
        Unpooled.wrappedBuffer(inArray.array(), 0, size),
        Unpooled.wrappedBuffer(direct.limit(size).position(0)));
  }

  @Test
  void whatStoodInAReusedArrayDoesNotMatter() {
    byte[] dirty = new byte[500];
    Arrays.fill(dirty, (byte) 0xaa);
    RecordBatchBuilder builder = new RecordBatchBuilder(ByteBuffer.wrap(dirty));
    builder.append(7, Samples.utf8("k"), Samples.utf8("v"), List.of());
    byte[] batch = Arrays.copyOf(builder.array(), builder.finish(-1, (short) -1, -1));
    RecordBatchBuilder clean = new RecordBatchBuilder(500);
    clean.append(7, Samples.utf8("k"), Samples.utf8("v"), List.of());
    assertEquals(
        Unpooled.wrappedBuffer(clean.array(), 0, clean.finish(-1, (short) -1, -1)),
        Unpooled.wrappedBuffer(batch));
  }

  @Test
  void anEmptyBatchCannotBeFinished() {
    RecordBatchBuilder builder = new RecordBatchBuilder(100);
    assertThrows(IllegalStateException.class, () -> builder.finish(-1, (short) -1, -1));
  }
}
