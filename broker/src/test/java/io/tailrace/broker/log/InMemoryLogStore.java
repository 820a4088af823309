package io.tailrace.broker.log;

import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;

/**
 * Keeps logs on an {@link InMemoryDisk}: the simulator's store, and a quick one for tests.
 * Thread-safe.
 */
public final class InMemoryLogStore implements LogStore {
  private final InMemoryDisk disk;
  private final boolean wasClean;
  private final Set<LogId> openLogs = new HashSet<>();
  private final Set<LogId> failedLogs = new HashSet<>();
  private boolean closedInOrder = true;

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
    open(disk.openTurns(), new Opening(id, config, owner, listener, opened));
    return opened;
  }

  /** A log that is being opened, and the future that says so. */
  private record Opening(
      LogId id,
      LogConfig config,
      Scheduler owner,
      PartitionLog.Listener listener,
      CompletableFuture<PartitionLog> opened) {}

  private void open(int turns, Opening opening) {
    opening
        .owner()
        .execute(
            () -> {
              if (turns > 1) {
                open(turns - 1, opening);
                return;
              }
              PartitionLog log;
              try {
                log = openNow(opening);
              } catch (LogException e) {
                opening.opened().completeExceptionally(e);
                return;
              }
              opening.opened().complete(log);
            });
  }

  private PartitionLog openNow(Opening opening) {
    LogId id = opening.id();
    synchronized (disk) {
      if (!disk.isMountedBy(this)) {
        throw refused("the store of log " + id + " is closed");
      }
      if (failedLogs.contains(id)) {
        throw refused("log " + id + " has failed and stays closed until the process restarts");
      }
      if (openLogs.contains(id)) {
        throw refused("log " + id + " is open already");
      }
      InMemoryLogFiles files =
          files(id, disk.logs().computeIfAbsent(id, unused -> new InMemoryDirectory()));
      InMemoryLogContent content;
      try {
        content = InMemoryLogContent.recover(files, disk);
      } catch (LogException e) {
        failedLogs.add(id);
        throw e;
      }
      openLogs.add(id);
      return new InMemoryPartitionLog(
          this, disk, files, content, id, opening.config(), opening.owner(), opening.listener());
    }
  }

  private InMemoryLogFiles files(LogId id, InMemoryDirectory directory) {
    return new InMemoryLogFiles(id, disk, directory);
  }

  private static LogException refused(String message) {
    return new LogException(ErrorCode.STORAGE_ERROR, message);
  }

  /** A log has failed: nobody opens it again before the process restarts. */
  void onFailed(LogId id) {
    synchronized (disk) {
      failedLogs.add(id);
    }
  }

  /**
   * A log was closed.
   *
   * @param inOrder whether all that it holds has been synced
   */
  void onClosed(LogId id, boolean inOrder) {
    synchronized (disk) {
      openLogs.remove(id);
      closedInOrder &= inOrder;
    }
  }

  @Override
  public CompletionStage<LogSummary> summarise(LogId id, LogConfig config) {
    synchronized (disk) {
      InMemoryDirectory directory = disk.logs().get(id);
      if (directory == null) {
        return CompletableFuture.completedFuture(LogSummary.EMPTY);
      }
      InMemoryLogContent content = InMemoryLogContent.find(files(id, directory));
      return CompletableFuture.completedFuture(
          new LogSummary(
              openLogs.contains(id),
              content.logStartOffset,
              content.logEndOffset,
              content.sizeInBytes(),
              content.segments.size(),
              expiresAtMs(content, config)));
    }
  }

  private static long expiresAtMs(InMemoryLogContent content, LogConfig config) {
    if (content.segments.isEmpty()) {
      return LogSummary.NEVER;
    }
    InMemorySegment oldest = content.segments.get(0);
    boolean active = content.segments.size() == 1;
    long closesAtMs = active ? oldest.file.createdMs + config.segmentMs() : 0;
    if (config.retentionBytes() >= 0
        && content.sizeInBytes() - oldest.sizeInBytes() > config.retentionBytes()) {
      return closesAtMs;
    }
    return config.retentionMs() < 0
        ? LogSummary.NEVER
        : Math.max(closesAtMs, oldest.youngestMs() + config.retentionMs());
  }

  @Override
  public CompletionStage<Void> delete(LogId id) {
    synchronized (disk) {
      if (openLogs.contains(id)) {
        return CompletableFuture.failedFuture(
            refused("log " + id + " is open; close it before it is deleted"));
      }
      disk.removeLog(id);
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
  public String diskFull() {
    return disk.usableBytes() > 0 ? null : "the disk in memory has no bytes left";
  }

  @Override
  public Map<LogId, String> notWhole() {
    synchronized (disk) {
      return failedLogs.stream().collect(Collectors.toMap(id -> id, id -> "failed"));
    }
  }

  @Override
  public boolean wasClean() {
    return wasClean;
  }

  @Override
  public void close() {
    disk.unmount(this, closedInOrder);
  }
}
