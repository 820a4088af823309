package io.tailrace.broker.log.chronicle;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog;

/**
 * Decides when one log's owner is asked for a snapshot: when a segment is closed, and between as
 * often as it takes that little follows the newest. Confined to the log's owner.
 */
final class LogSnapshots {
  /** No more follows the newest snapshot, so that no more has to be read when the log is opened. */
  private static final long EVERY_BYTES = 64L << 20;

  private final PartitionLog.Listener listener;
  private final LogTasks tasks;
  private long bytesSince;

  LogSnapshots(PartitionLog.Listener listener, LogTasks tasks) {
    this.listener = listener;
    this.tasks = tasks;
  }

  /** Takes in that a batch is about to be appended to the segment, behind the given end. */
  void beforeAppend(Segment active, long logEndOffset, int sizeInBytes) {
    bytesSince += sizeInBytes;
    if (bytesSince > EVERY_BYTES && active.state().batches > 0) {
      ByteBuf file = take(logEndOffset);
      if (file != null) {
        tasks.writeSnapshot(active, file);
      }
    }
  }

  /** The file to be written beside a segment that ends where the log does; null = none. */
  ByteBuf take(long logEndOffset) {
    bytesSince = 0;
    ByteBuf content = listener.snapshot(logEndOffset);
    return content == null ? null : SnapshotFile.encode(logEndOffset, content);
  }
}
