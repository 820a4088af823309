package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.CompactedBatch;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes the records out of a batch that compaction removes: those of whose key there is a later
 * one, and those without value once they were kept long enough. A record without value (a
 * tombstone) gets its time with the first cleaning, which is written into the batch as its delete
 * horizon. Records without key, which a topic may have from before it was compacted, stay. Confined
 * to the thread that compacts.
 */
final class BatchCleaning {
  private final KeyOffsets lastOffsets;
  private final long nowMs;
  private final long deleteRetentionMs;
  private final List<StoredRecord> kept = new ArrayList<>();
  private boolean keptTombstones;
  private boolean complete;
  private long earliestHorizonMs = Long.MAX_VALUE;

  /**
   * @param lastOffsets of the keys that were appended since the last cleaning
   * @param nowMs milliseconds since 1970
   */
  BatchCleaning(KeyOffsets lastOffsets, long nowMs, long deleteRetentionMs) {
    this.lastOffsets = lastOffsets;
    this.nowMs = nowMs;
    this.deleteRetentionMs = deleteRetentionMs;
  }

  /**
   * Notes the offsets of a sound batch's keys.
   *
   * @return false when there is no room for one of them
   */
  static boolean noteKeys(ByteBuf in, int index, KeyOffsets lastOffsets) {
    try (RecordReader reader = new RecordReader(in, index)) {
      while (reader.hasNext()) {
        StoredRecord record = reader.next();
        if (record.key() != null && !lastOffsets.put(record.key(), record.offset())) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * When the first of the tombstones may go that were written since this was asked the last time,
   * milliseconds since 1970; {@link Long#MAX_VALUE} = none was.
   */
  long takeEarliestHorizonMs() {
    long earliest = earliestHorizonMs;
    earliestHorizonMs = Long.MAX_VALUE;
    return earliest;
  }

  /**
   * Whether a sound batch does not stay as it is.
   *
   * @param mustStay whether it stays although it has lost all records
   */
  boolean changes(ByteBuf in, int index, boolean mustStay) {
    sort(in, index);
    return kept.isEmpty()
        ? !(mustStay && RecordBatch.recordCount(in, index) == 0)
        : !isKeptAsItIs(in, index);
  }

  /**
   * Writes what stays of a sound batch.
   *
   * @param mustStay whether it stays although it has lost all records
   * @param out gets it from its writer index on; nothing when nothing stays
   */
  void clean(ByteBuf in, int index, boolean mustStay, ByteBuf out) {
    sort(in, index);
    if (keptTombstones) {
      earliestHorizonMs = Math.min(earliestHorizonMs, horizonMs(in, index));
    }
    if (kept.isEmpty()) {
      if (mustStay) {
        CompactedBatch.writeEmptied(in, index, out);
      }
    } else if (isKeptAsItIs(in, index)) {
      out.writeBytes(in, index, RecordBatch.sizeInBytes(in, index));
    } else {
      long horizonMs = keptTombstones ? horizonMs(in, index) : CompactedBatch.NO_DELETE_HORIZON;
      CompactedBatch.write(in, index, kept, horizonMs, out);
    }
  }

  private boolean isKeptAsItIs(ByteBuf in, int index) {
    return complete && (!keptTombstones || RecordBatch.hasDeleteHorizon(in, index));
  }

  private long horizonMs(ByteBuf in, int index) {
    if (RecordBatch.hasDeleteHorizon(in, index)) {
      return RecordBatch.baseTimestampMs(in, index);
    }
    long horizon = nowMs + deleteRetentionMs;
    return horizon < nowMs ? Long.MAX_VALUE : horizon;
  }

  /** Finds out which of the batch's records stay. */
  private void sort(ByteBuf in, int index) {
    kept.clear();
    keptTombstones = false;
    boolean tombstonesStay =
        !RecordBatch.hasDeleteHorizon(in, index) || horizonMs(in, index) > nowMs;
    try (RecordReader reader = new RecordReader(in, index)) {
      while (reader.hasNext()) {
        StoredRecord record = reader.next();
        boolean tombstone = record.key() != null && record.value() == null;
        if (isLast(record) && (!tombstone || tombstonesStay)) {
          kept.add(record);
          keptTombstones |= tombstone;
        }
      }
    }
    complete = kept.size() == RecordBatch.recordCount(in, index);
  }

  private boolean isLast(StoredRecord record) {
    return record.key() == null || lastOffsets.get(record.key()) <= record.offset();
  }
}
