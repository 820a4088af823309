package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordBatchCheckTest {

  @ParameterizedTest
  @EnumSource
  void findsEveryFlippedBitThatItGuards(CompressionType compression) {
    byte[] batch = Samples.batch(compression, Samples.plain(20));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    for (int bit = 0; bit < batch.length * 8; bit++) {
      int at = bit / 8;
      batch[at] ^= (byte) (1 << (bit % 8));
      boolean outsideTheChecksum =
          at < RecordBatch.BATCH_LENGTH_OFFSET
              || (at >= RecordBatch.LEADER_EPOCH_OFFSET && at < RecordBatch.MAGIC_OFFSET);
      if (outsideTheChecksum) {
        assertEquals(batch.length, RecordBatch.check(buffer, 0, batch.length));
      } else {
        assertThrows(
            CorruptBatchException.class,
            () -> RecordBatch.check(buffer, 0, batch.length),
            "bit " + bit);
      }
      batch[at] ^= (byte) (1 << (bit % 8));
    }
    assertEquals(batch.length, RecordBatch.check(buffer, 0, batch.length));
  }

  @Test
  void placingABatchLeavesItSound() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(3));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    RecordBatch.place(buffer, 0, 1L << 40, 17);
    RecordBatch.check(buffer, 0, batch.length);
    assertEquals(1L << 40, RecordBatch.baseOffset(buffer, 0));
    assertEquals((1L << 40) + 2, RecordBatch.lastOffset(buffer, 0));
    assertEquals((1L << 40) + 3, RecordBatch.nextOffset(buffer, 0));
    assertEquals(17, RecordBatch.leaderEpoch(buffer, 0));
    assertEquals((1L << 40) + 1, Samples.read(batch).get(1).offset());
  }

  @Test
  void everyPrefixOfABatchIsRefused() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    for (int available = 0; available < batch.length; available++) {
      int bytes = available;
      assertThrows(
          CorruptBatchException.class, () -> RecordBatch.check(buffer, 0, bytes), "" + available);
    }
  }

  @Test
  void whatFollowsABatchIsNotItsBusiness() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    byte[] two = Arrays.copyOf(batch, batch.length + 100);
    assertEquals(
        batch.length, RecordBatch.check(Unpooled.wrappedBuffer(two), 0, batch.length + 100));
  }

  @Test
  void checksABatchWhereverItStandsAndInAnyKindOfBuffer() {
    byte[] batch = Samples.batch(CompressionType.LZ4, Samples.plain(50));
    ByteBuf direct = Unpooled.directBuffer().writeZero(33).writeBytes(batch);
    CompositeByteBuf parts = Unpooled.compositeBuffer(1000);
    for (byte b : batch) {
      parts.addComponent(true, Unpooled.wrappedBuffer(new byte[] {b}));
    }
    ByteBuf slice = Unpooled.buffer().writeZero(7).writeBytes(batch).slice(7, batch.length);

    assertEquals(batch.length, RecordBatch.check(direct, 33, batch.length));
    assertEquals(batch.length, RecordBatch.check(parts, 0, batch.length));
    assertEquals(batch.length, RecordBatch.check(slice, 0, batch.length));
    assertEquals(0, slice.readerIndex());
    direct.setByte(60, ~direct.getByte(60));
    assertFalse(RecordBatch.crcMatches(direct, 33));
    direct.release();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 48, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 20})
  void refusesBatchLengthsThatCannotBe(int length) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    Unpooled.wrappedBuffer(batch).setInt(RecordBatch.BATCH_LENGTH_OFFSET, length);
    assertRefused(batch, ErrorCode.CORRUPT_BATCH);
  }

  @ParameterizedTest
  @ValueSource(bytes = {0, 1, 3, -1})
  void refusesOtherMagics(byte magic) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    batch[RecordBatch.MAGIC_OFFSET] = magic;
    assertRefused(batch, ErrorCode.CORRUPT_BATCH);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0, -1",
    "-1, 5",
    "3, 1",
    "-2147483648, -2147483648",
    "2147483647, 2147483646"
  })
  void refusesCountsThatCannotBe(int count, int lastOffsetDelta) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, count);
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, lastOffsetDelta);
    assertRefused(Samples.reseal(batch), ErrorCode.CORRUPT_BATCH);
  }

  @ParameterizedTest
  @ValueSource(ints = {5, 6, 7})
  void refusesUnknownCompressions(int compression) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    batch[RecordBatch.ATTRIBUTES_OFFSET + 1] |= (byte) compression;
    assertRefused(Samples.reseal(batch), ErrorCode.UNSUPPORTED_COMPRESSION);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x10, 0x20, 0x30})
  void refusesTransactionalAndControlBatches(int attributes) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(2));
    batch[RecordBatch.ATTRIBUTES_OFFSET + 1] |= (byte) attributes;
    assertRefused(Samples.reseal(batch), ErrorCode.CORRUPT_BATCH);
  }

  private static void assertRefused(byte[] batch, ErrorCode code) {
    CorruptBatchException e =
        assertThrows(
            CorruptBatchException.class,
            () -> RecordBatch.check(Unpooled.wrappedBuffer(batch), 0, batch.length));
    assertEquals(code, e.code());
    assertTrue(!e.getMessage().isEmpty());
  }
}
