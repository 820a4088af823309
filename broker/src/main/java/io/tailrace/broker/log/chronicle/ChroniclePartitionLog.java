package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogView;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.chronicle.LogRecovery.RecoveredLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log of segments, each of which is one Chronicle queue that never rolls. Confined to its owner's
 * scheduler; syncs, seals and deletions run one after the other on the store's log threads, which
 * hand their outcome back to the owner.
 */
final class ChroniclePartitionLog implements PartitionLog {
  private static final Logger LOG = LoggerFactory.getLogger(ChroniclePartitionLog.class);

  /** A view ends with the segment in which it has reached this size, or with its last segment. */
  private static final long VIEW_BYTES = 4 << 20;

  private static final int VIEW_SEGMENTS = 8;

  /** How long appends wait when the process has too many files open, milliseconds. */
  private static final long DESCRIPTORS_RETRY_MS = 500;

  private final LogId id;
  private final SegmentList segments;
  private final Scheduler owner;
  private final Listener listener;
  private final StoreServices services;
  private final SegmentAccess access;
  private final LogTasks tasks;
  private final LogSync sync;
  private final LogSnapshots snapshots;
  private final AppendPreparation preparation;
  private final LogCompaction compaction;
  private final Snapshot snapshot;
  private final HighWatermarks.Value highWatermark;
  private final long checkpointedHighWatermark;
  private LogConfig config;
  private long logStartOffset;
  private long logEndOffset;

  /** What the log's directory says of its end, at least; -1 when nothing. */
  private long rememberedEndOffset;

  private LogException failure;
  private boolean toldOfFutureRecords;
  private boolean closed;

  ChroniclePartitionLog(
      LogId id,
      Path directory,
      RecoveredLog recovered,
      LogConfig config,
      Scheduler owner,
      Listener listener,
      StoreServices services) {
    this.id = id;
    this.segments = new SegmentList(recovered.segments());
    this.config = config;
    this.owner = owner;
    this.listener = listener;
    this.services = services;
    this.logStartOffset = recovered.logStartOffset();
    this.logEndOffset = recovered.logEndOffset();
    this.rememberedEndOffset = recovered.rememberedEndOffset();
    this.access = new SegmentAccess(services, owner);
    this.tasks = new LogTasks(directory, services, this::failLater);
    this.sync = new LogSync(this, tasks, owner, listener, recovered.syncedEndOffset());
    this.snapshots = new LogSnapshots(listener, tasks);
    this.preparation =
        new AppendPreparation(directory, services, access, tasks, owner, this::tellAppendable);
    this.compaction =
        new LogCompaction(directory, segments, owner, services, access, tasks, this::failLater);
    this.snapshot = recovered.snapshot();
    this.highWatermark = services.highWatermarks().of(id);
    highWatermark.setActive(segments.active());
    this.checkpointedHighWatermark =
        Math.max(logStartOffset, Math.min(highWatermark.get(), logEndOffset));
  }

  LogConfig config() {
    return config;
  }

  @Override
  public long logStartOffset() {
    return logStartOffset;
  }

  @Override
  public long logEndOffset() {
    return logEndOffset;
  }

  @Override
  public long syncedEndOffset() {
    return sync.syncedEndOffset();
  }

  @Override
  public long sizeInBytes() {
    return segments.sizeInBytes();
  }

  @Override
  public int segmentCount() {
    return segments.count();
  }

