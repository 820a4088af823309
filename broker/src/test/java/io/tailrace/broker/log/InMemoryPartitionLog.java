package io.tailrace.broker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.log.InMemorySegment.Place;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.List;

/** A log on an {@link InMemoryDisk}. Confined to its owner's scheduler. */
final class InMemoryPartitionLog implements PartitionLog {
  private static final long CHECKPOINT_MS = 1_000;

  private final InMemoryLogStore store;
  private final InMemoryDisk disk;
  private final InMemoryLogFiles files;
  private final InMemoryLogContent content;
  private final LogId id;
  private final Scheduler owner;
  private final Listener listener;
  private final Snapshot snapshot;
  private final long checkpointedHighWatermark;
  private LogConfig config;
  private long calledSyncedEndOffset;
  private long notedHighWatermark;
  private long checkpointedMs;
  private long damagedFrom = -1;
  private boolean failed;
  private boolean closed;
  private boolean sealed;
  private boolean segmentIsReady;
  private boolean segmentIsMade;
  private boolean syncUnderWay;
  private boolean syncWantedAgain;
  private boolean intervalUnderWay;
  private long recordsSinceSync;
  private int cuts;

  InMemoryPartitionLog(
      InMemoryLogStore store,
      InMemoryDisk disk,
      InMemoryLogFiles files,
      InMemoryLogContent content,
      LogId id,
      LogConfig config,
      Scheduler owner,
      Listener listener) {
    this.store = store;
    this.disk = disk;
    this.files = files;
    this.content = content;
    this.id = id;
    this.config = config;
    this.owner = owner;
    this.listener = listener;
    long newest = disk.keepsSnapshotsOfLostBatches() ? Long.MAX_VALUE : content.logEndOffset;
    this.notedHighWatermark = files.readOffset(InMemoryLogFiles.HIGH_WATERMARK);
    this.checkpointedHighWatermark =
        Math.max(content.logStartOffset, Math.min(notedHighWatermark, content.logEndOffset));
    this.calledSyncedEndOffset = disk.callsRecoveredSynced() ? content.logEndOffset : 0;
    this.checkpointedMs = disk.clock().monotonicMs();
    this.snapshot = files.newestSnapshot(content.logStartOffset + 1, newest);
  }

  @Override
  public long logStartOffset() {
    return content.logStartOffset;
  }

  @Override
  public long logEndOffset() {
    return content.logEndOffset;
  }

  @Override
  public long syncedEndOffset() {
    return Math.max(content.syncedEndOffset, calledSyncedEndOffset);
  }

  @Override
  public long sizeInBytes() {
    return content.sizeInBytes();
  }

  @Override
  public int segmentCount() {
    return content.segments.size();
  }

  @Override
  public long maxTimestampMs() {
    return content.maxTimestampMs();
  }

  @Override
  public Snapshot snapshot() {
    return snapshot;
  }

  @Override
  public long checkpointedHighWatermark() {
    return checkpointedHighWatermark;
  }

  /** Keeps it in memory most of the time, so that a kill leaves an older one. */
  @Override
  public void noteHighWatermark(long highWatermark) {
    notedHighWatermark = highWatermark;
    long nowMs = disk.clock().monotonicMs();
    if (nowMs - checkpointedMs >= CHECKPOINT_MS && isUsable()) {
      checkpointedMs = nowMs;
      files.noteOffset(InMemoryLogFiles.HIGH_WATERMARK, highWatermark);
    }
  }

  // ---- appending ----

  @Override
  public boolean isAppendable() {
    checkUsable();
    return !rolls(1) || nextSegmentIsReady();
  }

  @Override
  public int append(ByteBuf batch, int index, int length) {
    checkUsable();
    int sizeInBytes = RecordBatch.sizeInBytes(batch, index);
    long baseOffset = RecordBatch.baseOffset(batch, index);
    if (baseOffset < content.logEndOffset) {
      throw new IllegalArgumentException(
          "base offset " + baseOffset + " is below the log's end " + content.logEndOffset);
    }
    boolean rolls = rolls(sizeInBytes);
    if (rolls && !nextSegmentIsReady()) {
      throw new LogException(
          ErrorCode.OVERLOADED, "the next segment of log " + id + " is not ready");
    }
    if (!disk.writes()) {
      throw failed(new LogException(ErrorCode.STORAGE_ERROR, "log " + id + " cannot be written"));
    }
    if (!disk.take(sizeInBytes)) {
      throw new LogException(ErrorCode.DISK_FULL, "the disk has no room left for log " + id);
    }
    if (rolls) {
      roll();
    }
    content.last().append(batch, index);
    content.last().file.lastAppendMs = disk.clock().wallMs();
    content.logEndOffset = content.last().endOffset();
    recordsSinceSync += RecordBatch.recordCount(batch, index);
    switch (config.flush()) {
      case NONE -> {}
      case ACK -> sync();
      case INTERVAL -> syncAfterInterval();
    }
    return sizeInBytes;
  }

