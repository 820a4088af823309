package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UncompressedSizeTest {
  /** A block that is not full may count as a full one. */
  private static final int BLOCK_BYTES = 128 * 1024;

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "SNAPPY", "LZ4", "ZSTD"})
  void isNeverBelowWhatReadersFindAndAboveItByABlockAtMost(CompressionType compression) {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 60; i++) {
      byte[] value = new byte[random.nextInt(1, 1 << random.nextInt(1, 21))];
      if (random.nextBoolean()) {
        random.nextBytes(value);
      }
      List<StoredRecord> records = List.of(new StoredRecord(0, 1_000, null, value, List.of()));
      ByteBuf batch = Unpooled.wrappedBuffer(Samples.batch(compression, records));
      int plain = Samples.batch(CompressionType.NONE, records).length - RecordBatch.HEADER_BYTES;

      long bound = UncompressedSize.atMost(batch, 0);

      assertTrue(bound >= plain, bound + " for " + plain);
      assertTrue(bound <= plain + BLOCK_BYTES, bound + " for " + plain);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "SNAPPY", "LZ4", "ZSTD"})
  void aRecordThatNoReaderTakesIsRefusedThoughItCompressesWell(CompressionType compression) {
    byte[] value = new byte[70_000_000];
    byte[] batch =
        Samples.batch(compression, List.of(new StoredRecord(0, 1_000, null, value, List.of())));
    int limit = RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES;

    CorruptBatchException refused =
        assertThrows(
            CorruptBatchException.class,
            () -> ProducedBatch.checkUncompressedSize(Unpooled.wrappedBuffer(batch), 0, limit));

    assertEquals(ErrorCode.BATCH_TOO_LARGE, refused.code());
    assertTrue(refused.getMessage().contains("max.message.uncompressed.bytes=67108864"));
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "GZIP", "SNAPPY", "LZ4", "ZSTD"})
  void aRecordThatReadersTakeIsAccepted(CompressionType compression) {
    byte[] value = new byte[60_000_000];
    byte[] batch =
        Samples.batch(compression, List.of(new StoredRecord(0, 1_000, null, value, List.of())));
    assertDoesNotThrow(
        () ->
            ProducedBatch.checkUncompressedSize(
                Unpooled.wrappedBuffer(batch), 0, RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES));
  }

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "SNAPPY", "LZ4", "ZSTD"})
  void lengthsThatCannotBeRightAreAnErrorAndNothingElse(CompressionType compression) {
    SplittableRandom random = new SplittableRandom(2);
    byte[] sound = Samples.batch(compression, Samples.plain(500));
    for (int i = 0; i < 5_000; i++) {
      byte[] batch = sound.clone();
      for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
        batch[random.nextInt(RecordBatch.HEADER_BYTES, batch.length)] = (byte) random.nextInt();
      }
      try {
        assertTrue(UncompressedSize.atMost(Unpooled.wrappedBuffer(batch), 0) >= 0);
      } catch (CorruptBatchException e) {
        assertEquals(ErrorCode.CORRUPT_BATCH, e.code());
      }
    }
  }
}
