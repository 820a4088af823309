package io.tailrace.protocol.record;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/** Records to write, and batches made of them. */
final class Samples {
  private static final String[] HEADER_KEYS = {
    "trace", "", "caf\u00e9", "\u20ac", "\ud83d\ude00 id", "\u0000", "\u07ff\u0800\uffff", "x-y"
  };

  private Samples() {}

  /** Records of every shape; offsets from 0, timestamps that go back and forth. */
  static List<StoredRecord> records(RandomGenerator random, int count) {
    List<StoredRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<RecordHeader> headers = new ArrayList<>();
      for (int h = random.nextInt(4) * random.nextInt(2); h > 0; h--) {
        headers.add(
            new RecordHeader(HEADER_KEYS[random.nextInt(HEADER_KEYS.length)], bytes(random, 40)));
      }
      records.add(
          new StoredRecord(i, timestamp(random), bytes(random, 100), bytes(random, 3000), headers));
    }
    return records;
  }

  /** Plain records for tests that are about the batch. */
  static List<StoredRecord> plain(int count) {
    List<StoredRecord> records = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      records.add(
          new StoredRecord(
              i,
              1_800_000_000_000L + i,
              utf8("key-" + i),
              utf8("the value of record " + i),
              List.of(RecordHeader.of("trace", "t" + i))));
    }
    return records;
  }

  private static long timestamp(RandomGenerator random) {
    return switch (random.nextInt(10)) {
      case 0 -> 0;
      case 1 -> Long.MAX_VALUE - random.nextInt(10);
      case 2 -> random.nextLong(1L << 40);
      default -> 1_800_000_000_000L + random.nextInt(-100_000, 100_000);
    };
  }

  /** Null, empty, compressible or not. */
  private static byte[] bytes(RandomGenerator random, int bound) {
    return switch (random.nextInt(6)) {
      case 0 -> null;
      case 1 -> new byte[0];
      case 2, 3 -> {
        byte[] noise = new byte[random.nextInt(bound)];
        random.nextBytes(noise);
        yield noise;
      }
      default -> {
        byte[] same = new byte[random.nextInt(bound)];
        Arrays.fill(same, (byte) random.nextInt());
        yield same;
      }
    };
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A batch of our builder, not idempotent. */
  static byte[] batch(CompressionType compression, List<StoredRecord> records) {
    return batch(compression, records, RecordBatch.NO_PRODUCER_ID, (short) -1, -1);
  }

  static byte[] batch(
      CompressionType compression,
      List<StoredRecord> records,
      long producerId,
      short producerEpoch,
      int baseSequence) {
    RecordBatchBuilder builder = new RecordBatchBuilder(16);
    for (StoredRecord record : records) {
      builder.append(record.timestampMs(), record.key(), record.value(), record.headers());
    }
    int size = builder.finish(compression, producerId, producerEpoch, baseSequence);
    return Arrays.copyOf(builder.array(), size);
  }

  /** Reads all records of one batch that fills the array, after checking it. */
  static List<StoredRecord> read(byte[] batch) {
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    RecordBatch.check(buffer, 0, batch.length);
    return readUnchecked(buffer, RecordReader.DEFAULT_MAX_DECOMPRESSED_BYTES);
  }

  static List<StoredRecord> readUnchecked(ByteBuf batch, int maxDecompressedBytes) {
    List<StoredRecord> records = new ArrayList<>();
    try (RecordReader reader = new RecordReader(batch, 0, maxDecompressedBytes)) {
      while (reader.hasNext()) {
        records.add(reader.next());
      }
    }
    return records;
  }

  /** Makes length and checksum of a changed batch right again. */
  static byte[] reseal(byte[] batch) {
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setInt(RecordBatch.BATCH_LENGTH_OFFSET, batch.length - RecordBatch.LENGTH_OVERHEAD);
    CRC32C crc = new CRC32C();
    crc.update(batch, RecordBatch.ATTRIBUTES_OFFSET, batch.length - RecordBatch.ATTRIBUTES_OFFSET);
    buffer.setInt(RecordBatch.CRC_OFFSET, (int) crc.getValue());
    return batch;
  }

  /** A sound batch around any bytes in the place of the records. */
  static byte[] batchAround(CompressionType compression, byte[] records, int count) {
    byte[] batch = new byte[RecordBatch.HEADER_BYTES + records.length];
    ByteBuf buffer = Unpooled.wrappedBuffer(batch);
    buffer.setByte(RecordBatch.MAGIC_OFFSET, RecordBatch.MAGIC);
    buffer.setShort(RecordBatch.ATTRIBUTES_OFFSET, compression.id());
    buffer.setInt(RecordBatch.LAST_OFFSET_DELTA_OFFSET, count - 1);
    buffer.setInt(RecordBatch.RECORD_COUNT_OFFSET, count);
    buffer.setBytes(RecordBatch.HEADER_BYTES, records);
    return reseal(batch);
  }
}
