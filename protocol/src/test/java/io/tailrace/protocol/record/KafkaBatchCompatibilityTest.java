package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Kafka's own record classes read what we write, and we read what they write. */
class KafkaBatchCompatibilityTest {
  private static final int SEEDS = 60;
  private static final long PRODUCER_ID = 0x0123_4567_89ab_cdefL;
  private static final short PRODUCER_EPOCH = 7;
  private static final int BASE_SEQUENCE = Integer.MAX_VALUE - 3;

  @ParameterizedTest
  @EnumSource
  void kafkaReadsWhatWeWrite(CompressionType compression) {
    for (long seed = 0; seed < SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<StoredRecord> records = Samples.records(random, random.nextInt(1, 200));
      byte[] ours = Samples.batch(compression, records, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCE);

      assertEquals(records, readByKafka(ours), "seed " + seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void weReadWhatKafkaWrites(CompressionType compression) {
    for (long seed = 0; seed < SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<StoredRecord> records = Samples.records(random, random.nextInt(1, 200));

      assertEquals(records, Samples.read(writtenByKafka(compression, records)), "seed " + seed);
    }
  }

  /** The bit that says so is one that Kafka leaves free. */
  @ParameterizedTest
  @EnumSource
  void kafkaReadsBatchesWithADelay(CompressionType compression) {
    List<StoredRecord> records =
        List.of(
            new StoredRecord(0, 1, null, new byte[50], List.of()),
            new StoredRecord(
                1, 2, null, new byte[50], List.of(RecordHeader.of(DeliverAfter.HEADER, "1500"))));
    byte[] ours = Samples.batch(compression, records, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCE);
    ByteBuf batch = Unpooled.wrappedBuffer(ours);

    assertTrue(io.tailrace.protocol.record.RecordBatch.isTimed(batch, 0));
    assertEquals(compression, io.tailrace.protocol.record.RecordBatch.compression(batch, 0));
    assertEquals(records, readByKafka(ours));
    assertEquals(0, DeliverAfter.dueMs(records.get(0)));
    assertEquals(1_502, DeliverAfter.dueMs(records.get(1)));
    for (String wrong : List.of("", "-1", "1.5", "1s", "9999999999999999")) {
      assertEquals(
          DeliverAfter.INVALID,
          DeliverAfter.delayMs(List.of(RecordHeader.of(DeliverAfter.HEADER, wrong))),
          wrong);
    }
  }

  @Test
  void uncompressedBatchesAreTheSameByteForByte() {
    for (long seed = 0; seed < SEEDS; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      List<StoredRecord> records = Samples.records(random, random.nextInt(1, 50));
      assertArrayEquals(
          writtenByKafka(CompressionType.NONE, records),
          Samples.batch(CompressionType.NONE, records, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCE),
          "seed " + seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void recordsLargerThanAnyCompressionBlockPassBothWays(CompressionType compression) {
    SplittableRandom random = new SplittableRandom(1);
    byte[] noise = new byte[1_500_000];
    random.nextBytes(noise);
    byte[] pattern = new byte[6_000_000];
    for (int i = 0; i < pattern.length; i++) {
      pattern[i] = (byte) (i / 100);
    }
    List<StoredRecord> records =
        List.of(
            new StoredRecord(0, 1, null, noise, List.of()),
            new StoredRecord(1, 2, pattern, new byte[0], List.of()));

    assertEquals(
        records,
        readByKafka(
            Samples.batch(compression, records, PRODUCER_ID, PRODUCER_EPOCH, BASE_SEQUENCE)));
    assertEquals(records, Samples.read(writtenByKafka(compression, records)));
  }

  @ParameterizedTest
  @EnumSource
  void headersOfKafkasBatchesMeanTheSameToUs(CompressionType compression) {
    List<StoredRecord> records = Samples.records(new SplittableRandom(5), 20);
    byte[] bytes = writtenByKafka(compression, records);
    ByteBuf batch = Unpooled.wrappedBuffer(bytes);
    MutableRecordBatch kafkas =
        MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches().iterator().next();

    assertEquals(
        kafkas.sizeInBytes(), io.tailrace.protocol.record.RecordBatch.sizeInBytes(batch, 0));
    assertEquals(kafkas.baseOffset(), io.tailrace.protocol.record.RecordBatch.baseOffset(batch, 0));
    assertEquals(kafkas.lastOffset(), io.tailrace.protocol.record.RecordBatch.lastOffset(batch, 0));
    assertEquals(kafkas.nextOffset(), io.tailrace.protocol.record.RecordBatch.nextOffset(batch, 0));
  }

  @Test
  void logAppendTimeHidesTheProducersTimestamps() {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1000),
            RecordBatch.CURRENT_MAGIC_VALUE,
            Compression.NONE,
            TimestampType.LOG_APPEND_TIME,
            0,
            77_000);
    builder.append(5, Samples.utf8("k"), Samples.utf8("v"));
    builder.append(6, Samples.utf8("k"), Samples.utf8("v"));
    List<StoredRecord> records = Samples.read(array(builder.build()));
    assertEquals(77_000, records.get(0).timestampMs());
    assertEquals(77_000, records.get(1).timestampMs());
  }

  @Test
  void kafkaReadsABatchThatLostRecordsToCompaction() {
    RecordBatchBuilder builder = new RecordBatchBuilder(100);
    builder.append(3, 1000, Samples.utf8("a"), null, List.of());
    builder.append(900, 1001, null, Samples.utf8("b"), List.of());
    int size = builder.finish(CompressionType.LZ4, -1, (short) -1, -1);
    byte[] batch = Arrays.copyOf(builder.array(), size);

    List<StoredRecord> expected =
        List.of(
            new StoredRecord(3, 1000, Samples.utf8("a"), null, List.of()),
            new StoredRecord(900, 1001, null, Samples.utf8("b"), List.of()));
    assertEquals(expected, Samples.read(batch));
    assertEquals(expected, recordsOf(batch));
  }

  @Test
  void headerKeysWithUnpairedSurrogatesStayReadable() {
    for (String key : List.of("\ud800", "a\udc00\u20ac", "\ud800\u00e9", "\ud800\ud800\udc00")) {
      byte[] batch =
          Samples.batch(
              CompressionType.NONE,
              List.of(
                  new StoredRecord(
                      0, 1, null, null, List.of(new RecordHeader(key, Samples.utf8("v"))))));
      String replaced = new String(Samples.utf8(key), StandardCharsets.UTF_8);
      assertEquals(replaced, Samples.read(batch).get(0).headers().get(0).key());
      assertEquals(replaced, recordsOf(batch).get(0).headers().get(0).key());
    }
  }

  /** Reads by Kafka and checks everything the batch says about itself. */
  private static List<StoredRecord> readByKafka(byte[] bytes) {
    MutableRecordBatch batch = onlyBatch(bytes);
    assertEquals(PRODUCER_ID, batch.producerId());
    assertEquals(PRODUCER_EPOCH, batch.producerEpoch());
    assertEquals(BASE_SEQUENCE, batch.baseSequence());
    assertEquals(-1, batch.partitionLeaderEpoch());
    assertEquals(0, batch.baseOffset());
    assertEquals(TimestampType.CREATE_TIME, batch.timestampType());
    assertFalse(batch.isTransactional());
    assertFalse(batch.isControlBatch());
    List<StoredRecord> records = recordsOf(bytes);
    assertEquals(records.size(), batch.countOrNull());
    assertEquals(
        records.stream().mapToLong(StoredRecord::timestampMs).max().orElseThrow(),
        batch.maxTimestamp());
    return records;
  }

  private static MutableRecordBatch onlyBatch(byte[] bytes) {
    MemoryRecords memory = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
    assertEquals(bytes.length, memory.validBytes());
    List<MutableRecordBatch> batches = new ArrayList<>();
    memory.batches().forEach(batches::add);
    assertEquals(1, batches.size());
    MutableRecordBatch batch = batches.get(0);
    batch.ensureValid();
    assertTrue(batch.isValid());
    return batch;
  }

  private static List<StoredRecord> recordsOf(byte[] bytes) {
    List<StoredRecord> records = new ArrayList<>();
    for (Record record : onlyBatch(bytes)) {
      record.ensureValid();
      List<RecordHeader> headers = new ArrayList<>();
      for (Header header : record.headers()) {
        headers.add(new RecordHeader(header.key(), header.value()));
      }
      records.add(
          new StoredRecord(
              record.offset(),
              record.timestamp(),
              copy(record.hasKey() ? record.key() : null),
              copy(record.hasValue() ? record.value() : null),
              headers));
    }
    return records;
  }

  private static byte[] copy(ByteBuffer buffer) {
    if (buffer == null) {
      return null;
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  private static byte[] writtenByKafka(CompressionType compression, List<StoredRecord> records) {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1024),
            RecordBatch.CURRENT_MAGIC_VALUE,
            Compression.of(compression.label()).build(),
            TimestampType.CREATE_TIME,
            0,
            -1,
            PRODUCER_ID,
            PRODUCER_EPOCH,
            BASE_SEQUENCE);
    for (StoredRecord record : records) {
      Header[] headers =
          record.headers().stream()
              .map(
                  header ->
                      new org.apache.kafka.common.header.internals.RecordHeader(
                          header.key(), header.value()))
              .toArray(Header[]::new);
      builder.append(record.timestampMs(), record.key(), record.value(), headers);
    }
    return array(builder.build());
  }

  private static byte[] array(MemoryRecords records) {
    return copy(records.buffer().duplicate());
  }
}
