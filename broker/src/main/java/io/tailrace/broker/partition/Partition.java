package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition on this broker: its leadership and its high watermark, what is appended to its log
 * and read from it, and who waits for either. Confined to its scheduler, but for the final fields'
 * accessors and {@link #summary}.
 *
 * <p>The log is opened by the first request that needs it: see {@link #whenReady}.
 */
public final class Partition {
  private static final Logger LOG = LoggerFactory.getLogger(Partition.class);

  /** The leader epoch of a request that does not check it. */
  public static final int ANY_EPOCH = -1;

  private final String topic;
  private final LogId id;
  private final String name;
  private final Scheduler scheduler;
  private final Clock clock;
  private final Upkeep upkeep;
  private final LazyLog log;
  private final PendingAcks pendingAcks;
  private final ReadWaiters readWaiters = new ReadWaiters();

  private boolean leading;
  private int leaderEpoch;
  private long highWatermark;
  private long checkAtMs;

  public Partition(
      String topic,
      LogId id,
      LogConfig config,
      Scheduler scheduler,
      LogStore store,
      Clock clock,
      Upkeep upkeep) {
    this.topic = topic;
    this.id = id;
    this.name = topic + "-" + id.partition();
    this.scheduler = scheduler;
    this.clock = clock;
    this.upkeep = upkeep;
    this.log = new LazyLog(name, id, config, scheduler, store, clock, new LogListener());
    this.pendingAcks = new PendingAcks(name);
    // Thousands of partitions are not looked at in the same moment.
    this.checkAtMs =
        clock.monotonicMs() + Math.floorMod(id.hashCode(), upkeep.logCheckIntervalMs());
  }

  public String topic() {
    return topic;
  }

  public LogId id() {
    return id;
  }

  /** The thread that everything else must be called on. */
  public Scheduler scheduler() {
    return scheduler;
  }

  @Override
  public String toString() {
    return name;
  }

  // ---- leadership ----

  /** Takes over what the cluster's metadata says. */
  public void onLeadership(boolean leads, int epoch) {
    if (log.isStopped() || epoch < leaderEpoch) {
      return;
    }
    boolean lost = leading && !leads;
    leading = leads;
    leaderEpoch = epoch;
    if (lost) {
      releaseAll(
          new PartitionError(
              ErrorCode.OUTCOME_UNKNOWN,
              this + " lost its leader while records waited for replicas"));
    }
  }

  public int leaderEpoch() {
    return leaderEpoch;
  }

  /** Takes over changed settings. */
  public void reconfigure(LogConfig changed) {
    log.reconfigure(changed);
  }

  // ---- opening and closing ----

  /**
   * Runs the action when the log is open or cannot be opened; at once where that is known. The
   * action finds an error through {@link #checkAccess}.
   */
  public void whenReady(Runnable action) {
    log.whenReady(action);
  }

  /**
   * Closes the log for good; everybody who waits gets an error. May block while the log syncs.
   *
   * @param whenStopped runs when the log is closed
   */
  public void stop(Runnable whenStopped) {
    log.stop(whenStopped);
  }

  /** What becomes of the log. */
  private final class LogListener implements LazyLog.Listener {
    @Override
    public void onOpened(long logEndOffset) {
      highWatermark = logEndOffset;
    }

    @Override
    public void onSynced() {
      advanceHighWatermark();
    }

    @Override
    public void onOffline(PartitionError error) {
      releaseAll(error);
    }

    @Override
    public void onExpired() {
      checkAtMs = clock.monotonicMs();
      log.whenReady(() -> {});
    }
  }

  /** Answers whoever waits: the producers with the error; the fetches find out by themselves. */
  private void releaseAll(PartitionError error) {
    pendingAcks.fail(error);
    readWaiters.wakeAll();
  }

  /**
   * Whether this broker can serve the partition to somebody who believes in the given leader epoch.
   *
   * @param expectedEpoch {@link #ANY_EPOCH} when it is not checked
   * @return null when it can
   */
  public PartitionError checkAccess(int expectedEpoch) {
    if (!log.isOpen()) {
      return log.failure();
    }
    if (!leading) {
      return new PartitionError(ErrorCode.NOT_LEADER, "this broker does not lead " + this);
    }
    if (expectedEpoch != ANY_EPOCH && expectedEpoch != leaderEpoch) {
      ErrorCode code =
          expectedEpoch < leaderEpoch
              ? ErrorCode.FENCED_LEADER_EPOCH
              : ErrorCode.UNKNOWN_LEADER_EPOCH;
      return new PartitionError(
          code, this + " has leader epoch " + leaderEpoch + ", the request says " + expectedEpoch);
    }
    return null;
  }

  // ---- produce ----

  /**
   * Appends batches that stand back to back in a buffer and have been checked. Their bytes are
   * copied before this returns, unless the log has yet to be opened: the caller keeps the buffer
   * until the listener is told, and calls this from {@link #whenReady}.
   *
   * @param acks 0, 1 or -1
   * @param timeoutMs how long to wait for other replicas
   */
  public void produce(
      ByteBuf batches,
      int index,
      int length,
      int acks,
      int expectedEpoch,
      long timeoutMs,
      ProduceListener listener) {
    PartitionError denied = checkAccess(expectedEpoch);
    if (denied != null) {
      listener.onProduced(new ProduceResult(denied, ProduceResult.NO_OFFSETS, 0));
      return;
    }
    long[] baseOffsets = new long[RecordBatch.countIn(batches, index, length)];
    int appended = 0;
    PartitionError error = null;
    int end = index + length;
    try {
      for (int at = index; at < end; ) {
        int until = appendSome(batches, at, end, baseOffsets, appended);
        appended += RecordBatch.countIn(batches, at, until - at);
        at = until;
      }
    } catch (LogException e) {
      error = new PartitionError(e.code(), this + ": " + e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
    } catch (ProducerStates.SequenceException e) {
      error = new PartitionError(e.code(), this + ": " + e.getMessage());
    }
    long[] offsets =
        appended == baseOffsets.length ? baseOffsets : Arrays.copyOf(baseOffsets, appended);
    if (!log.isOpen()) {
      listener.onProduced(new ProduceResult(error, offsets, 0));
      return;
    }
    PartitionLog opened = log.opened();
    ProduceResult result = new ProduceResult(error, offsets, opened.logStartOffset());
    advanceHighWatermark();
    if (acks != -1 || appended == 0 || opened.logEndOffset() <= highWatermark) {
      listener.onProduced(result);
    } else {
      pendingAcks.add(opened.logEndOffset(), result, listener, clock.monotonicMs() + timeoutMs);
    }
  }

  /**
   * Appends at least one batch, or finds out that it was appended before.
   *
   * @param baseOffsets gets the base offsets of the batches that were dealt with
   * @param count how many are in there
   * @return where the first batch begins that was not dealt with
   */
  private int appendSome(ByteBuf batches, int index, int end, long[] baseOffsets, int count) {
    checkSize(RecordBatch.sizeInBytes(batches, index));
    ProducerStates producers = log.producers();
    long duplicateOf = producers.check(batches, index);
    if (duplicateOf != ProducerStates.NOT_A_DUPLICATE) {
      baseOffsets[count] = duplicateOf;
      return index + RecordBatch.sizeInBytes(batches, index);
    }
    PartitionLog opened = log.opened();
    int placed = place(batches, index, end, opened.logEndOffset());
    int until = index + opened.append(batches, index, placed - index);
    long nowMs = clock.wallMs();
    int next = count;
    for (int at = index; at < until; at += RecordBatch.sizeInBytes(batches, at)) {
      producers.onAppended(batches, at, nowMs);
      baseOffsets[next++] = RecordBatch.baseOffset(batches, at);
    }
    return until;
  }

  /**
   * Gives a batch its place in the partition, and those behind it that may be appended when it is.
   *
   * @return where the first batch begins that got none
   */
  private int place(ByteBuf batches, int index, int end, long logEndOffset) {
    int at = index;
    int before;
    long offset = logEndOffset;
    do {
      RecordBatch.place(batches, at, offset, leaderEpoch);
      offset = RecordBatch.nextOffset(batches, at);
      before = at;
      at += RecordBatch.sizeInBytes(batches, at);
    } while (at < end
        && RecordBatch.sizeInBytes(batches, at) <= log.config().maxBatchBytes()
        && ProducerStates.follows(batches, at, before));
    return at;
  }

  private void checkSize(int size) {
    int maxBatchBytes = log.config().maxBatchBytes();
    if (size > maxBatchBytes) {
      throw new LogException(
          ErrorCode.BATCH_TOO_LARGE,
          "a batch of " + size + " bytes is larger than max.message.bytes=" + maxBatchBytes);
    }
  }

  private void advanceHighWatermark() {
    PartitionLog opened = log.opened();
    boolean synced = log.config().flush() == LogConfig.Flush.ACK;
    long next = synced ? opened.syncedEndOffset() : opened.logEndOffset();
    if (next <= highWatermark) {
      return;
    }
    highWatermark = next;
    pendingAcks.complete(highWatermark);
    readWaiters.wake(highWatermark);
  }

  // ---- reading ----

  /** The end of what consumers may see, exclusive. The log must be open. */
  public long highWatermark() {
    return highWatermark;
  }

  /** The log, for reading. It must be open: see {@link #checkAccess}. */
  public PartitionLog log() {
    return log.opened();
  }

  /** Whether the log is open, in other words somebody asked for it since the broker started. */
  public boolean isOpen() {
    return log.isOpen();
  }

  /**
   * Copies whole batches below the high watermark to a buffer; see {@link PartitionLog#read}.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, int maxBytes, ByteBuf out) {
    PartitionLog opened = log.opened();
    if (offset < opened.logStartOffset() || offset > opened.logEndOffset()) {
      return new PartitionError(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not in "
              + this
              + ", which has "
              + opened.logStartOffset()
              + " to "
              + highWatermark);
    }
    if (offset >= highWatermark) {
      return null;
    }
    try {
      opened.read(offset, highWatermark, maxBytes, out);
      return null;
    } catch (LogException e) {
      LOG.error("{} cannot be read at offset {}: {}", this, offset, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
      return new PartitionError(e.code(), this + ": " + e.getMessage());
    }
  }

  /**
   * Roughly how many bytes stand from the offset to the high watermark; 0 only when there are none.
   */
  public long estimateBytesFrom(long offset) {
    PartitionLog opened = log.opened();
    if (offset < opened.logStartOffset() || offset >= highWatermark) {
      return 0;
    }
    long records = opened.logEndOffset() - opened.logStartOffset();
    return 1 + (long) ((double) opened.sizeInBytes() / records * (highWatermark - offset));
  }

  /**
   * Tells the listener once when there is something to read at the offset, or an error. Tells it at
   * once where that is so already.
   *
   * @return null when the listener was told at once
   */
  public ReadWaiter awaitReadable(long offset, ReadListener listener) {
    if (!log.isOpen() || !leading || offset < highWatermark) {
      listener.onReadable();
      return null;
    }
    return readWaiters.add(offset, listener);
  }

  /** Forgets a waiter that is no longer interested. */
  public void cancel(ReadWaiter waiter) {
    readWaiters.cancel(waiter);
  }

  // ---- now and then ----

  /**
   * Gives up on acknowledgements whose time has passed, and looks after the log when it is time for
   * that. To be called about every second.
   */
  public void onTick() {
    long nowMs = clock.monotonicMs();
    boolean check = nowMs >= checkAtMs;
    if (check) {
      checkAtMs = nowMs + upkeep.logCheckIntervalMs();
      log.checkWhileClosed();
    }
    if (!log.isOpen()) {
      return;
    }
    pendingAcks.expire(nowMs);
    if (check) {
      log.producers().expire(clock.wallMs() - upkeep.producerIdExpirationMs());
      applyRetention();
    }
    log.updateSummary();
  }

  private void applyRetention() {
    try {
      log.opened().applyRetention(clock.wallMs(), highWatermark);
    } catch (LogException e) {
      LOG.warn("{}: retention could not be applied: {}", this, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
    }
  }

  /**
   * What the log holds, as of the last tick or, while nobody has asked for it, of when it was
   * looked at; null before that. Thread-safe.
   */
  public LogSummary summary() {
    return log.summary();
  }
}
