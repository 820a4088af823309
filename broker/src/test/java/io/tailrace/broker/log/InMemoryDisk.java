package io.tailrace.broker.log;

import static io.netty.buffer.Unpooled.wrappedBuffer;

import io.netty.buffer.ByteBufUtil;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

/**
 * A simulated disk, as hostile as a real one: what outlives an {@link InMemoryLogStore}. A killed
 * process loses nothing of the page cache. A power cut keeps what was synced, and of the rest any
 * sectors and the first few changes of names. A failed sync leaves pages that count as clean and
 * are not on the device. It can be full, slow, or hold its syncs back. Thread-safe, but for the
 * files of a log, which belong to the log's owner while it is open; kills and power cuts are for
 * tests that stand still.
 */
public final class InMemoryDisk {
  private final Map<LogId, InMemoryDirectory> logs = new TreeMap<>(InMemoryDisk::compare);
  private final ArrayDeque<Runnable> heldSyncs = new ArrayDeque<>();
  private final Clock clock;
  private long capacityBytes = Long.MAX_VALUE;
  private long usedBytes;
  private int syncsToFail;
  private int writesToPass;
  private int writesToFail;
  private boolean holdsSyncs;
  private IntSupplier syncDelayMs = () -> 0;
  private IntSupplier openTurns = () -> 1;
  private IntSupplier segmentDelayMs = () -> 0;
  private boolean callsRecoveredSynced;
  private boolean forgetsFailedSyncs;
  private boolean keepsSnapshotsOfLostBatches;
  private boolean clean = false;
  private InMemoryLogStore mountedBy;

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

  // ---- faults ----

  /** Bounds the disk: appends beyond it are refused with {@code DISK_FULL}. */
  public synchronized void setCapacityBytes(long bytes) {
    capacityBytes = bytes;
  }

  /** Leaves so much room on the disk. */
  public synchronized void fillUp(long leftBytes) {
    capacityBytes = usedBytes + leftBytes;
  }

  /** Makes the next syncs fail. */
  public synchronized void failSyncs(int count) {
    syncsToFail = count;
  }

  /**
   * Makes appends fail as if the device could not be written.
   *
   * @param passing how many still work before
   */
  public synchronized void failWrites(int passing, int count) {
    writesToPass = passing;
    writesToFail = count;
  }

  /** Says how long each sync takes, milliseconds; 0 = one turn of the log's owner. */
  public synchronized void setSyncDelay(IntSupplier delayMs) {
    syncDelayMs = delayMs;
  }

  /** Says how many turns of its owner it takes to open a log. */
  public synchronized void setOpenTurns(IntSupplier turns) {
    openTurns = turns;
  }

  /** Says how long a new segment takes to be ready for appends, milliseconds; 0 = no time. */
  public synchronized void setSegmentDelay(IntSupplier delayMs) {
    segmentDelayMs = delayMs;
  }

  /** Lets no sync end until {@link #releaseSyncs}. */
  public synchronized void holdSyncs() {
    holdsSyncs = true;
  }

  /** Lets the syncs end that were held. */
  public void releaseSyncs() {
    ArrayDeque<Runnable> released;
    synchronized (this) {
      holdsSyncs = false;
      released = new ArrayDeque<>(heldSyncs);
      heldSyncs.clear();
    }
    released.forEach(Runnable::run);
  }

  /** Makes every fault that was set end: room for all, and no sync or write fails or waits. */
  public void heal() {
    synchronized (this) {
      capacityBytes = Long.MAX_VALUE;
      syncsToFail = 0;
      writesToFail = 0;
    }
    releaseSyncs();
  }

  /** The process that had the disk dies; all that it wrote stays in the page cache. */
  public synchronized void killProcess() {
    mountedBy = null;
    heldSyncs.clear();
    holdsSyncs = false;
    logs.values().forEach(InMemoryDirectory::abandonWritebacks);
  }

  /**
   * The power goes, and with it the process and all of the page cache that had not reached the
   * device.
   *
   * @param random decides what had
   */
  public synchronized void losePower(RandomGenerator random) {
    killProcess();
    logs.values().forEach(log -> log.losePower(random));
    countUsed();
  }

  /**
   * The device changes a bit in the content of a batch, behind its header.
   *
   * @param offset of a record in it
   * @return whether there is one
   */
  public synchronized boolean damage(LogId id, long offset, RandomGenerator random) {
    InMemoryDirectory directory = logs.get(id);
    if (directory == null) {
      return false;
    }
    for (InMemorySegment segment :
        InMemoryLogContent.find(new InMemoryLogFiles(id, this, directory)).segments) {
      int index = segment.indexOf(offset);
      if (index < segment.batches.size() && segment.batches.get(index).baseOffset() <= offset) {
        InMemorySegment.Place batch = segment.batches.get(index);
        segment.file.flipBit(batch.position(), RecordBatch.HEADER_BYTES, batch.size(), random);
        return true;
      }
    }
    return false;
  }

