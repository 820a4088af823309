package io.tailrace.broker.log;

import io.tailrace.protocol.port.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * A simulated disk: what outlives an {@link InMemoryLogStore}. It can be filled up, fail a sync,
 * and lose what was not synced when the power goes. Thread-safe, but for the content of a log,
 * which belongs to the log's owner while it is open; pulling the plug is for tests that stand
 * still.
 */
public final class InMemoryDisk {
  private final Map<LogId, StoredLog> logs = new TreeMap<>(InMemoryDisk::compare);
  private final Clock clock;
  private long capacityBytes = Long.MAX_VALUE;
  private long usedBytes;
  private int syncsToFail;
  private boolean clean = true;
  private InMemoryLogStore mountedBy;

  /** A segment: the batches of a stretch of offsets. */
  static final class StoredSegment {
    final long baseOffset;
    final List<StoredBatch> batches = new ArrayList<>();
    long sizeInBytes;
    long maxTimestampMs = -1;
    long firstAppendMs;

    StoredSegment(long baseOffset) {
      this.baseOffset = baseOffset;
    }

    /** The first batch that reaches beyond the offset; the count of batches when none does. */
    int indexOf(long offset) {
      int low = 0;
      int high = batches.size();
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (batches.get(middle).nextOffset() > offset) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    }
  }

  /** A batch as it was appended. */
  record StoredBatch(byte[] bytes, long baseOffset, long nextOffset, long maxTimestampMs) {}

  /** What the disk holds of one log. */
  static final class StoredLog {
    final List<StoredSegment> segments = new ArrayList<>();
    long logStartOffset;
    long logEndOffset;
    long syncedEndOffset;
    final TreeMap<Long, byte[]> snapshots = new TreeMap<>();
    long highWatermark = -1;
    boolean open;

    /** The newest snapshot that fits the content; null when there is none. */
    Map.Entry<Long, byte[]> snapshot() {
      snapshots.tailMap(logEndOffset, false).clear();
      snapshots.headMap(logStartOffset, true).clear();
      return snapshots.lastEntry();
    }
  }

  /** A disk that never fills up, and the system's clock. */
  public InMemoryDisk() {
    this(Clock.SYSTEM);
  }

  /**
   * A disk that never fills up.
   *
   * @param clock tells how old a segment is
   */
  public InMemoryDisk(Clock clock) {
    this.clock = clock;
  }

  /** Bounds the disk: appends beyond it are refused with {@code DISK_FULL}. */
  public synchronized void setCapacityBytes(long bytes) {
    capacityBytes = bytes;
  }

  /** Makes the next syncs fail. */
  public synchronized void failSyncs(int count) {
    syncsToFail = count;
  }

  /** Bytes that appends may still use. */
  public synchronized long usableBytes() {
    return Math.max(0, capacityBytes - usedBytes);
  }

  /** The process that had the disk dies; all that it appended stays. */
  public synchronized void killProcess() {
    mountedBy = null;
    for (StoredLog log : logs.values()) {
      log.open = false;
    }
  }

  /**
   * The power goes: of what each log had not synced, some prefix stays, whose length is drawn.
   *
   * @param random decides how much of each log is lost
   */
  public synchronized void losePower(RandomGenerator random) {
    killProcess();
    for (StoredLog log : logs.values()) {
      long unsynced = log.logEndOffset - log.syncedEndOffset;
      if (unsynced > 0) {
        long lost = random.nextLong(unsynced + 1);
        if (lost > 0) {
          cut(log, log.logEndOffset - lost);
        }
        log.syncedEndOffset = log.logEndOffset;
      }
    }
  }

  Clock clock() {
    return clock;
  }

  synchronized boolean mount(InMemoryLogStore store) {
    if (mountedBy != null) {
      throw new IllegalStateException("another store uses the disk; close it first");
    }
    mountedBy = store;
    boolean wasClean = clean;
    clean = false;
    return wasClean;
  }

  synchronized void unmount(InMemoryLogStore store) {
    if (mountedBy == store) {
      mountedBy = null;
      clean = true;
    }
  }

  synchronized boolean isMountedBy(InMemoryLogStore store) {
    return mountedBy == store;
  }

  synchronized Map<LogId, StoredLog> logs() {
    return logs;
  }

  synchronized boolean take(long bytes) {
    if (bytes > capacityBytes - usedBytes) {
      return false;
    }
    usedBytes += bytes;
    return true;
  }

  synchronized void give(long bytes) {
    usedBytes -= bytes;
  }

  synchronized boolean sync() {
    if (syncsToFail > 0) {
      syncsToFail--;
      return false;
    }
    return true;
  }

  /**
   * Cuts a log before the batch that holds the offset, which lies below its end.
   *
   * @return the new end
   */
  synchronized long cut(StoredLog log, long offset) {
    List<StoredSegment> segments = log.segments;
    long end = log.logStartOffset;
    for (int s = segments.size() - 1; s >= 0; s--) {
      StoredSegment segment = segments.get(s);
      for (int i = segment.batches.size() - 1; i >= segment.indexOf(offset); i--) {
        int size = segment.batches.remove(i).bytes().length;
        segment.sizeInBytes -= size;
        give(size);
      }
      if (!segment.batches.isEmpty()) {
        segment.maxTimestampMs = -1;
        for (StoredBatch batch : segment.batches) {
          segment.maxTimestampMs = Math.max(segment.maxTimestampMs, batch.maxTimestampMs());
        }
        end = segment.batches.get(segment.batches.size() - 1).nextOffset();
        break;
      }
      segments.remove(s);
    }
    if (end <= log.logStartOffset) {
      end = Math.min(offset, log.logStartOffset);
      reset(log, end);
    }
    log.logEndOffset = end;
    log.syncedEndOffset = Math.min(log.syncedEndOffset, end);
    log.highWatermark = Math.min(log.highWatermark, end);
    log.snapshots.tailMap(end, false).clear();
    return end;
  }

  /** Empties a log and has it begin at the offset. */
  synchronized void reset(StoredLog log, long offset) {
    log.segments.forEach(segment -> give(segment.sizeInBytes));
    log.segments.clear();
    log.snapshots.clear();
    log.logStartOffset = offset;
    log.logEndOffset = offset;
    log.syncedEndOffset = offset;
    log.highWatermark = Math.min(log.highWatermark, offset);
  }

  private static int compare(LogId a, LogId b) {
    int byTopic = a.topicId().compareTo(b.topicId());
    return byTopic != 0 ? byTopic : Integer.compare(a.partition(), b.partition());
  }
}
