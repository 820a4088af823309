package io.tailrace.broker.partition.derived;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.snapshot.LeaderEpochsSnapshot;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where each leader epoch begins in one log. A follower asks its leader for the end of the epoch of
 * its own last batch, and truncates to it (KIP-101, KIP-279). Confined to the log's scheduler.
 */
public final class LeaderEpochs implements DerivedState {
  private static final int TAG = 2;
  private static final int VERSION = 1;

  /** The leader epoch of batches that have none. */
  private static final int NO_EPOCH = -1;

  private final TreeMap<Integer, Long> startOffsets = new TreeMap<>();

  /**
   * The end of an epoch.
   *
   * @param epoch the largest one known that is not above the one asked for
   * @param endOffset where the next epoch begins, or the log ends
   */
  public record EpochEnd(int epoch, long endOffset) {}

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
    startOffsets.clear();
  }

  /** The epoch of the last batches; -1 when none is known. */
  public int latest() {
    return startOffsets.isEmpty() ? NO_EPOCH : startOffsets.lastKey();
  }

  /**
   * The epoch of the last batch; -1 when there is none. Smaller than {@link #latest} where a leader
   * has not appended anything in its epoch.
   */
  public int lastBatchEpoch(long logEndOffset) {
    for (Map.Entry<Integer, Long> each : startOffsets.descendingMap().entrySet()) {
      if (each.getValue() < logEndOffset) {
        return each.getKey();
      }
    }
    return NO_EPOCH;
  }

  /**
   * Where an epoch ends.
   *
   * @param epoch of the asking replica's last batch
   * @param logEndOffset of this log
   * @return null when the epoch is above all that are known here: nothing can be said
   */
  public EpochEnd endOffsetFor(int epoch, long logEndOffset) {
    if (epoch < 0 || epoch > latest()) {
      return null;
    }
    if (epoch == latest()) {
      return new EpochEnd(epoch, logEndOffset);
    }
    Map.Entry<Integer, Long> next = startOffsets.higherEntry(epoch);
    Integer known = startOffsets.floorKey(epoch);
    // Below the oldest known epoch nothing is left in this log: all of it is of later ones.
    return new EpochEnd(known == null ? epoch : known, next.getValue());
  }

  /**
   * As the leader: whether a follower's log is no prefix of this one, by the epoch of its last
   * batch.
   *
   * @param lastEpoch -1 when the follower's log has no batches
   * @param followersEnd the follower's log end
   * @param logEndOffset of this log
   * @return null when it is a prefix, as far as epochs tell; otherwise what to truncate by
   */
  public EpochEnd divergence(int lastEpoch, long followersEnd, long logEndOffset) {
    EpochEnd end = endOffsetFor(lastEpoch, logEndOffset);
    return end == null || (end.epoch() == lastEpoch && followersEnd <= end.endOffset())
        ? null
        : end;
  }

  /**
   * As a follower: where the batches of an epoch and of all before it end.
   *
   * @param epoch known to the leader
   * @param logEndOffset of this log
   */
  public long endOfEpochsUpTo(int epoch, long logEndOffset) {
    Map.Entry<Integer, Long> next = startOffsets.higherEntry(epoch);
    return next == null ? logEndOffset : next.getValue();
  }

  /**
   * Notes the batch's epoch. Later epochs that begin at the batch or behind it were led here
   * without a record, before this replica followed again: the log does not have them.
   */
  @Override
  public void apply(ByteBuf batches, int index, long nowMs) {
    int epoch = RecordBatch.leaderEpoch(batches, index);
    long baseOffset = RecordBatch.baseOffset(batches, index);
    while (latest() > epoch && startOffsets.lastEntry().getValue() >= baseOffset) {
      startOffsets.pollLastEntry();
    }
    begin(epoch, baseOffset);
  }

  @Override
  public void onLeading(int leaderEpoch, long logEndOffset) {
    begin(leaderEpoch, logEndOffset);
  }

  private void begin(int epoch, long startOffset) {
    if (epoch <= latest()) {
      return;
    }
    while (!startOffsets.isEmpty() && startOffsets.lastEntry().getValue() >= startOffset) {
      startOffsets.pollLastEntry(); // an epoch without records
    }
    startOffsets.put(epoch, startOffset);
  }

  @Override
  public boolean truncate(long logEndOffset) {
    while (!startOffsets.isEmpty() && startOffsets.lastEntry().getValue() >= logEndOffset) {
      startOffsets.pollLastEntry();
    }
    return true;
  }

  /**
   * Finds the epochs of the batches that are not replayed. Epochs only rise with the offsets, so
   * that a few dozen batches tell, however long the log is.
   */
  @Override
  public void onSkipped(PartitionLog log, long replayedFrom) {
    long start = log.logStartOffset();
    Found first = find(log, start, replayedFrom);
    Found last = first == null ? null : find(log, replayedFrom, log.logEndOffset());
    if (last == null) {
      return;
    }
    begin(first.epoch, start);
    findBetween(log, first, last);
  }

  /** A batch's place and epoch. */
  private record Found(long baseOffset, long nextOffset, int epoch) {}

  /** Notes all epochs that begin behind one batch, up to that of another one behind it. */
  private void findBetween(PartitionLog log, Found low, Found high) {
    if (low.epoch >= high.epoch || low.nextOffset >= high.baseOffset) {
      begin(high.epoch, high.baseOffset);
      return;
    }
    long middle = low.nextOffset + (high.baseOffset - low.nextOffset) / 2;
    Found found = find(log, middle, high.baseOffset);
    if (found == null || found.baseOffset >= high.baseOffset) {
      // Only the batch right behind the lower one is left.
      found = find(log, low.nextOffset, high.baseOffset);
      if (found == null || found.baseOffset >= high.baseOffset) {
        begin(high.epoch, high.baseOffset);
        return;
      }
    }
    findBetween(log, low, found);
    findBetween(log, found, high);
  }

  /** The first batch that can be read at or behind an offset; null when there is none. */
  private static Found find(PartitionLog log, long offset, long limit) {
    long step = 1;
    long at = offset;
    while (at < limit) {
      ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(RecordBatch.HEADER_BYTES);
      try {
        log.read(at, log.logEndOffset(), 1, out);
        if (out.isReadable()) {
          return new Found(
              RecordBatch.baseOffset(out, 0),
              RecordBatch.nextOffset(out, 0),
              RecordBatch.leaderEpoch(out, 0));
        }
        return null;
      } catch (LogException e) {
        if (e.code() != ErrorCode.CORRUPT_LOG) {
          throw e;
        }
        at = e.resumeOffset() > at ? e.resumeOffset() : at + step;
        step *= 2;
      } finally {
        out.release();
      }
    }
    return null;
  }

  @Override
  public byte[] snapshot() {
    LeaderEpochsSnapshot.Builder out = LeaderEpochsSnapshot.newBuilder();
    startOffsets.forEach((epoch, start) -> out.addEpochs(epoch).addStartOffsets(start));
    return out.build().toByteArray();
  }

  @Override
  public void load(int version, byte[] content) throws InvalidProtocolBufferException {
    LeaderEpochsSnapshot in = LeaderEpochsSnapshot.parseFrom(content);
    if (version != VERSION || in.getEpochsCount() != in.getStartOffsetsCount()) {
      throw new IllegalArgumentException("leader epochs of version " + version);
    }
    for (int i = 0; i < in.getEpochsCount(); i++) {
      startOffsets.put(in.getEpochs(i), in.getStartOffsets(i));
    }
  }
}
