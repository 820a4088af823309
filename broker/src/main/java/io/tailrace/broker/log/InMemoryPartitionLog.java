package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.InMemoryDisk.StoredBatch;
import io.tailrace.broker.log.InMemoryDisk.StoredLog;
import io.tailrace.broker.log.InMemoryDisk.StoredSegment;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.List;
import java.util.Map;

/**
 * A log on an {@link InMemoryDisk}. Confined to its owner's scheduler. A sync takes one turn of
 * that scheduler.
 */
final class InMemoryPartitionLog implements PartitionLog {
  private final InMemoryLogStore store;
  private final InMemoryDisk disk;
  private final StoredLog stored;
  private final LogId id;
  private final Scheduler owner;
  private final Listener listener;
  private final Clock clock;
  private LogConfig config;
  private final Snapshot snapshot;
  private final long checkpointedHighWatermark;
  private boolean failed;
  private boolean closed;
  private boolean sealed;
  private boolean syncUnderWay;
  private boolean intervalUnderWay;
  private long recordsSinceSync;
  private int cuts;

  InMemoryPartitionLog(
      InMemoryLogStore store,
      InMemoryDisk disk,
      StoredLog stored,
      LogId id,
      LogConfig config,
      Scheduler owner,
      Listener listener) {
    this.store = store;
    this.disk = disk;
    this.stored = stored;
    this.id = id;
    this.config = config;
    this.owner = owner;
    this.listener = listener;
    this.clock = disk.clock();
    Map.Entry<Long, byte[]> kept = stored.snapshot();
    this.snapshot =
        kept == null ? null : new Snapshot(kept.getKey(), Unpooled.wrappedBuffer(kept.getValue()));
    this.checkpointedHighWatermark =
        Math.max(stored.logStartOffset, Math.min(stored.highWatermark, stored.logEndOffset));
  }

  @Override
  public long logStartOffset() {
    return stored.logStartOffset;
  }

  @Override
  public long logEndOffset() {
    return stored.logEndOffset;
  }

  @Override
  public long syncedEndOffset() {
    return stored.syncedEndOffset;
  }

  @Override
  public long sizeInBytes() {
    return stored.segments.stream().mapToLong(segment -> segment.sizeInBytes).sum();
  }

  @Override
  public int segmentCount() {
    return stored.segments.size();
  }

  @Override
  public long maxTimestampMs() {
    return stored.segments.stream().mapToLong(segment -> segment.maxTimestampMs).max().orElse(-1);
  }

  @Override
  public Snapshot snapshot() {
    return snapshot;
  }

  @Override
  public long checkpointedHighWatermark() {
    return checkpointedHighWatermark;
  }

  @Override
  public void noteHighWatermark(long highWatermark) {
    stored.highWatermark = highWatermark;
  }

  @Override
  public boolean isAppendable() {
    checkUsable();
    return true;
  }

  private void keepSnapshot() {
    ByteBuf content = listener.snapshot(stored.logEndOffset);
    if (content != null) {
      stored.snapshots.put(stored.logEndOffset, ByteBufUtil.getBytes(content));
      content.release();
    }
  }

  @Override
  public int append(ByteBuf batch, int index, int length) {
    checkUsable();
    int sizeInBytes = RecordBatch.sizeInBytes(batch, index);
    long baseOffset = RecordBatch.baseOffset(batch, index);
    if (baseOffset < stored.logEndOffset) {
      throw new IllegalArgumentException(
          "base offset " + baseOffset + " is below the log's end " + stored.logEndOffset);
    }
    if (!disk.take(sizeInBytes)) {
      throw new LogException(ErrorCode.DISK_FULL, "the disk has no room left for log " + id);
    }
    byte[] bytes = new byte[sizeInBytes];
    batch.getBytes(index, bytes);
    StoredSegment segment = segmentFor(sizeInBytes);
    StoredBatch kept =
        new StoredBatch(
            bytes,
            baseOffset,
            RecordBatch.nextOffset(batch, index),
            RecordBatch.maxTimestampMs(batch, index));
    segment.batches.add(kept);
    segment.sizeInBytes += sizeInBytes;
    segment.maxTimestampMs = Math.max(segment.maxTimestampMs, kept.maxTimestampMs());
    stored.logEndOffset = kept.nextOffset();
    recordsSinceSync += RecordBatch.recordCount(batch, index);
    switch (config.flush()) {
      case NONE -> {}
      case ACK -> sync();
      case INTERVAL -> syncAfterInterval();
    }
    return sizeInBytes;
  }

  private StoredSegment segmentFor(int sizeInBytes) {
    List<StoredSegment> segments = stored.segments;
    if (!segments.isEmpty() && !sealed) {
      StoredSegment last = segments.get(segments.size() - 1);
      if (last.sizeInBytes + sizeInBytes <= config.segmentBytes()) {
        return last;
      }
      keepSnapshot();
    }
    StoredSegment segment = new StoredSegment(stored.logEndOffset);
    segment.firstAppendMs = clock.wallMs();
    segments.add(segment);
    sealed = false;
    return segment;
  }

  private void syncAfterInterval() {
    if (recordsSinceSync >= config.flushIntervalRecords()) {
      sync();
    } else if (!intervalUnderWay) {
      intervalUnderWay = true;
      owner.schedule(
          () -> {
            intervalUnderWay = false;
            if (!closed && !failed && stored.syncedEndOffset < stored.logEndOffset) {
              sync();
            }
          },
          config.flushIntervalMs());
    }
  }

