package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ProducedBatchTest {
  private static final int RECORDS = 12;

  @ParameterizedTest
  @EnumSource
  void acceptsWhateverTheBuilderMakes(CompressionType compression) {
    for (long seed = 0; seed < 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] batch =
          Samples.batch(compression, Samples.records(random, random.nextInt(1, 3 * RECORDS)));
      assertEquals(batch.length, check(batch), "seed " + seed);
    }
    byte[] many = Samples.batch(compression, Samples.plain(20_000));
    assertEquals(many.length, check(many));
  }

  @Test
  void checksABatchWhereverItStandsAndInAnyKindOfBuffer() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(50));
    ByteBuf direct = Unpooled.directBuffer().writeZero(33).writeBytes(batch).writeZero(9);
    CompositeByteBuf parts = Unpooled.compositeBuffer(1000);
    for (int at = 0; at < batch.length; at += 10) {
      parts.addComponent(true, Unpooled.wrappedBuffer(batch, at, Math.min(10, batch.length - at)));
    }

    assertEquals(batch.length, ProducedBatch.check(direct, 33, batch.length + 9));
    assertEquals(batch.length, ProducedBatch.check(parts, 0, batch.length));
    assertEquals(0, direct.readerIndex());
    direct.release();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0",
    "11, 10",
    "13, 12",
    "14, 13",
    "12, 12",
    "12, 2147483647",
    "1, 2147483647",
    "1000000000, 999999999"
  })
  void refusesCountsThatLieUnderARightChecksum(int count, int lastOffsetDelta) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(RECORDS));
    assertRefused(withCounts(batch, count, lastOffsetDelta));
  }

  @ParameterizedTest
  @CsvSource({"12, 12", "12, 2147483647", "2147483647, 2147483646", "9586981, 9586980"})
  void refusesCountsOfACompressedBatchThatCannotBe(int count, int lastOffsetDelta) {
    byte[] batch = Samples.batch(CompressionType.ZSTD, Samples.plain(RECORDS));
    assertRefused(withCounts(batch, count, lastOffsetDelta));
  }

  @Test
  void refusesABatchThatHasLostRecords() {
    RecordBatchBuilder builder = new RecordBatchBuilder(100);
    for (int offsetDelta : new int[] {0, 2, 5}) {
      builder.append(offsetDelta, 1, null, new byte[10], List.of());
    }
    int size = builder.finish(CompressionType.NONE, -1, (short) -1, -1);
    byte[] batch = Arrays.copyOf(builder.array(), size);
    RecordBatch.check(Unpooled.wrappedBuffer(batch), 0, size);

    assertRefused(batch);
    assertRefused(withCounts(batch, 3, 2));
  }

  @ParameterizedTest
  @CsvSource({
    // length, attributes, timestamp delta, offset delta, key length, value length, header count
    "0c0000000101000c000000010100, 2, offset delta 0",
    "0c000002010100, 1, offset delta 1",
    "0c000001010100, 1, offset delta -1",
    "0e000000010100, 1, length 7",
    "0a000000010100, 1, length 5",
    "0c00000001010000, 1, 1 bytes stand behind",
    "0c0000000101000c000002010100, 1, 7 bytes stand behind",
    "00000000010100, 1, length 0",
    "01000000010100, 1, length -1",
    "feffffff0f000000010100, 1, length 2147483647",
    "ffffffff0f000000010100, 1, length -2147483648",
    "ffffffffff01000000010100, 1, more than 32 bits",
    "1800ffffffffffffffffffff0100, 1, more than 64 bits",
    "0e0000808080808000, 1, more than 32 bits",
    "0c00008080808000, 1, is longer than its length",
    "0c00ffffffffff, 1, ends inside a number"
  })
  void refusesRecordsThatCannotBe(String hex, int count, String reason) {
    byte[] batch = Samples.batchAround(CompressionType.NONE, HexFormat.of().parseHex(hex), count);
    CorruptBatchException e = assertRefused(batch);
    assertTrue(e.getMessage().contains(reason), e.getMessage());
  }

  @Test
  void refusesNoiseInThePlaceOfRecords() {
    for (long seed = 0; seed < 2_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] noise = new byte[random.nextInt(20, 300)];
      random.nextBytes(noise);
      byte[] batch =
          Samples.batchAround(
              CompressionType.NONE, noise, random.nextInt(2, 2 + noise.length / 10));
      assertThrows(CorruptBatchException.class, () -> check(batch), "seed " + seed);
    }
  }

  @Test
  void whatReadersCanReadIsNeverRefused() {
    int refused = 0;
    int accepted = 0;
    for (long seed = 0; seed < 6_000; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(RECORDS));
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        batch[random.nextInt(RecordBatch.HEADER_BYTES, batch.length)] = (byte) random.nextInt();
      }
      Samples.reseal(batch);
      boolean sound = true;
      try {
        assertEquals(batch.length, check(batch));
        accepted++;
      } catch (CorruptBatchException e) {
        sound = false;
        refused++;
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
      assertTrue(sound || !isReadable(batch), "seed " + seed + ": refused, though readable");
    }
    assertTrue(refused > 500, "only " + refused + " were refused");
    assertTrue(accepted > 500, "only " + accepted + " were accepted");
  }

  private static boolean isReadable(byte[] batch) {
    try {
      return Samples.read(batch).size() == RECORDS;
    } catch (CorruptBatchException e) {
      return false;
    }
  }

  private static byte[] withCounts(byte[] batch, int count, int lastOffsetDelta) {
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, count);
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, lastOffsetDelta);
    return Samples.reseal(batch);
  }

  private static int check(byte[] batch) {
    return ProducedBatch.check(Unpooled.wrappedBuffer(batch), 0, batch.length);
  }

  private static CorruptBatchException assertRefused(byte[] batch) {
    CorruptBatchException e = assertThrows(CorruptBatchException.class, () -> check(batch));
    assertEquals(ErrorCode.CORRUPT_BATCH, e.code());
    return e;
  }
}