  @Override
  public long maxTimestampMs() {
    return segments.maxTimestampMs();
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
  public void noteHighWatermark(long offset) {
    highWatermark.set(offset);
    highWatermark.setActive(segments.active());
  }

  @Override
  public boolean isAppendable() {
    checkUsable();
    return preparation.isReady(segments.active(), logEndOffset, config);
  }

  /** Whether it is being compacted, or waits for that. */
  boolean isCompacting() {
    return compaction.isRunning();
  }

  /** The segment that takes batches; null when the next append makes one. */
  Segment activeSegment() {
    return segments.active();
  }

  @Override
  public int append(ByteBuf batches, int index, int length) {
    checkUsable();
    long baseOffset = RecordBatch.baseOffset(batches, index);
    if (baseOffset < logEndOffset) {
      throw new IllegalArgumentException(
          "base offset " + baseOffset + " is below the end " + logEndOffset + " of log " + id);
    }
    int first = RecordBatch.sizeInBytes(batches, index);
    Segment active = segments.active();
    if (active != null && !canTake(active, 0, 0, first)) {
      roll(active);
      active = null;
    }
    int appended = appendTo(readySegment(active, first), active == null, batches, index, length);
    logEndOffset = segments.get(segments.count() - 1).state().endOffset;
    sync.onAppend(batches, index, appended);
    return appended;
  }

  /** The segment to append to. It may be the next one, when the active one cannot be opened. */
  private Segment readySegment(Segment active, int sizeInBytes) {
    Segment ready;
    try {
      ready = preparation.ready(active, logEndOffset, config, sizeInBytes);
    } catch (LogException e) {
      if (e.code() != ErrorCode.STORAGE_ERROR) {
        throw e;
      }
      if (LogFailures.isOutOfDescriptors(e)) {
        throw outOfDescriptors(e);
      }
      boolean deviceFailed = e.getCause() instanceof IOException io && LogFiles.isDeviceError(io);
      if (active == null || deviceFailed) {
        throw fail(new LogException(ErrorCode.STORAGE_ERROR, "cannot append to log " + id, e));
      }
      throw replaced(active, sizeInBytes, e);
    }
    if (ready == null) {
      throw notReady();
    }
    access.used(ready);
    return ready;
  }

  private LogException notReady() {
    return new LogException(
        ErrorCode.OVERLOADED, "the files of log " + id + " are being prepared; append again");
  }

  /** Nothing is damaged: files are opened again as soon as others are closed. */
  private LogException outOfDescriptors(LogException cause) {
    LOG.warn(
        "log {} cannot be appended to for now, since the process has too many files open: {}",
        id,
        cause.getMessage());
    owner.schedule(this::tellAppendable, DESCRIPTORS_RETRY_MS);
    return new LogException(
        ErrorCode.OVERLOADED,
        "the files of log " + id + " cannot be opened: the broker has too many open; append again",
        cause);
  }

  /** Ends the active segment, whose queue cannot be used, and has the next one prepared. */
  private LogException replaced(Segment active, int sizeInBytes, Throwable cause) {
    LOG.warn("segment {} takes no more batches; a new one takes over", active.directory(), cause);
    roll(active);
    preparation.ready(null, logEndOffset, config, sizeInBytes);
    return notReady();
  }

  /** Whether a segment takes a batch behind others that are about to be appended to it. */
  private boolean canTake(Segment active, int bytesBefore, int batchesBefore, int sizeInBytes) {
    SegmentState state = active.state();
    return state.sizeInBytes + bytesBefore + sizeInBytes <= config.segmentBytes()
        && state.batches + batchesBefore < services.maxBatchesPerSegment()
        && SegmentWriter.hasRoomFor(state, bytesBefore, batchesBefore, sizeInBytes);
  }

  /** Bytes of the batches that are appended to a segment in one go, one batch at least. */
  private int together(Segment segment, ByteBuf batches, int index, int length) {
    int most = segment.writer().countTogether();
    int bytes = RecordBatch.sizeInBytes(batches, index);
    for (int count = 1; count < most && bytes < length; count++) {
      int size = RecordBatch.sizeInBytes(batches, index + bytes);
      if (!canTake(segment, bytes, count, size)) {
        break;
      }
      bytes += size;
    }
    return bytes;
  }

  /**
   * Appends to an open segment.
   *
   * @param fresh whether it is new and not one of the log's segments yet
   * @return bytes appended
   */
  private int appendTo(Segment segment, boolean fresh, ByteBuf batches, int index, int length) {
    SegmentState state = segment.state();
    long sizeBefore = state.sizeInBytes;
    try {
      int bytes = together(segment, batches, index, length);
      bytes = withinSpace(segment, batches, index, bytes);
      snapshots.beforeAppend(segment, logEndOffset, bytes);
      segment.writer().append(batches, index, bytes);
    } catch (RuntimeException | Error e) {
      if (state.sizeInBytes == sizeBefore) {
        throw notAppended(segment, fresh, RecordBatch.sizeInBytes(batches, index), e);
      }
      sealBrokenOff(segment, e);
    }
    int appended = (int) (state.sizeInBytes - sizeBefore);
    state.lastAppendMs = services.clock().wallMs();
    if (fresh) {
      adopt(segment);
    } else {
      segments.grow(appended);
    }
    if (state.sizeInBytes * 2 >= config.segmentBytes()) {
      preparation.prepareFiles();
    }
    return appended;
  }

  /** What to throw after an append of nothing. */
  private LogException notAppended(
      Segment segment, boolean fresh, int sizeInBytes, Throwable cause) {
    if (cause instanceof LogException known && known.code() != ErrorCode.STORAGE_ERROR) {
      return known;
    }
    if (cause.getCause() instanceof IOException io && LogFiles.isDeviceError(io)) {
      return fail(new LogException(ErrorCode.STORAGE_ERROR, "cannot append to log " + id, cause));
    }
    if (cause instanceof LogException && !fresh) {
      return replaced(segment, sizeInBytes, cause);
    }
    return fail(new LogException(ErrorCode.STORAGE_ERROR, "cannot append to log " + id, cause));
  }

  /** Where there is no space for all batches yet, there may be for the first. */
  private int withinSpace(Segment segment, ByteBuf batches, int index, int length) {
    int first = RecordBatch.sizeInBytes(batches, index);
    LogException full = null;
    try {
      if (segment.writer().hasSpaceFor(batches, index, length, this::tellAppendable)) {
        return length;
      }
    } catch (LogException e) {
      if (e.code() != ErrorCode.DISK_FULL || length == first) {
        throw e;
      }
      full = e;
    }
    if (length > first && segment.writer().hasSpaceFor(batches, index, first, () -> {})) {
      return first;
    }
    throw full == null ? notReady() : full;
  }

  private void tellAppendable() {
    owner.execute(
        () -> {
          if (!closed) {
            listener.onAppendable();
          }
        });
  }

  /**
   * Ends a segment that has taken some of several batches, and whose file holds more. Its owner
   * does not know yet what was appended, so that there is no snapshot of it.
   */
  private void sealBrokenOff(Segment active, Throwable cause) {
    LOG.warn("segment {} takes no more batches; a new one takes over", active.directory(), cause);
    active.seal();
    tasks.seal(active, access.detach(active), null, true);
  }

  /** Makes a new segment that has its first batches one of the log's. */
  private void adopt(Segment fresh) {
    sealScanned();
    preparation.adopted();
    fresh.state().firstAppendMs = services.clock().wallMs();
    segments.add(fresh);
  }

  private void roll(Segment active) {
    preparation.ended(active);
    active.seal();
    tasks.seal(active, access.detach(active), snapshots.take(logEndOffset), false);
    rememberEnd(false);
  }

  /** Has the log's directory tell the end, so that a segment that is lost later is missed. */
  private void rememberEnd(boolean force) {
    rememberedEndOffset = logEndOffset;
    tasks.writeLogEnd(logEndOffset, force);
  }

  /** Before anything is cut off: a process that is killed then must not miss what went. */
  private void lowerRememberedEnd() {
    if (rememberedEndOffset > logEndOffset) {
      rememberEnd(true);
    }
  }

  /** Saves the next start from scanning again what this one has scanned. */
  void sealScanned() {
    for (int s = segments.count() - 1; s >= 0; s--) {
      Segment segment = segments.get(s);
      if (segment.isSealedOnDisk() || segment.isSealUnderWay()) {
        return;
      }
      if (segment.isSealed()) {
        tasks.seal(segment, () -> {}, snapshotAtEndOf(segment), false);
      }
    }
  }

  private ByteBuf snapshotAtEndOf(Segment segment) {
    return segment.state().endOffset == logEndOffset ? snapshots.take(logEndOffset) : null;
  }

  @Override
  public int read(long offset, long limitOffset, int maxBytes, ByteBuf out) {
    checkUsable();
    checkInRange(offset);
    int first = segments.indexOf(offset);
    int copied = 0;
    for (int s = first; ; s++) {
      long from = s == first ? offset : segments.get(s - 1).state().endOffset;
      long begin = s == segments.count() ? logEndOffset : segments.get(s).state().baseOffset;
      if (begin > from) {
        if (copied > 0 || from >= limitOffset) {
          return copied;
        }
        throw missing(s, begin);
      }
      if (s == segments.count()) {
        return copied;
      }
      Segment segment = segments.get(s);
      try {
        access.open(segment);
        copied = segment.read(offset, limitOffset, maxBytes, copied, out);
      } catch (LogException e) {
        if (copied > 0) {
          return copied;
        }
        noteDamage(e);
        throw e;
      } catch (InternalError e) { // What memory gives whose page cannot be read.
        throw fail(new LogException(ErrorCode.STORAGE_ERROR, "cannot read log " + id, e));
      }
      if (copied < 0) {
        return ~copied;
      }
    }
  }

  /** The records between a segment and the one before it, or the log's end. */
  private LogException missing(int segment, long toOffset) {
    long before = segment == 0 ? 0 : segments.get(segment - 1).state().endOffset;
    return LogException.corrupt(
        Math.max(before, logStartOffset),
        toOffset,
        "of log " + id + " are missing: no segment has them");
  }

  private void checkInRange(long offset) {
    if (offset < logStartOffset || offset > logEndOffset) {
      throw new LogException(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not within "
              + logStartOffset
              + " to "
              + logEndOffset
              + " of log "
              + id);
    }
  }

  @Override
  public LogView sealedView(long offset) {
    checkUsable();
    checkInRange(offset);
    int first = segments.indexOf(offset);
    if (first < segments.count() && segments.get(first).state().baseOffset > offset) {
      return null; // the records are missing, which a read here tells
    }
    return viewFrom(first);
  }

  @Override
  public LogView sealedViewAtTimestamp(long timestampMs) {
    checkUsable();
    int s = segments.indexOf(logStartOffset);
    while (s < segments.count() && segments.get(s).state().maxTimestampMs < timestampMs) {
      s++;
    }
    return viewFrom(s);
  }

  /**
   * A view of some sealed segments that follow each other without a gap; null when the first of
   * them is not sealed.
   */
  private LogView viewFrom(int first) {
    List<Segment> shared = new ArrayList<>();
    long bytes = 0;
    try {
      for (int s = first;
          s < segments.count()
              && segments.get(s).isSealed()
              && (s == first || followsWithoutGap(s))
              && bytes < VIEW_BYTES
              && shared.size() < VIEW_SEGMENTS;
          s++) {
        access.open(segments.get(s));
        shared.add(segments.get(s).share());
        bytes += segments.get(s).state().sizeInBytes;
      }
    } catch (LogException e) {
      if (shared.isEmpty()) {
        throw e;
      }
    }
    return shared.isEmpty()
        ? null
        : new SegmentsView(
            id.toString(),
            Math.max(logStartOffset, shared.get(0).state().baseOffset),
            shared,
            this::failLater);
  }

  private boolean followsWithoutGap(int s) {
    return segments.get(s).state().baseOffset == segments.get(s - 1).state().endOffset;
  }

  @Override
  public TimestampedOffset findByTimestamp(long timestampMs, long limitOffset) {
    checkUsable();
    try {
      return find(timestampMs, limitOffset);
    } catch (InternalError e) { // What memory gives whose page cannot be read.
      throw fail(new LogException(ErrorCode.STORAGE_ERROR, "cannot read log " + id, e));
    }
  }

  private TimestampedOffset find(long timestampMs, long limitOffset) {
    for (int s = segments.indexOf(logStartOffset); s < segments.count(); s++) {
      Segment segment = segments.get(s);
      if (segment.state().baseOffset >= limitOffset) {
        return null;
      }
      if (segment.state().maxTimestampMs >= timestampMs) {
        access.open(segment);
        TimestampedOffset found = segment.find(timestampMs, logStartOffset, limitOffset);
        if (found != null) {
          return found.offset() < limitOffset ? found : null;
        }
      }
    }
    return null;
  }

  @Override
  public long truncateTo(long offset) {
    checkUsable();
    if (offset >= logEndOffset) {
      return logEndOffset;
    }
    if (offset <= logStartOffset) {
      resetTo(offset);
      return offset;
    }
    compaction.cancel();
    preparation.drop();
    int first = segments.indexOf(offset);
    Segment cut = first < segments.count() ? segments.get(first) : null;
    boolean isCut = false;
    if (cut != null && cut.state().baseOffset < offset) {
      access.open(cut);
      long sizeBefore = cut.state().sizeInBytes;
      isCut = cut.truncateTo(offset);
      segments.grow(cut.state().sizeInBytes - sizeBefore);
    }
    List<Segment> gone = segments.removeFrom(isCut ? first + 1 : first);
    long end =
        segments.count() == 0
            ? logStartOffset
            : segments.get(segments.count() - 1).state().endOffset;
    if (end <= logStartOffset) {
      gone.addAll(0, segments.removeFrom(0));
      beginAgain(Math.min(offset, logStartOffset), gone);
      return logEndOffset;
    }
    logEndOffset = end;
    highWatermark.cutTo(end);
    lowerRememberedEnd();
    sync.onTruncation(end);
    deleteFromTheEnd(gone);
    if (isCut) {
      tasks.seal(cut, access.detach(cut), null, true);
    }
    preparation.namesTaken();
    return end;
  }

  /** Whenever the process is killed, what is left is a prefix. */
  private void deleteFromTheEnd(List<Segment> gone) {
    Collections.reverse(gone);
    tasks.delete(access.detachAll(gone), gone);
  }

  @Override
  public void resetTo(long offset) {
    checkUsable();
    compaction.cancel();
    preparation.drop();
    beginAgain(offset, segments.removeFrom(0));
  }

  @Override
  public long damagedFrom() {
    long expected = logStartOffset;
    for (int s = segments.indexOf(logStartOffset); s < segments.count(); s++) {
      SegmentState state = segments.get(s).state();
      if (state.baseOffset > expected) {
        return expected;
      }
      if (state.holes.hasLostRecordsFrom(logStartOffset)) {
        return Math.max(logStartOffset, state.baseOffset);
      }
      expected = state.endOffset;
    }
    return expected < logEndOffset ? expected : -1;
  }

  @Override
  public long discardDamaged() {
    long from = damagedFrom();
    if (from >= 0) {
      truncateTo(from);
      tasks.forgetDamage(() -> services.failures().mended(id));
    }
    return logEndOffset;
  }

  /** Has the store tell that records are damaged, until they are discarded. */
  private void noteDamage(LogException e) {
    if (e.code() == ErrorCode.CORRUPT_LOG) {
      services.failures().lost(id, e.getMessage());
    }
  }

  private void beginAgain(long offset, List<Segment> gone) {
    boolean backwards = offset < logStartOffset;
    logStartOffset = offset;
    logEndOffset = offset;
    highWatermark.cutTo(offset);
    lowerRememberedEnd();
    sync.onReset(offset);
    // Whenever the process is killed, the log does not begin before its first segment.
    if (backwards) {
      deleteFromTheEnd(gone);
      tasks.writeLogStart(offset, true);
    } else {
      tasks.writeLogStart(offset, true);
      deleteFromTheEnd(gone);
    }
    preparation.namesTaken();
  }

  @Override
  public void advanceLogStartOffset(long offset) {
    checkUsable();
    if (offset <= logStartOffset) {
      return;
    }
    if (offset > logEndOffset) {
      throw new IllegalArgumentException(
          "offset " + offset + " is beyond the end " + logEndOffset + " of log " + id);
    }
    logStartOffset = offset;
    List<Segment> gone = new ArrayList<>();
    compaction.cancel();
    while (segments.count() > 0
        && segments.get(0).isSealed()
        && segments.get(0).state().endOffset <= offset) {
      gone.add(segments.removeFirst());
    }
    tasks.writeLogStart(offset, segments.count() == 0);
    if (!gone.isEmpty()) {
      tasks.delete(access.detachAll(gone), gone);
    }
  }

  @Override
  public void applyRetention(long nowMs, long limitOffset) {
    checkUsable();
    Segment active = segments.active();
    if (active != null && nowMs - active.state().firstAppendMs >= config.segmentMs()) {
      roll(active);
    }
    for (int s = 0; s < segments.count() && segments.get(s).isSealed(); s++) {
      access.closeUnused(segments.get(s));
    }
    if (segments.count() > 0 && isExpired(segments.get(0), nowMs, limitOffset)) {
      compaction.cancel();
      deleteExpired(nowMs, limitOffset);
    }
    compaction.beginIfDue(config, nowMs, limitOffset);
  }

  private void deleteExpired(long nowMs, long limitOffset) {
    List<Segment> gone = new ArrayList<>();
    while (segments.count() > 0 && isExpired(segments.get(0), nowMs, limitOffset)) {
      gone.add(segments.removeFirst());
    }
    long firstKept =
        segments.count() == 0
            ? gone.get(gone.size() - 1).state().endOffset
            : segments.get(0).state().baseOffset;
    logStartOffset = Math.max(logStartOffset, firstKept);
    tasks.writeLogStart(logStartOffset, segments.count() == 0);
    tasks.delete(access.detachAll(gone), gone);
  }

  private boolean isExpired(Segment oldest, long nowMs, long limitOffset) {
    SegmentState state = oldest.state();
    if (!oldest.isSealed() || state.endOffset > limitOffset) {
      return false;
    }
    boolean tooLarge =
        config.retentionBytes() >= 0
            && segments.sizeInBytes() - state.sizeInBytes > config.retentionBytes();
    boolean tooOld =
        config.retentionMs() >= 0 && nowMs - state.youngestMs() >= config.retentionMs();
    if (tooOld && !toldOfFutureRecords && nowMs - state.maxTimestampMs < config.retentionMs()) {
      toldOfFutureRecords = true;
      LOG.warn(
          "log {}: records of segment {} have timestamps up to {} ms behind their append, so a"
              + " producer's clock is wrong; retention counts from the append",
          id,
          state.baseOffset,
          state.maxTimestampMs - state.lastAppendMs);
    }
    return tooLarge || tooOld;
  }

  @Override
  public void reconfigure(LogConfig newConfig) {
    checkUsable();
    config = newConfig;
  }

  @Override
  public void sync() {
    checkUsable();
    sync.begin();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    assert owner.inThread() : "log " + id + " is used outside its scheduler";
    closed = true;
    List<Segment> all = segments.all();
    for (Segment segment : all) {
      Runnable closer = access.detach(segment);
      if (failure != null) {
        tasks.run(closer);
      } else if (segment.isSealed()) {
        if (segment.isSealedOnDisk() || segment.isSealUnderWay()) {
          tasks.run(closer);
        } else {
          tasks.seal(segment, closer, snapshotAtEndOf(segment), false);
        }
      } else {
        tasks.closeClean(segment, closer, snapshots.take(logEndOffset));
      }
    }
    preparation.close();
    if (failure == null && rememberedEndOffset != logEndOffset) {
      rememberEnd(true);
    }
    boolean inOrder = failure == null;
    services.openLogs().closing(id);
    compaction.stop(
        () -> tasks.runLast(() -> services.openLogs().closed(id, inOrder && !tasks.hasFailed())));
  }

  /** Whether the log takes part in nothing any more. */
  boolean isStopped() {
    return closed || failure != null;
  }

  /** Stops the log, from any thread. */
  private void failLater(LogException cause) {
    owner.execute(
        () -> {
          if (!isStopped()) {
            fail(cause);
          }
        });
  }

  /** Stops the log, and gives what to throw. */
  private LogException fail(LogException cause) {
    failure = cause;
    tasks.noteFailure(cause);
    LOG.error("log {} failed and is not used any more", id, cause);
    owner.execute(() -> listener.onFailure(cause));
    return cause;
  }

  private void checkUsable() {
    assert owner.inThread() : "log " + id + " is used outside its scheduler";
    if (closed) {
      throw new IllegalStateException("log " + id + " is closed");
    }
    if (failure != null) {
      throw new LogException(
          ErrorCode.STORAGE_ERROR, "log " + id + " has failed and cannot be used", failure);
    }
  }
}