  @Override
  public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
    checkUsable();
    checkInRange(offset);
    int copied = 0;
    for (int s = segmentOf(offset); s < stored.segments.size(); s++) {
      StoredSegment segment = stored.segments.get(s);
      for (int b = segment.indexOf(offset); b < segment.batches.size(); b++) {
        StoredBatch batch = segment.batches.get(b);
        int size = batch.bytes().length;
        boolean fits = size <= maxBytes - copied || (copied == 0 && maxBytes > 0);
        if (batch.nextOffset() > limitOffset || !fits) {
          return copied;
        }
        checkChecksum(batch);
        out.writeBytes(batch.bytes());
        copied += size;
      }
    }
    return copied;
  }

  /** The first segment with a batch that reaches beyond the offset. */
  private int segmentOf(long offset) {
    int s = 0;
    while (s < stored.segments.size()
        && stored.segments.get(s).indexOf(offset) == stored.segments.get(s).batches.size()) {
      s++;
    }
    return s;
  }

  private void checkInRange(long offset) {
    if (offset < stored.logStartOffset || offset > stored.logEndOffset) {
      throw new LogException(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not within "
              + stored.logStartOffset
              + " to "
              + stored.logEndOffset
              + " of log "
              + id);
    }
  }

  private void checkChecksum(StoredBatch batch) {
    if (!RecordBatch.crcMatches(Unpooled.wrappedBuffer(batch.bytes()), 0)) {
      throw new LogException(
          ErrorCode.CORRUPT_LOG,
          "the batch at offset " + batch.baseOffset() + " of log " + id + " fails its checksum");
    }
  }

  @Override
  public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
    checkUsable();
    for (StoredSegment segment : stored.segments) {
      if (segment.maxTimestampMs < timestampMs) {
        continue;
      }
      for (int b = segment.indexOf(stored.logStartOffset); b < segment.batches.size(); b++) {
        StoredBatch batch = segment.batches.get(b);
        if (batch.baseOffset() >= limitOffset) {
          return null;
        }
        if (batch.maxTimestampMs() >= timestampMs) {
          checkChecksum(batch);
          TimestampedOffset found =
              BatchSearch.first(
                  Unpooled.wrappedBuffer(batch.bytes()), 0, stored.logStartOffset, timestampMs);
          if (found != null) {
            return found.offset() < limitOffset ? found : null;
          }
        }
      }
    }
    return null;
  }

  @Override
  public long truncateTo(long offset) {
    checkUsable();
    if (offset < stored.logEndOffset) {
      disk.cut(stored, offset);
      cuts++;
      sealed = true;
    }
    return stored.logEndOffset;
  }

  @Override
  public void resetTo(long offset) {
    checkUsable();
    disk.reset(stored, offset);
    cuts++;
  }

  @Override
  public void advanceLogStartOffset(long offset) {
    checkUsable();
    if (offset <= stored.logStartOffset) {
      return;
    }
    if (offset > stored.logEndOffset) {
      throw new IllegalArgumentException(
          "offset " + offset + " is beyond the log's end " + stored.logEndOffset);
    }
    stored.logStartOffset = offset;
    while (closedSegments() > 0 && endOf(stored.segments.get(0)) <= offset) {
      removeFirst();
    }
  }

  private int closedSegments() {
    return sealed ? stored.segments.size() : stored.segments.size() - 1;
  }

  private long endOf(StoredSegment segment) {
    return segment.batches.get(segment.batches.size() - 1).nextOffset();
  }

  private void removeFirst() {
    StoredSegment first = stored.segments.remove(0);
    disk.give(first.sizeInBytes);
    stored.logStartOffset = Math.max(stored.logStartOffset, endOf(first));
  }

  @Override
  public void applyRetention(long nowMs, long limitOffset) {
    checkUsable();
    if (closedSegments() < stored.segments.size() && !stored.segments.isEmpty()) {
      StoredSegment active = stored.segments.get(stored.segments.size() - 1);
      sealed = nowMs - active.firstAppendMs >= config.segmentMs();
      if (sealed) {
        keepSnapshot();
      }
    }
    while (closedSegments() > 0) {
      StoredSegment first = stored.segments.get(0);
      boolean tooLarge =
          config.retentionBytes() >= 0
              && sizeInBytes() - first.sizeInBytes > config.retentionBytes();
      boolean tooOld =
          config.retentionMs() >= 0 && nowMs - first.maxTimestampMs >= config.retentionMs();
      if (endOf(first) > limitOffset || !(tooLarge || tooOld)) {
        return;
      }
      removeFirst();
    }
  }

  @Override
  public void reconfigure(LogConfig newConfig) {
    checkUsable();
    config = newConfig;
  }

  @Override
  public void sync() {
    checkUsable();
    if (syncUnderWay) {
      return;
    }
    syncUnderWay = true;
    recordsSinceSync = 0;
    long end = stored.logEndOffset;
    int cutsBefore = cuts;
    owner.execute(
        () -> {
          syncUnderWay = false;
          if (closed || failed || !disk.isMountedBy(store)) {
            return;
          }
          if (!disk.sync()) {
            failed = true;
            listener.onFailure(
                new LogException(ErrorCode.STORAGE_ERROR, "log " + id + " could not be synced"));
            return;
          }
          if (cuts == cutsBefore) {
            stored.syncedEndOffset = end;
            listener.onSynced(end);
          }
          if (config.flush() == LogConfig.Flush.ACK
              && stored.syncedEndOffset < stored.logEndOffset) {
            sync();
          }
        });
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (disk.isMountedBy(store)) {
      stored.open = false;
      if (!failed) {
        keepSnapshot();
        stored.syncedEndOffset = stored.logEndOffset;
      }
    }
  }

  private void checkUsable() {
    assert owner.inThread() : "log " + id + " is used outside its scheduler";
    if (closed) {
      throw new IllegalStateException("log " + id + " is closed");
    }
    if (failed || !disk.isMountedBy(store)) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "log " + id + " has failed and cannot be used");
    }
  }
}