  /** Whether all batches of a log match their checksums. */
  public synchronized boolean isSound(LogId id) {
    return batches(id).stream().allMatch(each -> RecordBatch.crcMatches(wrappedBuffer(each), 0));
  }

  /** The batches that a log would hold if it was opened now, in their order. */
  public synchronized List<byte[]> batches(LogId id) {
    List<byte[]> batches = new ArrayList<>();
    InMemoryDirectory directory = logs.get(id);
    if (directory != null) {
      for (InMemorySegment segment :
          InMemoryLogContent.find(new InMemoryLogFiles(id, this, directory)).segments) {
        segment.batches.forEach(batch -> batches.add(ByteBufUtil.getBytes(segment.read(batch))));
      }
    }
    return batches;
  }

  // ---- mistakes, for tests of what finds them ----

  /** Lets logs say, when they are opened, that all that they hold is synced. */
  public void callRecoveredSynced() {
    callsRecoveredSynced = true;
  }

  /** Lets logs try a failed sync again as if nothing had happened. */
  public void forgetFailedSyncs() {
    forgetsFailedSyncs = true;
  }

  /** Lets logs keep and use snapshots that tell of batches which they lost. */
  public void keepSnapshotsOfLostBatches() {
    keepsSnapshotsOfLostBatches = true;
  }

  boolean callsRecoveredSynced() {
    return callsRecoveredSynced;
  }

  boolean forgetsFailedSyncs() {
    return forgetsFailedSyncs;
  }

  boolean keepsSnapshotsOfLostBatches() {
    return keepsSnapshotsOfLostBatches;
  }

  // ---- for the store and its logs ----

  /** Bytes that appends may still use. */
  synchronized long usableBytes() {
    return Math.max(0, capacityBytes - usedBytes);
  }

  Clock clock() {
    return clock;
  }

  /**
   * Gives the disk to a store.
   *
   * @return whether the store before it was closed in order
   */
  synchronized boolean mount(InMemoryLogStore store) {
    if (mountedBy != null) {
      throw new IllegalStateException("another store uses the disk; close it first");
    }
    mountedBy = store;
    boolean wasClean = clean;
    clean = false;
    countUsed();
    return wasClean;
  }

  synchronized void unmount(InMemoryLogStore store, boolean inOrder) {
    if (mountedBy == store) {
      mountedBy = null;
      clean = inOrder;
    }
  }

  synchronized boolean isMountedBy(InMemoryLogStore store) {
    return mountedBy == store;
  }

  /** The logs' directories, which are made and removed on the device at once. */
  synchronized Map<LogId, InMemoryDirectory> logs() {
    return logs;
  }

  synchronized void removeLog(LogId id) {
    logs.remove(id);
    countUsed();
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

  private void countUsed() {
    usedBytes = 0;
    for (InMemoryDirectory log : logs.values()) {
      for (Map.Entry<String, InMemoryFile> file : log.files().entrySet()) {
        if (InMemoryLogFiles.baseOffset(file.getKey()) >= 0) {
          usedBytes += file.getValue().length();
        }
      }
    }
  }

  synchronized boolean writes() {
    if (writesToFail == 0) {
      return true;
    }
    if (writesToPass > 0) {
      writesToPass--;
      return true;
    }
    writesToFail--;
    return false;
  }

  /** Whether the sync that ends now worked. */
  synchronized boolean syncs() {
    if (syncsToFail > 0) {
      syncsToFail--;
      return false;
    }
    return true;
  }

  synchronized int openTurns() {
    return openTurns.getAsInt();
  }

  synchronized int segmentDelayMs() {
    return segmentDelayMs.getAsInt();
  }

  /** Runs the end of a sync on its log's owner when the device has taken its time. */
  synchronized void whenSyncEnds(Scheduler owner, Runnable end) {
    if (holdsSyncs) {
      heldSyncs.add(() -> owner.execute(end));
      return;
    }
    int delayMs = syncDelayMs.getAsInt();
    if (delayMs == 0) {
      owner.execute(end);
    } else {
      owner.schedule(end, delayMs);
    }
  }

  private static int compare(LogId a, LogId b) {
    int byTopic = a.topicId().compareTo(b.topicId());
    int byPartition = byTopic != 0 ? byTopic : Integer.compare(a.partition(), b.partition());
    return byPartition != 0 ? byPartition : a.kind().compareTo(b.kind());
  }
}
