package io.tailrace.broker.group;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.coordinator.group.GroupRecord;
import io.tailrace.coordinator.group.GroupRecordCodec;
import io.tailrace.coordinator.group.GroupsState;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.List;

/** Group records as record batches. Stateless. */
final class GroupRecords {
  /** A batch that has reached this size is followed by another. */
  private static final int BATCH_BYTES = 1 << 20;

  private static final int FIRST_BYTES = 512;

  private GroupRecords() {}

  /**
   * Encodes records as one or more batches, back to back.
   *
   * @param wallMs their timestamp
   */
  static ByteBuf encode(List<GroupRecord> records, long wallMs) {
    ByteBuf out = Unpooled.buffer(FIRST_BYTES);
    RecordBatchBuilder batch = new RecordBatchBuilder(FIRST_BYTES);
    for (GroupRecord record : records) {
      if (batch.sizeInBytes() >= BATCH_BYTES) {
        finish(batch, out);
        batch = new RecordBatchBuilder(FIRST_BYTES);
      }
      batch.append(wallMs, GroupRecordCodec.key(record), GroupRecordCodec.value(record), List.of());
    }
    finish(batch, out);
    return out;
  }

  private static void finish(RecordBatchBuilder batch, ByteBuf out) {
    int size = batch.finish(RecordBatch.NO_PRODUCER_ID, (short) -1, -1);
    out.writeBytes(batch.array(), 0, size);
  }

  /**
   * Replays the batch that stands at the index.
   *
   * @return whether it is about more than offsets
   * @throws IllegalStateException when a record cannot be read
   */
  static boolean replay(ByteBuf batches, int index, GroupsState state) {
    boolean membersChanged = false;
    try (RecordReader reader = new RecordReader(batches, index)) {
      while (reader.hasNext()) {
        StoredRecord stored = reader.next();
        if (stored.key() == null) {
          throw new IllegalStateException("the record at " + stored.offset() + " has no key");
        }
        GroupRecord record = GroupRecordCodec.read(stored.key(), stored.value());
        if (record != null) {
          state.replay(record);
          membersChanged |= !(record instanceof GroupRecord.Offset);
        }
      }
      return membersChanged;
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a group's record cannot be read: " + e.getMessage(), e);
    }
  }
}