  private boolean rolls(int sizeInBytes) {
    InMemorySegment last = content.last();
    return last == null
        || sealed
        || (long) last.sizeInBytes() + sizeInBytes > config.segmentBytes();
  }

  private boolean nextSegmentIsReady() {
    if (segmentIsReady) {
      return true;
    }
    if (!segmentIsMade) {
      int delayMs = disk.segmentDelayMs();
      segmentIsReady = delayMs == 0;
      if (!segmentIsReady) {
        segmentIsMade = true;
        owner.schedule(
            () -> {
              segmentIsMade = false;
              segmentIsReady = true;
              if (isUsable()) {
                listener.onAppendable();
              }
            },
            delayMs);
      }
    }
    return segmentIsReady;
  }

  private void roll() {
    if (content.last() != null && !sealed) {
      keepSnapshot();
    }
    content.segments.add(
        new InMemorySegment(content.logEndOffset, files.createSegment(content.logEndOffset)));
    sealed = false;
    segmentIsReady = false;
  }

  private void keepSnapshot() {
    ByteBuf given = listener.snapshot(content.logEndOffset);
    if (given != null) {
      InMemorySegment last = content.last();
      long base = last == null ? content.logStartOffset : last.baseOffset;
      files.writeSnapshot(base, content.logEndOffset, ByteBufUtil.getBytes(given));
      given.release();
    }
  }

  private void syncAfterInterval() {
    if (recordsSinceSync >= config.flushIntervalRecords()) {
      sync();
    } else if (!intervalUnderWay) {
      intervalUnderWay = true;
      owner.schedule(
          () -> {
            intervalUnderWay = false;
            if (isUsable() && content.syncedEndOffset < content.logEndOffset) {
              sync();
            }
          },
          config.flushIntervalMs());
    }
  }

  // ---- reading ----

