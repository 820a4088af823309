package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordReaderTest {
  private static final int LIMIT = 1 << 20;

  @ParameterizedTest
  @EnumSource
  void readsFromAnyKindOfBuffer(CompressionType compression) {
    List<StoredRecord> records = Samples.records(new SplittableRandom(3), 30);
    byte[] batch = Samples.batch(compression, records);
    ByteBuf direct = Unpooled.directBuffer().writeBytes(batch);
    CompositeByteBuf parts = Unpooled.compositeBuffer();
    parts.addComponent(true, Unpooled.wrappedBuffer(batch, 0, 70));
    parts.addComponent(true, Unpooled.wrappedBuffer(batch, 70, batch.length - 70));
    ByteBuf slice = Unpooled.buffer().writeZero(9).writeBytes(batch).slice(9, batch.length);

    assertEquals(records, Samples.readUnchecked(Unpooled.wrappedBuffer(batch), LIMIT));
    assertEquals(records, Samples.readUnchecked(direct, LIMIT));
    assertEquals(records, Samples.readUnchecked(parts, LIMIT));
    assertEquals(records, Samples.readUnchecked(slice, LIMIT));
    assertEquals(0, slice.readerIndex());
    direct.release();
  }

  @ParameterizedTest
  @EnumSource
  void mutatedRecordsAreReadOrRefused(CompressionType compression) {
    for (long seed = 0; seed < 3; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      byte[] sound = Samples.batch(compression, Samples.records(random, 12));
      int refused = 0;
      for (int round = 0; round < 3_000; round++) {
        byte[] mutated = mutate(sound, random);
        ByteBuf buffer = Unpooled.wrappedBuffer(mutated);
        long before = allocatedBytes();
        try {
          RecordBatch.checkStructure(buffer, 0, mutated.length);
          Samples.readUnchecked(buffer, LIMIT);
        } catch (CorruptBatchException e) {
          refused++;
          assertNotNull(e.getMessage());
        } catch (RuntimeException | Error e) {
          throw new AssertionError(
              "seed " + seed + ", round " + round + ": " + Arrays.toString(mutated), e);
        }
        long allocated = allocatedBytes() - before;
        // Content, its growth and a few chunks; a lie would show as gigabytes.
        assertTrue(allocated < 8 * LIMIT, allocated + " bytes for a batch of " + mutated.length);
      }
      assertTrue(refused > 500, "only " + refused + " were refused");
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void decompressionStopsAtItsLimit(CompressionType compression) {
    RecordBatchBuilder builder = new RecordBatchBuilder(100);
    builder.append(1, null, new byte[100_000_000], List.of());
    int size = builder.finish(compression, -1, (short) -1, -1);
    ByteBuf batch = Unpooled.wrappedBuffer(builder.array(), 0, size);
    RecordBatch.check(batch, 0, size);

    long before = allocatedBytes();
    CorruptBatchException e =
        assertThrows(CorruptBatchException.class, () -> new RecordReader(batch, 0, LIMIT));

    assertTrue(e.getMessage().contains("more than " + LIMIT), e.getMessage());
    assertTrue(allocatedBytes() - before < 8 * LIMIT, "allocated more than a few times the limit");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aBatchAsLargeAsTheLimitIsRead(CompressionType compression) {
    byte[] batch = Samples.batch(compression, Samples.plain(1000));
    int content =
        Samples.batch(CompressionType.NONE, Samples.plain(1000)).length - RecordBatch.HEADER_BYTES;
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    assertEquals(1000, Samples.readUnchecked(buffer, content).size());
    assertThrows(CorruptBatchException.class, () -> Samples.readUnchecked(buffer, content - 1));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyCutCompressedBodyIsRefused(CompressionType compression) {
    byte[] batch = Samples.batch(compression, Samples.plain(30));
    for (int length = RecordBatch.HEADER_BYTES; length < batch.length; length++) {
      byte[] cut = Samples.reseal(Arrays.copyOf(batch, length));
      assertThrows(CorruptBatchException.class, () -> Samples.read(cut), "cut at " + length);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 1000})
  void bytesBehindTheLastRecordAreAnError(int more) {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(3));
    byte[] longer = Samples.reseal(Arrays.copyOf(batch, batch.length + more));
    assertThrows(CorruptBatchException.class, () -> Samples.read(longer));
  }

  @Test
  void moreRecordsThanThereAreIsAnError() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(3));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, 4);
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, 3);
    assertThrows(CorruptBatchException.class, () -> Samples.read(Samples.reseal(batch)));
  }

  @Test
  void fewerRecordsThanThereAreIsAnError() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(3));
    Unpooled.wrappedBuffer(batch).setInt(RecordBatch.RECORD_COUNT_OFFSET, 2);
    assertThrows(CorruptBatchException.class, () -> Samples.read(Samples.reseal(batch)));
  }

  @Test
  void aCompressedBatchMayNotLieAboutItsCountEither() {
    byte[] batch = Samples.batch(CompressionType.ZSTD, Samples.plain(3));
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, Integer.MAX_VALUE);
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, Integer.MAX_VALUE - 1);
    assertThrows(CorruptBatchException.class, () -> Samples.read(Samples.reseal(batch)));
  }

  @Test
  void readsTheShortestRecord() {
    byte[] batch = Samples.batchAround(CompressionType.NONE, fromHex("0c000000010100"), 1);
    assertEquals(List.of(new StoredRecord(0, 0, null, null, List.of())), Samples.read(batch));
  }

  @ParameterizedTest
  @CsvSource({
    // length, attributes, timestamp delta, offset delta, key length, value length, header count
    "02000000010100, does not agree with its content",
    "0e000000010100, goes beyond the batch's end",
    "0c00000001010000, bytes stand behind",
    "0c000000010102, a header count of 1",
    "0c000000010101, a header count of -1",
    "0c00000001feffffff0f00, a length of 2147483647",
    "0c0000000c0100, a length of 6",
    "0c000002010100, offset delta 1 behind -1",
    "0c000001010100, offset delta -1 behind -1",
    "00000000010100, record length 0",
    "01000000010100, record length -1",
    "ffffffffffffffff01, more than 32 bits",
    "1e00ffffffffffffffffffff01000001010000, more than 64 bits",
    "1200000001010201000000, a header has no key",
    "140000000101020e01010101, a length of 7",
    "0c0000000101ff, ends inside a number"
  })
  void refusesRecordsThatCannotBe(String hex, String reason) {
    byte[] batch = Samples.batchAround(CompressionType.NONE, fromHex(hex), 1);
    CorruptBatchException e = assertThrows(CorruptBatchException.class, () -> Samples.read(batch));
    assertTrue(e.getMessage().contains(reason), e.getMessage());
  }

  @Test
  void offsetsThatDoNotGrowAreAnError() {
    byte[] twice = fromHex("0c0000000101000c000000010100");
    assertThrows(
        CorruptBatchException.class,
        () -> Samples.read(Samples.batchAround(CompressionType.NONE, twice, 2)));
  }

  @ParameterizedTest
  @CsvSource({
    // snappy-java's header, then blocks that lie
    "SNAPPY, 82534e4150505900000000010000000100",
    "SNAPPY, 82534e415050590000000001000000017fffffff00",
    "SNAPPY, 82534e41505059000000000100000001ffffffff00",
    "SNAPPY, 82534e4150505900000000010000000100000006ffffffff0700",
    "SNAPPY, ffffffff0700",
    // LZ4: no end mark; unknown version; wrong header checksum; dependent blocks; a block that lies
    "LZ4, 04224d18604082",
    "LZ4, 04224d18204082000000",
    "LZ4, 04224d1860408300000000",
    "LZ4, 04224d18404082000000000",
    "LZ4, 04224d18604082ffffff7f00000000",
    "LZ4, 04224d18604082ffffffff00000000",
    "LZ4, 04224d1860408203000000f0ffff00000000",
    // zstd: a window of 2 GB; content size of 2^63
    "ZSTD, 28b52ffd00a8",
    "ZSTD, 28b52ffde0ffffffffffffff7f",
    "GZIP, 1f8b0800000000000000",
    "GZIP, 00"
  })
  void compressedBytesThatLieAreRefusedCheaply(CompressionType compression, String hex) {
    byte[] batch =
        Samples.batchAround(compression, fromHex(hex.length() % 2 == 0 ? hex : hex + "0"), 1);
    assertThrows(CorruptBatchException.class, () -> Samples.read(batch));
    long before = allocatedBytes();
    assertThrows(CorruptBatchException.class, () -> Samples.read(batch));
    long allocated = allocatedBytes() - before;
    assertTrue(allocated < 600_000, allocated + " bytes allocated");
  }

  @Test
  void endsWithAnExceptionForWhoAsksForMore() {
    byte[] batch = Samples.batch(CompressionType.NONE, Samples.plain(1));
    try (RecordReader reader = new RecordReader(Unpooled.wrappedBuffer(batch), 0)) {
      reader.next();
      assertFalse(reader.hasNext());
      assertThrows(NoSuchElementException.class, reader::next);
    }
  }

  private static byte[] mutate(byte[] sound, SplittableRandom random) {
    byte[] mutated = sound.clone();
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      int at = random.nextInt(RecordBatch.HEADER_BYTES, mutated.length);
      switch (random.nextInt(4)) {
        case 0 -> mutated[at] = (byte) random.nextInt();
        case 1 -> mutated[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> Arrays.fill(mutated, at, Math.min(mutated.length, at + 4), (byte) 0xff);
        default -> mutated = Arrays.copyOf(mutated, Math.max(at, RecordBatch.HEADER_BYTES + 1));
      }
    }
    return Samples.reseal(mutated);
  }

  private static byte[] fromHex(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  private static long allocatedBytes() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }
}
