package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;

/**
 * Decides when one log is synced: never more than one sync at a time, and each covers all that was
 * appended before it. Confined to the log's owner.
 */
final class LogSync {
  private final ChroniclePartitionLog log;
  private final LogTasks tasks;
  private final Scheduler owner;
  private final PartitionLog.Listener listener;
  private long syncedEndOffset;
  private long recordsSinceSync;
  private boolean underWay;
  private boolean wantedAgain;
  private boolean timerRuns;
  private int truncations;

  LogSync(
      ChroniclePartitionLog log,
      LogTasks tasks,
      Scheduler owner,
      PartitionLog.Listener listener,
      long syncedEndOffset) {
    this.log = log;
    this.tasks = tasks;
    this.owner = owner;
    this.listener = listener;
    this.syncedEndOffset = syncedEndOffset;
  }

  long syncedEndOffset() {
    return syncedEndOffset;
  }

  /** Begins what the settings ask for after some batches were appended. */
  void onAppend(ByteBuf batches, int index, int length) {
    LogConfig config = log.config();
    switch (config.flush()) {
      case NONE -> {}
      case ACK -> begin();
      case INTERVAL -> {
        for (int at = index; at < index + length; at += RecordBatch.sizeInBytes(batches, at)) {
          recordsSinceSync += RecordBatch.recordCount(batches, at);
        }
        if (recordsSinceSync >= config.flushIntervalRecords()) {
          begin();
        } else if (!timerRuns) {
          timerRuns = true;
          owner.schedule(this::onTimer, config.flushIntervalMs());
        }
      }
    }
  }

  private void onTimer() {
    timerRuns = false;
    if (!log.isStopped() && syncedEndOffset < log.logEndOffset()) {
      begin();
    }
  }

  /** Begins a sync, or has the one that is under way followed by another. */
  void begin() {
    if (underWay) {
      wantedAgain = true;
      return;
    }
    underWay = true;
    wantedAgain = false;
    recordsSinceSync = 0;
    long end = log.logEndOffset();
    int truncationsBefore = truncations;
    log.sealScanned();
    tasks.sync(log.activeSegment(), () -> owner.execute(() -> onDone(end, truncationsBefore)));
  }

  private void onDone(long end, int truncationsBefore) {
    underWay = false;
    if (log.isStopped()) {
      return;
    }
    // What was synced may have been cut off since, and other records have its offsets.
    if (truncations == truncationsBefore) {
      syncedEndOffset = Math.max(syncedEndOffset, end);
      listener.onSynced(syncedEndOffset);
    } else {
      wantedAgain = true;
    }
    if (wantedAgain && syncedEndOffset < log.logEndOffset()) {
      begin();
    }
  }

  void onTruncation(long newEndOffset) {
    truncations++;
    syncedEndOffset = Math.min(syncedEndOffset, newEndOffset);
  }

  /** Takes in that the log is empty and begins again at the offset. */
  void onReset(long offset) {
    truncations++;
    syncedEndOffset = offset;
  }
}
