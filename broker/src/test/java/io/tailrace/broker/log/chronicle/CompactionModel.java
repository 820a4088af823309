package io.tailrace.broker.log.chronicle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Everything that was ever appended to a log, and what compaction must have left of it. Makes
 * batches of random keys, tombstones, records without key, producers and leader epochs.
 */
final class CompactionModel {
  /** From this batch on nothing comes from the first producer, whose last batch is compacted so. */
  private static final int SILENT_FROM_BATCH = 15;

  private final SplittableRandom random;
  private final int keys;
  private final TreeMap<Long, Appended> batches = new TreeMap<>();
  private final TreeMap<Long, StoredRecord> records = new TreeMap<>();
  private final int[] sequences = new int[3];
  private int leaderEpoch = 1;
  private long end;

  /** A batch as it was appended. */
  private record Appended(
      long baseOffset, long nextOffset, int leaderEpoch, long producerId, int baseSequence) {}

  CompactionModel(long seed, int keys) {
    this.random = new SplittableRandom(seed);
    this.keys = keys;
  }

  long end() {
    return end;
  }

  /** Makes the next batch. */
  ByteBuf nextBatch() {
    if (random.nextInt(15) == 0) {
      leaderEpoch++;
    }
    int count = random.nextInt(1, 12);
    int producer = random.nextInt(sequences.length + 1) - 1;
    if (producer == 0 && batches.size() >= SILENT_FROM_BATCH) {
      producer = (int) RecordBatch.NO_PRODUCER_ID;
    }
    RecordBatchBuilder builder = new RecordBatchBuilder(1_024);
    for (int i = 0; i < count; i++) {
      long timestampMs = 1_000_000 + end * 10 + random.nextInt(-40, 40);
      byte[] key = random.nextInt(25) == 0 ? null : key(random.nextInt(keys));
      byte[] value = random.nextInt(4) == 0 ? null : new byte[random.nextInt(200)];
      if (value != null) {
        random.nextBytes(value);
      }
      List<RecordHeader> headers =
          random.nextInt(3) == 0 ? List.of(RecordHeader.of("h", "v" + end)) : List.of();
      builder.append(timestampMs, key, value, headers);
      records.put(end + i, new StoredRecord(end + i, timestampMs, key, value, headers));
    }
    CompressionType[] types = CompressionType.values();
    int size =
        builder.finish(
            types[random.nextInt(types.length)],
            producer,
            (short) (producer < 0 ? -1 : 0),
            producer < 0 ? RecordBatch.NO_SEQUENCE : sequences[producer]);
    ByteBuf batch =
        Unpooled.wrappedBuffer(ByteBuffer.allocateDirect(size))
            .setBytes(0, builder.array(), 0, size);
    RecordBatch.place(batch, 0, end, leaderEpoch);
    batches.put(
        end,
        new Appended(end, end + count, leaderEpoch, producer, RecordBatch.baseSequence(batch, 0)));
    if (producer >= 0) {
      sequences[producer] += count;
    }
    end += count;
    return batch;
  }

