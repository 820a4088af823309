package io.tailrace.broker.log;

import io.tailrace.broker.log.InMemoryDisk.StoredLog;
import io.tailrace.broker.log.InMemoryDisk.StoredSegment;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Keeps logs on an {@link InMemoryDisk}: the simulator's store, and a quick one for tests.
 * Thread-safe.
 */
public final class InMemoryLogStore implements LogStore {
  private final InMemoryDisk disk;
  private final boolean wasClean;

  /** A store on a disk of its own. */
  public InMemoryLogStore() {
    this(new InMemoryDisk());
  }

  /**
   * A store on a disk that may have had another one before.
   *
   * @throws IllegalStateException when another store still has it
   */
  public InMemoryLogStore(InMemoryDisk disk) {
    this.disk = disk;
    this.wasClean = disk.mount(this);
  }

  @Override
  public CompletionStage<PartitionLog> open(
      LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
    CompletableFuture<PartitionLog> opened = new CompletableFuture<>();
    owner.execute(
        () -> {
          synchronized (disk) {
            if (!disk.isMountedBy(this)) {
              opened.completeExceptionally(
                  new LogException(
                      ErrorCode.STORAGE_ERROR, "the store of log " + id + " is closed"));
              return;
            }
            StoredLog stored = disk.logs().computeIfAbsent(id, key -> new StoredLog());
            if (stored.open) {
              opened.completeExceptionally(
                  new LogException(ErrorCode.STORAGE_ERROR, "log " + id + " is open already"));
              return;
            }
            stored.open = true;
            stored.syncedEndOffset = stored.logEndOffset;
            opened.complete(
                new InMemoryPartitionLog(this, disk, stored, id, config, owner, listener));
          }
        });
    return opened;
  }

  @Override
  public CompletionStage<LogSummary> summarise(LogId id, LogConfig config) {
    synchronized (disk) {
      StoredLog stored = disk.logs().get(id);
      if (stored == null) {
        return CompletableFuture.completedFuture(LogSummary.EMPTY);
      }
      long bytes = stored.segments.stream().mapToLong(segment -> segment.sizeInBytes).sum();
      return CompletableFuture.completedFuture(
          new LogSummary(
              false,
              stored.logStartOffset,
              stored.logEndOffset,
              bytes,
              stored.segments.size(),
              expiresAtMs(stored, bytes, config)));
    }
  }

  private static long expiresAtMs(StoredLog stored, long bytes, LogConfig config) {
    if (stored.segments.isEmpty()) {
      return LogSummary.NEVER;
    }
    StoredSegment oldest = stored.segments.get(0);
    boolean active = stored.segments.size() == 1;
    long closesAtMs = active ? oldest.firstAppendMs + config.segmentMs() : 0;
    if (config.retentionBytes() >= 0 && bytes - oldest.sizeInBytes > config.retentionBytes()) {
      return closesAtMs;
    }
    return config.retentionMs() < 0
        ? LogSummary.NEVER
        : Math.max(closesAtMs, oldest.maxTimestampMs + config.retentionMs());
  }

  @Override
  public CompletionStage<Void> delete(LogId id) {
    synchronized (disk) {
      StoredLog stored = disk.logs().get(id);
      if (stored != null && stored.open) {
        return CompletableFuture.failedFuture(
            new LogException(
                ErrorCode.STORAGE_ERROR, "log " + id + " is open; close it before it is deleted"));
      }
      if (stored != null) {
        disk.reset(stored, 0);
        disk.logs().remove(id);
      }
      return CompletableFuture.completedFuture(null);
    }
  }

  @Override
  public Set<LogId> list() {
    synchronized (disk) {
      return Set.copyOf(disk.logs().keySet());
    }
  }

  @Override
  public long usableBytes() {
    return disk.usableBytes();
  }

  @Override
  public boolean wasClean() {
    return wasClean;
  }

  @Override
  public void close() {
    disk.unmount(this);
  }
}
