package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.client.RecordMetadata;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What clients were told, and whether the logs agree with it: nothing acknowledged is lost, nothing
 * is there twice, each client's records of a partition are in their order, high watermarks do not
 * move back. Not thread-safe.
 */
final class Ledger {
  private final SimulatedTime time;
  private final List<TreeMap<Long, SentRecord>> acknowledged = new ArrayList<>();
  private final List<Set<SentRecord>> acknowledgedSomewhere = new ArrayList<>();
  private final long[] highWatermarks;
  private long acknowledgements;
  private long failures;
  private SimulationFailure broken;

  Ledger(SimulatedTime time, int partitions) {
    this.time = time;
    this.highWatermarks = new long[partitions];
    for (int i = 0; i < partitions; i++) {
      acknowledged.add(new TreeMap<>());
      acknowledgedSomewhere.add(new HashSet<>());
    }
  }

  /** Records that clients were told were acknowledged. */
  long acknowledgements() {
    return acknowledgements;
  }

  /** Records that clients were told had failed, be it that they were appended. */
  long failures() {
    return failures;
  }

  /** A client was told that a record stands at this offset. */
  void onAcknowledged(SentRecord record, long offset) {
    acknowledgements++;
    time.note(offset);
    if (offset == RecordMetadata.UNKNOWN_OFFSET) {
      acknowledgedSomewhere.get(record.partition()).add(record);
      return;
    }
    if (offset >= highWatermarks[record.partition()]) {
      broken(
          record
              + " is acknowledged at offset "
              + offset
              + ", the high watermark is "
              + highWatermarks[record.partition()]);
    }
    SentRecord other = acknowledged.get(record.partition()).put(offset, record);
    if (other != null) {
      broken(record + " and " + other + " are both acknowledged at offset " + offset);
    }
  }

  /** Kept until the end of the step: a producer survives the exceptions of callbacks. */
  private void broken(String message) {
    if (broken == null) {
      broken = new SimulationFailure(message);
    }
  }

  /** Throws what a client found to be broken, to be called after each step. */
  void checkWhatClientsWereTold() {
    if (broken != null) {
      throw broken;
    }
  }

  /** A client was told an error. */
  void onFailed(SentRecord record, Exception error) {
    failures++;
    time.note(record.number());
  }

  /** A partition's high watermark, to be called after each step. */
  void onHighWatermark(int partition, long highWatermark) {
    if (highWatermark < highWatermarks[partition]) {
      throw new SimulationFailure(
          "the high watermark of partition "
              + partition
              + " moved back from "
              + highWatermarks[partition]
              + " to "
              + highWatermark);
    }
    if (highWatermark > highWatermarks[partition]) {
      highWatermarks[partition] = highWatermark;
      time.note(highWatermark);
    }
  }

  /** A partition's high watermark as far as it is known. */
  long highWatermark(int partition) {
    return highWatermarks[partition];
  }

  /** A partition's high watermark that nobody is told, and that may be behind the last one. */
  void onUntoldHighWatermark(int partition, long highWatermark) {
    if (highWatermark > highWatermarks[partition]) {
      onHighWatermark(partition, highWatermark);
    }
  }

  /**
   * The machine lost its power, and no setting says that what was acknowledged survives that.
   *
   * @param batches what is left in the partition's log
   * @param syncedEndOffset what the log knew to be synced before
   */
  void forgive(int partition, List<byte[]> batches, long syncedEndOffset) {
    Map<SentRecord, Long> left = new HashMap<>();
    long end = 0;
    for (byte[] batch : batches) {
      for (StoredRecord stored : records(batch)) {
        end = stored.offset() + 1;
        left.put(parse(stored), stored.offset());
      }
    }
    if (end < syncedEndOffset) {
      throw new SimulationFailure(
          "partition "
              + partition
              + " ends at "
              + end
              + " after a power cut, and was synced up to "
              + syncedEndOffset);
    }
    acknowledged.get(partition).tailMap(end, true).clear();
    acknowledgedSomewhere.get(partition).removeIf(record -> !left.containsKey(record));
    highWatermarks[partition] = Math.min(highWatermarks[partition], end);
  }

  /** Compares what a partition's log holds with what clients were told. */
  void check(int partition, List<byte[]> batches) {
    Map<SentRecord, Long> found = new HashMap<>();
    Map<Integer, SentRecord> lastOfClient = new HashMap<>();
    TreeMap<Long, SentRecord> expected = acknowledged.get(partition);
    int met = 0;
    for (byte[] batch : batches) {
      for (StoredRecord stored : records(batch)) {
        SentRecord record = parse(stored);
        Long before = found.put(record, stored.offset());
        if (before != null) {
          throw new SimulationFailure(
              record + " is there twice, at offsets " + before + " and " + stored.offset());
        }
        SentRecord last = lastOfClient.put(record.client(), record);
        if (last != null && last.number() > record.number()) {
          throw new SimulationFailure(record + " stands behind " + last);
        }
        SentRecord told = expected.get(stored.offset());
        if (told != null) {
          met++;
          if (!told.equals(record)) {
            throw new SimulationFailure(
                told
                    + " was acknowledged at offset "
                    + stored.offset()
                    + ", where "
                    + record
                    + " is");
          }
        }
      }
    }
    if (met < expected.size()) {
      expected.values().removeIf(found::containsKey);
      throw new SimulationFailure(
          "acknowledged and lost: "
              + expected.size()
              + " records, the first is "
              + expected.firstEntry().getValue()
              + " at offset "
              + expected.firstKey());
    }
    for (SentRecord record : acknowledgedSomewhere.get(partition)) {
      if (!found.containsKey(record)) {
        throw new SimulationFailure("acknowledged and lost: " + record);
      }
    }
  }

  private static SentRecord parse(StoredRecord stored) {
    return SentRecord.parse(new String(stored.value(), StandardCharsets.US_ASCII));
  }

  private static List<StoredRecord> records(byte[] batch) {
    List<StoredRecord> records = new ArrayList<>();
    ByteBuf content = Unpooled.wrappedBuffer(batch);
    try (RecordReader reader = new RecordReader(content, 0)) {
      while (reader.hasNext()) {
        records.add(reader.next());
      }
    }
    return records;
  }
}
