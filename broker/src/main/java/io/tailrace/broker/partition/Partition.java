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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition on this broker: its log, its leadership, the producers and consumers that wait for
 * it. Confined to its scheduler, but for the final fields' accessors.
 *
 * <p>The log is opened by the first request that needs it, so that a broker with thousands of idle
 * partitions starts fast and stays small; requests that come meanwhile wait in order.
 *
 * <pre>
 *   CLOSED --first request--> OPENING --opened--> OPEN --log failed--> FAILED --after a pause, next request--> OPENING
 *   any --stop()--> STOPPED
 * </pre>
 */
public final class Partition implements PartitionLog.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Partition.class);

  /** How long a failed log stays closed before a request makes it try again, milliseconds. */
  private static final long REOPEN_PAUSE_MS = 1_000;

  /** The leader epoch of a request that does not check it. */
  public static final int ANY_EPOCH = -1;

  private enum State {
    CLOSED,
    OPENING,
    OPEN,
    FAILED,
    STOPPED
  }

  private final String topic;
  private final LogId id;
  private final Scheduler scheduler;
  private final LogStore store;
  private final Clock clock;
  private final Upkeep upkeep;

  private final ArrayDeque<Runnable> waitingForOpen = new ArrayDeque<>();
  private final ArrayDeque<PendingAck> pendingAcks = new ArrayDeque<>();
  private final Set<ReadWaiter> readWaiters = new LinkedHashSet<>();

  private LogConfig config;
  private State state = State.CLOSED;
  private boolean leading;
  private int leaderEpoch;
  private PartitionLog log;
  private ProducerStates producers;
  private long highWatermark;
  private PartitionError failure;
  private long failedAtMs;
  private long checkAtMs;
  private boolean lookingAtLog;
  private boolean lookAgain = true;
  private volatile LogSummary summary;

  private record PendingAck(
      long endOffset, ProduceResult result, ProduceListener listener, long deadlineMs) {}

  /** Told of the outcome of {@link #produce}; called on the partition's scheduler. */
  @FunctionalInterface
  public interface ProduceListener {
    void onProduced(ProduceResult result);
  }

  /**
   * Told once that a read may find something now, or an error; called on the partition's scheduler.
   */
  @FunctionalInterface
  public interface ReadListener {
    void onReadable();
  }

  /** A registered {@link ReadListener}. */
  public static final class ReadWaiter {
    private final long offset;
    private final ReadListener listener;

    private ReadWaiter(long offset, ReadListener listener) {
      this.offset = offset;
      this.listener = listener;
    }
  }

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
    this.config = config;
    this.scheduler = scheduler;
    this.store = store;
    this.clock = clock;
    this.upkeep = upkeep;
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
    return topic + "-" + id.partition();
  }

  // ---- leadership ----

  /** Takes over what the cluster's metadata says. */
  public void onLeadership(boolean leads, int epoch) {
    if (state == State.STOPPED || epoch < leaderEpoch) {
      return;
    }
    boolean lost = leading && !leads;
    leading = leads;
    leaderEpoch = epoch;
    if (lost) {
      failPending(
          new PartitionError(
              ErrorCode.OUTCOME_UNKNOWN,
              this + " lost its leader while records waited for replicas"));
      wakeAllReaders();
    }
  }

  public int leaderEpoch() {
    return leaderEpoch;
  }

  /** Takes over changed settings. */
  public void reconfigure(LogConfig changed) {
    config = changed;
    if (state == State.OPEN) {
      log.reconfigure(changed);
    } else {
      lookAgain = true; // the summary says when the log expires by the old settings
    }
  }

  // ---- opening and closing ----

  /**
   * Runs the action when the log is open or cannot be opened; at once where that is known. The
   * action finds an error through {@link #checkAccess}.
   */
  public void whenReady(Runnable action) {
    if (state == State.FAILED && clock.monotonicMs() - failedAtMs >= REOPEN_PAUSE_MS) {
      state = State.CLOSED;
    }
    if (state == State.CLOSED) {
      open();
    }
    if (state == State.OPENING) {
      waitingForOpen.add(action);
    } else {
      action.run();
    }
  }

  private void open() {
    state = State.OPENING;
    producers = null;
    store
        .open(id, config, scheduler, this)
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                onNotOpened(error);
              } else {
                recoverProducers(opened, new ProducerRecovery(opened, clock.wallMs()));
              }
            });
  }

  /** Turn by turn, so that the thread's other partitions and connections are served meanwhile. */
  private void recoverProducers(PartitionLog opened, ProducerRecovery recovery) {
    if (state == State.STOPPED) {
      opened.close();
      stopped.run();
      runWaiting();
      return;
    }
    try {
      if (!recovery.isDone()) {
        recovery.step();
      }
    } catch (LogException e) {
      closeBroken(opened);
      onNotOpened(e);
      return;
    }
    if (!recovery.isDone()) {
      scheduler.execute(() -> recoverProducers(opened, recovery));
      return;
    }
    log = opened;
    producers = recovery.states();
    highWatermark = opened.logEndOffset();
    failure = null;
    state = State.OPEN;
    runWaiting();
  }

  private void onNotOpened(Throwable error) {
    if (state == State.STOPPED) {
      stopped.run();
    } else {
      fail(error);
    }
    runWaiting();
  }

  private void runWaiting() {
    for (Runnable action = waitingForOpen.poll(); action != null; action = waitingForOpen.poll()) {
      action.run();
    }
  }

  private Runnable stopped = () -> {};

  /**
   * Closes the log for good; everybody who waits gets an error. May block while the log syncs.
   *
   * @param whenStopped runs when the log is closed
   */
  public void stop(Runnable whenStopped) {
    State before = state;
    state = State.STOPPED;
    failure = new PartitionError(ErrorCode.SHUTTING_DOWN, this + " is closed on this broker");
    failPending(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN, this + " was closed while records waited for replicas"));
    wakeAllReaders();
    if (before == State.OPENING) {
      stopped = whenStopped;
      return;
    }
    if (before == State.OPEN) {
      log.close();
    }
    whenStopped.run();
  }

  @Override
  public void onFailure(LogException problem) {
    if (state == State.OPEN) {
      fail(problem);
    }
  }

  private void fail(Throwable error) {
    Throwable cause = error;
    while (!(cause instanceof LogException) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    ErrorCode code = cause instanceof LogException known ? known.code() : ErrorCode.STORAGE_ERROR;
    LOG.error("{} goes offline on this broker: {}", this, cause.getMessage(), cause);
    PartitionLog broken = state == State.OPEN ? log : null;
    state = State.FAILED;
    failedAtMs = clock.monotonicMs();
    failure = new PartitionError(code, this + " is offline: " + cause.getMessage());
    failPending(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN,
            this + " failed while records waited: " + cause.getMessage()));
    wakeAllReaders();
    if (broken != null) {
      closeBroken(broken);
    }
  }

  private void closeBroken(PartitionLog broken) {
    try {
      broken.close();
    } catch (RuntimeException e) {
      LOG.warn("{}: its failed log could not be closed cleanly: {}", this, e.toString());
    }
  }

  /**
   * Whether this broker can serve the partition to somebody who believes in the given leader epoch.
   *
   * @param expectedEpoch {@link #ANY_EPOCH} when it is not checked
   * @return null when it can
   */
  public PartitionError checkAccess(int expectedEpoch) {
    if (state != State.OPEN) {
      return failure;
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
    long[] baseOffsets = new long[countBatches(batches, index, length)];
    int appended = 0;
    PartitionError error = null;
    for (int at = index; at < index + length; at += RecordBatch.sizeInBytes(batches, at)) {
      try {
        baseOffsets[appended] = appendOne(batches, at);
      } catch (LogException e) {
        error = new PartitionError(e.code(), this + ": " + e.getMessage());
        if (e.code() == ErrorCode.STORAGE_ERROR) {
          fail(e);
        }
        break;
      } catch (ProducerStates.SequenceException e) {
        error = new PartitionError(e.code(), this + ": " + e.getMessage());
        break;
      }
      appended++;
    }
    long[] offsets =
        appended == baseOffsets.length ? baseOffsets : Arrays.copyOf(baseOffsets, appended);
    if (state != State.OPEN) {
      listener.onProduced(new ProduceResult(error, offsets, 0));
      return;
    }
    ProduceResult result = new ProduceResult(error, offsets, log.logStartOffset());
    advanceHighWatermark();
    if (acks != -1 || appended == 0 || log.logEndOffset() <= highWatermark) {
      listener.onProduced(result);
    } else {
      pendingAcks.add(
          new PendingAck(log.logEndOffset(), result, listener, clock.monotonicMs() + timeoutMs));
    }
  }

  private long appendOne(ByteBuf batches, int at) {
    int size = RecordBatch.sizeInBytes(batches, at);
    if (size > config.maxBatchBytes()) {
      throw new LogException(
          ErrorCode.BATCH_TOO_LARGE,
          "a batch of "
              + size
              + " bytes is larger than max.message.bytes="
              + config.maxBatchBytes());
    }
    long duplicateOf = producers.check(batches, at);
    if (duplicateOf != ProducerStates.NOT_A_DUPLICATE) {
      return duplicateOf;
    }
    long baseOffset = log.logEndOffset();
    RecordBatch.place(batches, at, baseOffset, leaderEpoch);
    log.append(batches, at, size);
    producers.onAppended(batches, at, clock.wallMs());
    return baseOffset;
  }

  private static int countBatches(ByteBuf batches, int index, int length) {
    int count = 0;
    for (int at = index; at < index + length; at += RecordBatch.sizeInBytes(batches, at)) {
      count++;
    }
    return count;
  }

  @Override
  public ByteBuf snapshot(long logEndOffset) {
    return producers == null ? null : producers.encode();
  }

  @Override
  public void onSynced(long syncedEndOffset) {
    if (state == State.OPEN) {
      advanceHighWatermark();
    }
  }

  private void advanceHighWatermark() {
    long next = config.flush() == LogConfig.Flush.ACK ? log.syncedEndOffset() : log.logEndOffset();
    if (next <= highWatermark) {
      return;
    }
    highWatermark = next;
    while (!pendingAcks.isEmpty() && pendingAcks.peek().endOffset() <= highWatermark) {
      PendingAck ready = pendingAcks.poll();
      ready.listener().onProduced(ready.result());
    }
    if (!readWaiters.isEmpty()) {
      wakeReaders();
    }
  }

  private void failPending(PartitionError error) {
    for (PendingAck pending = pendingAcks.poll(); pending != null; pending = pendingAcks.poll()) {
      pending.listener().onProduced(new ProduceResult(error, ProduceResult.NO_OFFSETS, 0));
    }
  }

  // ---- reading ----

  /** The end of what consumers may see, exclusive. The log must be open. */
  public long highWatermark() {
    return highWatermark;
  }

  /** The log, for reading. It must be open: see {@link #checkAccess}. */
  public PartitionLog log() {
    return log;
  }

  /** Whether the log is open, in other words somebody asked for it since the broker started. */
  public boolean isOpen() {
    return state == State.OPEN;
  }

  /**
   * Copies whole batches below the high watermark to a buffer; see {@link PartitionLog#read}.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, int maxBytes, ByteBuf out) {
    if (offset < log.logStartOffset() || offset > log.logEndOffset()) {
      return new PartitionError(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "offset "
              + offset
              + " is not in "
              + this
              + ", which has "
              + log.logStartOffset()
              + " to "
              + highWatermark);
    }
    if (offset >= highWatermark) {
      return null;
    }
    try {
      log.read(offset, highWatermark, maxBytes, out);
      return null;
    } catch (LogException e) {
      LOG.error("{} cannot be read at offset {}: {}", this, offset, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        fail(e);
      }
      return new PartitionError(e.code(), this + ": " + e.getMessage());
    }
  }

  /**
   * Roughly how many bytes stand from the offset to the high watermark; 0 only when there are none.
   */
  public long estimateBytesFrom(long offset) {
    if (offset < log.logStartOffset() || offset >= highWatermark) {
      return 0;
    }
    long records = log.logEndOffset() - log.logStartOffset();
    return 1 + (long) ((double) log.sizeInBytes() / records * (highWatermark - offset));
  }

  /**
   * Tells the listener once when there is something to read at the offset, or an error. Tells it at
   * once where that is so already.
   *
   * @return null when the listener was told at once
   */
  public ReadWaiter awaitReadable(long offset, ReadListener listener) {
    if (state != State.OPEN || !leading || offset < highWatermark) {
      listener.onReadable();
      return null;
    }
    ReadWaiter waiter = new ReadWaiter(offset, listener);
    readWaiters.add(waiter);
    return waiter;
  }

  /** Forgets a waiter that is no longer interested. */
  public void cancel(ReadWaiter waiter) {
    readWaiters.remove(waiter);
  }

  private void wakeReaders() {
    List<ReadWaiter> ready = null;
    for (Iterator<ReadWaiter> each = readWaiters.iterator(); each.hasNext(); ) {
      ReadWaiter waiter = each.next();
      if (waiter.offset < highWatermark) {
        if (ready == null) {
          ready = new ArrayList<>();
        }
        ready.add(waiter);
        each.remove();
      }
    }
    if (ready != null) {
      for (ReadWaiter waiter : ready) {
        waiter.listener.onReadable();
      }
    }
  }

  private void wakeAllReaders() {
    List<ReadWaiter> all = List.copyOf(readWaiters);
    readWaiters.clear();
    for (ReadWaiter waiter : all) {
      waiter.listener.onReadable();
    }
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
    }
    if (state == State.CLOSED && check) {
      lookAtClosedLog();
    }
    if (state != State.OPEN) {
      return;
    }
    expireAcks(nowMs);
    if (check) {
      producers.expire(clock.wallMs() - upkeep.producerIdExpirationMs());
      applyRetention();
    }
    if (state == State.OPEN) {
      summary =
          new LogSummary(
              true,
              log.logStartOffset(),
              log.logEndOffset(),
              log.sizeInBytes(),
              log.segmentCount(),
              LogSummary.NEVER);
    }
  }

  private void expireAcks(long nowMs) {
    while (!pendingAcks.isEmpty() && pendingAcks.peek().deadlineMs() <= nowMs) {
      PendingAck late = pendingAcks.poll();
      late.listener()
          .onProduced(
              new ProduceResult(
                  new PartitionError(
                      ErrorCode.REQUEST_TIMED_OUT,
                      this + ": not enough replicas confirmed in time"),
                  ProduceResult.NO_OFFSETS,
                  0));
    }
  }

  private void applyRetention() {
    try {
      log.applyRetention(clock.wallMs(), highWatermark);
    } catch (LogException e) {
      LOG.warn("{}: retention could not be applied: {}", this, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        fail(e);
      }
    }
  }

  /** Nobody has asked for the log; retention counts for it all the same. */
  private void lookAtClosedLog() {
    if (!lookAgain) {
      if (clock.wallMs() >= summary.expiresAtMs()) {
        checkAtMs = clock.monotonicMs();
        whenReady(() -> {});
      }
    } else if (!lookingAtLog) {
      lookingAtLog = true;
      LogConfig configBefore = config;
      store
          .summarise(id, configBefore)
          .whenComplete(
              (found, error) -> scheduler.execute(() -> onLookedAtLog(found, error, configBefore)));
    }
  }

  private void onLookedAtLog(LogSummary found, Throwable error, LogConfig configBefore) {
    lookingAtLog = false;
    if (error != null) {
      LOG.warn("{}: its closed log cannot be looked at: {}", this, error.toString());
    } else if (state == State.CLOSED && config.equals(configBefore)) {
      summary = found;
      lookAgain = false;
      if (clock.wallMs() >= found.expiresAtMs()) {
        lookAtClosedLog();
      }
    }
  }

  /**
   * What the log holds, as of the last tick or, while nobody has asked for it, of when it was
   * looked at; null before that. Thread-safe.
   */
  public LogSummary summary() {
    return summary;
  }
}