  static byte[] key(int number) {
    return ("key-" + number).getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] key) {
    return new String(key, StandardCharsets.UTF_8);
  }

  /** The offset of each key's last record below an offset. */
  private Map<String, Long> lastOffsets(long below) {
    Map<String, Long> last = new HashMap<>();
    records
        .headMap(below)
        .forEach(
            (offset, record) -> {
              if (record.key() != null) {
                last.put(text(record.key()), offset);
              }
            });
    return last;
  }

  /**
   * What a log holds, checked batch by batch against what was appended: ranges, epochs, producers
   * and all records that are there.
   */
  NavigableMap<Long, StoredRecord> read(TestLog log, long from) {
    NavigableMap<Long, StoredRecord> found = new TreeMap<>();
    long offset = from;
    while (offset < end) {
      ByteBuf out = Unpooled.buffer();
      long at = offset;
      log.owner.run(() -> log.log.read(at, end, 10_000, out));
      assertTrue(out.isReadable(), "nothing comes from " + at + " of " + end);
      found.putAll(parse(out));
      offset = nextOffset(out);
    }
    assertEquals(end, offset);
    return found;
  }

  private static long nextOffset(ByteBuf out) {
    long next = 0;
    for (TestBatches.ReadBatch batch : TestBatches.parse(out)) {
      next = batch.nextOffset();
    }
    return next;
  }

  /** Checks batches that were read, and gives their records. */
  NavigableMap<Long, StoredRecord> parse(ByteBuf out) {
    NavigableMap<Long, StoredRecord> found = new TreeMap<>();
    for (int at = 0; at < out.writerIndex(); ) {
      at += RecordBatch.check(out, at, out.writerIndex() - at) > 0 ? parse(out, at, found) : 0;
    }
    return found;
  }

  private int parse(ByteBuf out, int at, NavigableMap<Long, StoredRecord> found) {
    Appended appended = batches.get(RecordBatch.baseOffset(out, at));
    assertNotNull(appended, "batch at " + RecordBatch.baseOffset(out, at));
    assertEquals(
        appended,
        new Appended(
            RecordBatch.baseOffset(out, at),
            RecordBatch.nextOffset(out, at),
            RecordBatch.leaderEpoch(out, at),
            RecordBatch.producerId(out, at),
            RecordBatch.baseSequence(out, at)));
    try (RecordReader reader = new RecordReader(out, at)) {
      while (reader.hasNext()) {
        StoredRecord record = reader.next();
        StoredRecord original = records.get(record.offset());
        assertEquals(original, record);
        if (record.key() != null) {
          assertEquals(text(original.key()), text(record.key()));
        }
        found.put(record.offset(), record);
      }
    }
    return RecordBatch.sizeInBytes(out, at);
  }

  /**
   * Checks that nothing is lost that has to stay while compaction is under way.
   *
   * @param tombstones whether those that nothing supersedes have to be there
   */
  void checkNothingLost(NavigableMap<Long, StoredRecord> found, boolean tombstones) {
    Map<String, Long> last = lastOffsets(end);
    records.forEach(
        (offset, record) -> {
          boolean stays =
              record.key() == null
                  || (last.get(text(record.key())).equals(offset)
                      && (tombstones || record.value() != null));
          assertTrue(!stays || found.containsKey(offset), "lost " + offset);
        });
    // The value of a key that was deleted must not come back.
    Map<String, StoredRecord> values = new HashMap<>();
    found.values().stream()
        .filter(record -> record.key() != null)
        .forEach(record -> values.put(text(record.key()), record));
    values.forEach(
        (key, record) -> {
          StoredRecord newest = records.get(last.get(key));
          assertEquals(newest.value() == null, record.value() == null, key + " at " + record);
        });
  }

  /**
   * Checks that a finished pass has left exactly what it should.
   *
   * @param cleanEnd where the cleaned part ends
   * @param tombstones whether it has those that nothing supersedes
   */
  void checkCompacted(NavigableMap<Long, StoredRecord> found, long cleanEnd, boolean tombstones) {
    Map<String, Long> last = lastOffsets(cleanEnd);
    List<Long> expected = new ArrayList<>();
    records.forEach(
        (offset, record) -> {
          if (offset >= cleanEnd
              || record.key() == null
              || (last.get(text(record.key())).equals(offset)
                  && (tombstones || record.value() != null))) {
            expected.add(offset);
          }
        });
    assertEquals(expected, List.copyOf(found.keySet()));
  }

  /** Checks that producers and epochs follow from the batches that are left. */
  void checkStates(TestLog log) {
    Map<Long, Long> lastOfProducer = new HashMap<>();
    Map<Integer, Long> firstOfEpoch = new HashMap<>();
    for (Appended batch : batches.values()) {
      lastOfProducer.put(batch.producerId(), batch.baseOffset());
      firstOfEpoch.putIfAbsent(batch.leaderEpoch(), batch.baseOffset());
    }
    lastOfProducer.remove(RecordBatch.NO_PRODUCER_ID);
    lastOfProducer.values().forEach(base -> checkBatchThere(log, base));
    firstOfEpoch.values().forEach(base -> checkBatchThere(log, base));
  }

  private static void checkBatchThere(TestLog log, long baseOffset) {
    ByteBuf out = Unpooled.buffer();
    log.owner.run(() -> log.log.read(baseOffset, Long.MAX_VALUE, 1, out));
    assertEquals(baseOffset, RecordBatch.baseOffset(out, 0));
  }

  /** Checks searches by time against the records that were found. */
  void checkTimes(TestLog log, NavigableMap<Long, StoredRecord> found) {
    for (int i = 0; i < 20; i++) {
      long timestampMs = 1_000_000 + random.nextLong(end * 10 + 100);
      StoredRecord expected =
          found.values().stream()
              .filter(record -> record.timestampMs() >= timestampMs)
              .findFirst()
              .orElse(null);
      PartitionLog.TimestampedOffset actual =
          log.owner.call(() -> log.log.findByTimestamp(timestampMs, end));
      if (expected == null) {
        assertNull(actual);
      } else {
        assertEquals(
            new PartitionLog.TimestampedOffset(expected.offset(), expected.timestampMs()), actual);
      }
    }
  }
}