  @Override
  public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
    checkUsable();
    checkInRange(offset);
    int copied = 0;
    for (InMemorySegment segment : content.segments) {
      for (int b = segment.indexOf(offset); b < segment.batches.size(); b++) {
        Place batch = segment.batches.get(b);
        boolean fits = batch.size() <= maxBytes - copied || (copied == 0 && maxBytes > 0);
        if (batch.nextOffset() > limitOffset || !fits) {
          return copied;
        }
        ByteBuf bytes = segment.read(batch);
        if (!RecordBatch.crcMatches(bytes, 0)) {
          if (copied > 0) {
            return copied;
          }
          throw damaged(segment, batch);
        }
        out.writeBytes(bytes);
        copied += batch.size();
      }
    }
    return copied;
  }

  private void checkInRange(long offset) {
    if (offset < content.logStartOffset || offset > content.logEndOffset) {
      throw new LogException(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not within "
              + content.logStartOffset
              + " to "
              + content.logEndOffset
              + " of log "
              + id);
    }
  }

  private ByteBuf checked(InMemorySegment segment, Place batch) {
    ByteBuf bytes = segment.read(batch);
    if (!RecordBatch.crcMatches(bytes, 0)) {
      throw damaged(segment, batch);
    }
    return bytes;
  }

  private LogException damaged(InMemorySegment segment, Place batch) {
    damagedFrom = damagedFrom < 0 ? segment.baseOffset : Math.min(damagedFrom, segment.baseOffset);
    return LogException.corrupt(
        batch.baseOffset(), batch.nextOffset(), "of log " + id + " fail their checksum");
  }

  @Override
  public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
    checkUsable();
    for (InMemorySegment segment : content.segments) {
      if (segment.maxTimestampMs < timestampMs) {
        continue;
      }
      for (int b = segment.indexOf(content.logStartOffset); b < segment.batches.size(); b++) {
        Place batch = segment.batches.get(b);
        if (batch.baseOffset() >= limitOffset) {
          return null;
        }
        if (batch.maxTimestampMs() >= timestampMs) {
          TimestampedOffset found =
              BatchSearch.first(checked(segment, batch), 0, content.logStartOffset, timestampMs);
          if (found != null) {
            return found.offset() < limitOffset ? found : null;
          }
        }
      }
    }
    return null;
  }

  @Override
  public LogView sealedView(long offset) {
    checkUsable();
    checkInRange(offset);
    int s = 0;
    while (s < content.segments.size() && content.segments.get(s).endOffset() <= offset) {
      s++;
    }
    return viewFrom(s);
  }

  @Override
  public LogView sealedViewAtTimestamp(long timestampMs) {
    checkUsable();
    int s = 0;
    while (s < content.segments.size() && content.segments.get(s).maxTimestampMs < timestampMs) {
      s++;
    }
    return viewFrom(s);
  }

  private LogView viewFrom(int first) {
    if (first >= closedSegments()) {
      return null;
    }
    InMemorySegment segment = content.segments.get(first);
    return new InMemoryLogView(id, Math.max(content.logStartOffset, segment.baseOffset), segment);
  }

  // ---- cutting ----

  @Override
  public long damagedFrom() {
    return damagedFrom < 0 ? -1 : Math.max(damagedFrom, content.logStartOffset);
  }

  @Override
  public long discardDamaged() {
    if (damagedFrom >= 0) {
      truncateTo(damagedFrom());
      damagedFrom = -1;
    }
    return content.logEndOffset;
  }

  @Override
  public long truncateTo(long offset) {
    checkUsable();
    if (offset < content.logEndOffset) {
      orFail(() -> cut(offset));
    }
    return content.logEndOffset;
  }

  private void cut(long offset) {
    long end = content.logStartOffset;
    while (content.last() != null) {
      InMemorySegment last = content.last();
      last.cut(last.indexOf(offset));
      if (!last.batches.isEmpty()) {
        files.truncate(last.file, last.sizeInBytes());
        end = last.endOffset();
        break;
      }
      removeSegment(content.segments.size() - 1);
    }
    if (end <= content.logStartOffset) {
      reset(Math.min(offset, content.logStartOffset));
      return;
    }
    files.removeSnapshots(end + 1, Long.MAX_VALUE);
    files.syncNames();
    endAt(end);
  }

  private void endAt(long end) {
    content.logEndOffset = end;
    content.syncedEndOffset = Math.min(content.syncedEndOffset, end);
    calledSyncedEndOffset = Math.min(calledSyncedEndOffset, end);
    files.noteOffset(InMemoryLogFiles.SYNCED, content.syncedEndOffset);
    damagedFrom = damagedFrom < end ? damagedFrom : -1;
    notedHighWatermark = Math.min(notedHighWatermark, end);
    files.noteOffset(InMemoryLogFiles.HIGH_WATERMARK, notedHighWatermark);
    cuts++;
    sealed = true;
  }

  @Override
  public void resetTo(long offset) {
    checkUsable();
    orFail(() -> reset(offset));
  }

  private void reset(long offset) {
    while (content.last() != null) {
      removeSegment(content.segments.size() - 1);
    }
    files.removeSnapshots(0, Long.MAX_VALUE);
    files.replaceOffset(InMemoryLogFiles.LOG_START, offset);
    content.logStartOffset = offset;
    content.syncedEndOffset = offset;
    damagedFrom = -1;
    endAt(offset);
  }

  private void removeSegment(int index) {
    files.removeSegment(content.segments.remove(index).baseOffset);
  }

  @Override
  public void advanceLogStartOffset(long offset) {
    checkUsable();
    if (offset <= content.logStartOffset) {
      return;
    }
    if (offset > content.logEndOffset) {
      throw new IllegalArgumentException(
          "offset " + offset + " is beyond the log's end " + content.logEndOffset);
    }
    orFail(() -> startAt(offset));
    while (closedSegments() > 0 && content.segments.get(0).endOffset() <= offset) {
      removeSegment(0);
    }
  }

  private void startAt(long offset) {
    files.replaceOffset(InMemoryLogFiles.LOG_START, offset);
    files.removeSnapshots(0, offset);
    content.logStartOffset = offset;
    content.syncedEndOffset = Math.max(content.syncedEndOffset, offset);
  }

  private int closedSegments() {
    return sealed ? content.segments.size() : content.segments.size() - 1;
  }

  @Override
  public void applyRetention(long nowMs, long limitOffset) {
    checkUsable();
    if (!sealed && content.last() != null) {
      sealed = nowMs - content.last().file.createdMs >= config.segmentMs();
      if (sealed) {
        keepSnapshot();
      }
    }
    while (closedSegments() > 0) {
      InMemorySegment first = content.segments.get(0);
      boolean tooLarge =
          config.retentionBytes() >= 0
              && sizeInBytes() - first.sizeInBytes() > config.retentionBytes();
      boolean tooOld =
          config.retentionMs() >= 0 && nowMs - first.youngestMs() >= config.retentionMs();
      if (first.endOffset() > limitOffset || !(tooLarge || tooOld)) {
        return;
      }
      if (first.endOffset() > content.logStartOffset) {
        orFail(() -> startAt(first.endOffset()));
      }
      removeSegment(0);
    }
  }

  @Override
  public void reconfigure(LogConfig newConfig) {
    checkUsable();
    config = newConfig;
  }

  // ---- syncing and closing ----

  /** The writebacks of one sync. */
  private record Syncing(
      List<InMemoryFile> files,
      List<InMemoryFile.Writeback> writebacks,
      long nameChanges,
      long endOffset,
      int cuts) {}

  @Override
  public void sync() {
    checkUsable();
    if (syncUnderWay) {
      syncWantedAgain = true;
      return;
    }
    Syncing syncing = beginSync();
    syncUnderWay = true;
    syncWantedAgain = false;
    recordsSinceSync = 0;
    disk.whenSyncEnds(owner, () -> onSyncEnds(syncing));
  }

  private Syncing beginSync() {
    List<InMemoryFile> written = new ArrayList<>();
    for (InMemorySegment segment : content.segments) {
      if (segment.endOffset() > content.syncedEndOffset) {
        written.add(segment.file);
      }
    }
    return new Syncing(
        written,
        written.stream().map(InMemoryFile::beginWriteback).toList(),
        files.nameChanges(),
        content.logEndOffset,
        cuts);
  }

  private void onSyncEnds(Syncing syncing) {
    if (!isUsable()) {
      return;
    }
    syncUnderWay = false;
    if (!end(syncing)) {
      if (disk.forgetsFailedSyncs()) {
        sync();
        return;
      }
      listener.onFailure(failed(files.syncFailed()));
      return;
    }
    if (syncing.cuts() == cuts) {
      noteSynced(syncing.endOffset());
      listener.onSynced(syncing.endOffset());
    } else {
      syncWantedAgain = true;
    }
    if (isUsable() && syncWantedAgain && content.syncedEndOffset < content.logEndOffset) {
      sync();
    }
  }

  /** What becomes of the written sectors; false when the device refused. */
  private boolean end(Syncing syncing) {
    boolean succeeds = disk.syncs();
    for (int i = 0; i < syncing.files().size(); i++) {
      if (succeeds) {
        syncing.files().get(i).complete(syncing.writebacks().get(i));
      } else {
        syncing.files().get(i).fail(syncing.writebacks().get(i));
      }
    }
    if (succeeds) {
      files.completeNames(syncing.nameChanges());
    }
    return succeeds;
  }

  private void noteSynced(long offset) {
    content.syncedEndOffset = offset;
    files.noteOffset(InMemoryLogFiles.SYNCED, offset);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    boolean usable = isUsable();
    closed = true;
    if (!disk.isMountedBy(store)) {
      return;
    }
    boolean synced = false;
    if (usable) {
      keepSnapshot();
      files.noteOffset(InMemoryLogFiles.HIGH_WATERMARK, notedHighWatermark);
      content.segments.forEach(segment -> segment.file.abandonWritebacks());
      synced = end(beginSync());
      if (synced) {
        noteSynced(content.logEndOffset);
      } else {
        store.onFailed(id);
      }
    }
    store.onClosed(id, synced);
  }

  private void orFail(Runnable change) {
    try {
      change.run();
    } catch (LogException e) {
      throw failed(e);
    }
  }

  private LogException failed(LogException cause) {
    failed = true;
    store.onFailed(id);
    return cause;
  }

  private boolean isUsable() {
    return !closed && !failed && disk.isMountedBy(store);
  }

  private void checkUsable() {
    assert owner.inThread() : "log " + id + " is used outside its scheduler";
    if (closed) {
      throw new IllegalStateException("log " + id + " is closed");
    }
    if (!isUsable()) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "log " + id + " has failed and cannot be used");
    }
  }
}
