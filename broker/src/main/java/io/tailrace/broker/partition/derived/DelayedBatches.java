package io.tailrace.broker.partition.derived;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.snapshot.DelayedBatchesSnapshot;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * Where in one log there may be records that queues have to hold back, or that expire ({@link
 * RecordBatch#isTimed}): all others can be given to queues that match everything without looking
 * into the batches. Confined to the log's scheduler.
 */
public final class DelayedBatches implements DerivedState {
  private static final int TAG = 3;
  private static final int VERSION = 1;

  /** When there are more intervals, neighbours become one. */
  private static final int MAX_INTERVALS = 4_096;

  /** In the order of the offsets; each has a begin and an exclusive end. */
  private List<long[]> intervals = new ArrayList<>();

  @Override
  public int tag() {
    return TAG;
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void clear() {
    intervals.clear();
  }

  /**
   * The first offset at or above the given one that may be of such a record; {@code Long.MAX_VALUE}
   * when there is none.
   */
  public long next(long offset) {
    int at = firstEndingAfter(offset);
    return at == intervals.size() ? Long.MAX_VALUE : Math.max(offset, intervals.get(at)[0]);
  }

  private int firstEndingAfter(long offset) {
    int low = 0;
    int high = intervals.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (intervals.get(middle)[1] > offset) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  /** Forgets what lies below an offset, the log's start. */
  public void forgetBelow(long offset) {
    int gone = firstEndingAfter(offset);
    if (gone > 0) {
      intervals.subList(0, gone).clear();
    }
  }

  @Override
  public void apply(ByteBuf batches, int index, long nowMs) {
    if (RecordBatch.isTimed(batches, index)) {
      add(RecordBatch.baseOffset(batches, index), RecordBatch.nextOffset(batches, index));
    }
  }

  private void add(long from, long to) {
    long[] last = intervals.isEmpty() ? null : intervals.get(intervals.size() - 1);
    if (last != null && from <= last[1]) {
      last[1] = Math.max(last[1], to);
      return;
    }
    intervals.add(new long[] {from, to});
    if (intervals.size() > MAX_INTERVALS) {
      List<long[]> fewer = new ArrayList<>();
      for (int i = 0; i < intervals.size(); i += 2) {
        long end = intervals.get(Math.min(i + 1, intervals.size() - 1))[1];
        fewer.add(new long[] {intervals.get(i)[0], end});
      }
      intervals = fewer;
    }
  }

  @Override
  public boolean truncate(long logEndOffset) {
    int cut = firstEndingAfter(logEndOffset);
    if (cut < intervals.size()) {
      intervals.subList(cut + 1, intervals.size()).clear();
      long[] last = intervals.get(cut);
      if (last[0] >= logEndOffset) {
        intervals.remove(cut);
      } else {
        last[1] = logEndOffset;
      }
    }
    return true;
  }

  /** What was not replayed may hold such records. */
  @Override
  public void onSkipped(PartitionLog log, long replayedFrom) {
    add(log.logStartOffset(), replayedFrom);
  }

  @Override
  public byte[] snapshot() {
    DelayedBatchesSnapshot.Builder out = DelayedBatchesSnapshot.newBuilder();
    intervals.forEach(each -> out.addFrom(each[0]).addTo(each[1]));
    return out.build().toByteArray();
  }

  @Override
  public void load(int version, byte[] content) throws InvalidProtocolBufferException {
    if (version != VERSION) {
      throw new IllegalArgumentException("version " + version + " of delayed batches");
    }
    DelayedBatchesSnapshot in = DelayedBatchesSnapshot.parseFrom(content);
    if (in.getFromCount() != in.getToCount()) {
      throw new IllegalArgumentException("delayed batches without an end");
    }
    for (int i = 0; i < in.getFromCount(); i++) {
      intervals.add(new long[] {in.getFrom(i), in.getTo(i)});
    }
  }
}
