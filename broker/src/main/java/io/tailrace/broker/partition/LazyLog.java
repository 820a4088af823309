package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.broker.partition.derived.LogReplay;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One log of a partition, with the states that are derived from it: opened by the first request
 * that needs it, so that a broker with thousands of idle partitions starts fast and stays small;
 * requests that come meanwhile wait in order. Confined to the partition's scheduler, but for {@link
 * #summary}.
 *
 * <pre>
 *   CLOSED --first request--> OPENING --opened--> OPEN --log failed--> FAILED
 *   OPENING --cannot be opened--> CLOSED, and refuses requests for a pause
 *   any --stop()--> STOPPED
 * </pre>
 *
 * <p>A log that failed while it was open stays offline until the process restarts: after an error
 * of the device it is not known what the device holds. One that could not be opened has taken no
 * records, and is opened again; the store itself refuses a log whose failure it remembers.
 */
final class LazyLog implements PartitionLog.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(LazyLog.class);

  /** How long after a log could not be opened a request makes it try again, milliseconds. */
  private static final long OPEN_PAUSE_MS = 1_000;

  private enum State {
    CLOSED,
    OPENING,
    OPEN,
    FAILED,
    STOPPED
  }

  /** Told what becomes of the log, on the partition's scheduler. */
  interface Listener {
    /** It is open, and none of the requests that waited for that has run yet. */
    void onOpened(PartitionLog opened);

    /** The states were worked out anew after a truncation, while the log could not be used. */
    void onReplayed();

    /** The open log's synced end offset may have moved. */
    void onSynced();

    /** The open log may take appends again that it refused while its files were prepared. */
    void onAppendable();

    /**
     * It has failed or is stopped.
     *
     * @param error what to tell those whose records were appended but not acknowledged
     */
    void onOffline(PartitionError error);

    /** Retention has something to remove from the log, which is still closed. */
    void onExpired();

    /** Some records cannot be read, be it that the log is not opened therefore. */
    void onDamaged();

    /** Whether the log may be cut where it is damaged, now. */
    boolean mayDiscardDamaged();
  }

  private final String partition;
  private final LogId id;
  private final Scheduler scheduler;
  private final LogStore store;
  private final Clock clock;
  private final Listener listener;
  private final ArrayDeque<Runnable> waitingForOpen = new ArrayDeque<>();

  private LogConfig config;
  private State state = State.CLOSED;
  private PartitionLog log;
  private final DerivedStates states;
  private PartitionError failure;
  private boolean runningWaiting;
  private boolean statesComplete;
  private long notOpenedAtMs;
  private Runnable stopped = () -> {};
  private boolean lookingAtLog;
  private boolean lookAgain = true;
  private volatile LogSummary summary;

  /**
   * @param partition its name, for messages
   */
  LazyLog(
      String partition,
      LogId id,
      LogConfig config,
      Scheduler scheduler,
      PartitionServices services,
      DerivedStates states,
      Listener listener) {
    this.partition = partition;
    this.id = id;
    this.config = config;
    this.scheduler = scheduler;
    this.store = services.store();
    this.clock = services.clock();
    this.states = states;
    this.listener = listener;
  }

  /** The partition's name. */
  @Override
  public String toString() {
    return partition;
  }

  LogConfig config() {
    return config;
  }

  boolean isOpen() {
    return state == State.OPEN;
  }

  boolean isStopped() {
    return state == State.STOPPED;
  }

  /** Whether it is out of use until the process restarts. */
  boolean hasFailed() {
    return state == State.FAILED;
  }

  /** The log itself. It must be open. */
  PartitionLog opened() {
    return log;
  }

  /** Why it cannot be used, to be asked within {@link #whenReady}; null when it is open. */
  PartitionError failure() {
    return failure;
  }

  /** Takes over changed settings. */
  void reconfigure(LogConfig changed) {
    config = changed;
    if (state == State.OPEN) {
      log.reconfigure(changed);
    } else {
      lookAgain = true; // the summary says when the log expires by the old settings
    }
  }

  // ---- opening and closing ----

  /**
   * Runs the action when the log is open or cannot be opened; at once where that is known. Actions
   * run in the order in which they came, also those that others bring while they run. The action
   * finds an error through {@link #failure}.
   */
  void whenReady(Runnable action) {
    if (state == State.CLOSED && mayOpen()) {
      open();
    }
    if (state == State.OPENING || runningWaiting) {
      waitingForOpen.add(action);
    } else {
      action.run();
    }
  }

  private boolean mayOpen() {
    return failure == null || clock.monotonicMs() - notOpenedAtMs >= OPEN_PAUSE_MS;
  }

  private void open() {
    state = State.OPENING;
    store
        .open(id, config, scheduler, this)
        .whenComplete(
            (opened, error) -> {
              if (error != null) {
                onNotOpened(error);
              } else {
                beginReplay(opened);
              }
            });
  }

  private void beginReplay(PartitionLog opened) {
    statesComplete = false;
    LogReplay replay;
    try {
      if (opened.damagedFrom() >= 0 && listener.mayDiscardDamaged()) {
        cutDamaged(opened);
      }
      replay = states.replay(opened, clock.wallMs());
    } catch (RuntimeException | Error e) {
      onReplayFailed(opened, e);
      return;
    }
    replay(opened, replay);
  }

  /** Requests wait for the end of a replay, so that every error must end it. */
  private void onReplayFailed(PartitionLog opened, Throwable e) {
    if (log == opened) {
      fail(e);
    } else {
      closeBroken(opened);
      onNotOpened(e);
    }
  }

  /** Turn by turn, so that the thread's other partitions and connections are served meanwhile. */
  private void replay(PartitionLog opened, LogReplay replay) {
    if (state == State.STOPPED) {
      opened.close();
      stopped.run();
      runWaiting();
      return;
    }
    if (state != State.OPENING) {
      return; // it failed during the replay
    }
    try {
      if (!replay.isDone()) {
        replay.step();
      }
      if (replay.isDone()) {
        opened.reconfigure(config); // it may have changed since the log was asked for
      }
    } catch (RuntimeException | Error e) {
      if (opened.damagedFrom() >= 0 && listener.mayDiscardDamaged()) {
        beginReplay(opened);
        return;
      }
      onReplayFailed(opened, e);
      if (causeOf(e).code() == ErrorCode.CORRUPT_LOG) {
        listener.onDamaged();
      }
      return;
    }
    if (!replay.isDone()) {
      scheduler.execute(() -> replay(opened, replay));
      return;
    }
    statesComplete = true;
    boolean first = log != opened;
    log = opened;
    failure = null;
    state = State.OPEN;
    if (first) {
      listener.onOpened(opened);
    } else {
      listener.onReplayed();
    }
    runWaiting();
  }

  /**
   * Forgets everything in the open log from the offset on, and what follows from it. Requests wait
   * while the states have to be worked out anew; see {@link #whenReady}.
   */
  void truncateTo(long offset) {
    long end;
    try {
      end = log.truncateTo(offset);
    } catch (LogException e) {
      fail(e);
      throw e;
    }
    if (!states.truncate(end)) {
      state = State.OPENING;
      beginReplay(log);
    }
  }

  private void cutDamaged(PartitionLog damaged) {
    long before = damaged.logEndOffset();
    long end = damaged.discardDamaged();
    LOG.warn(
        "{}: records are damaged here; what was {} to {} is discarded, and fetched again from"
            + " another replica",
        partition,
        end,
        before);
    states.truncate(end);
  }

  /**
   * Forgets everything in the open log from the first damaged segment on. Requests wait while the
   * states are worked out anew; see {@link #whenReady}.
   */
  void discardDamaged() {
    try {
      cutDamaged(log);
    } catch (LogException e) {
      fail(e);
      throw e;
    }
    state = State.OPENING;
    beginReplay(log);
  }

  /** Forgets everything in the open log, which begins again at the offset. */
  void resetTo(long offset) {
    try {
      log.resetTo(offset);
    } catch (LogException e) {
      fail(e);
      throw e;
    }
    states.truncate(0);
    state = State.OPENING;
    beginReplay(log);
  }

  private void onNotOpened(Throwable error) {
    if (state == State.STOPPED) {
      stopped.run();
    } else {
      LogException cause = causeOf(error);
      LOG.error("{} cannot be opened: {}", partition, cause.getMessage(), cause);
      state = State.CLOSED;
      notOpenedAtMs = clock.monotonicMs();
      failure =
          new PartitionError(cause.code(), partition + " cannot be opened: " + cause.getMessage());
      listener.onOffline(failure);
    }
    runWaiting();
  }

  private void runWaiting() {
    if (runningWaiting) {
      return; // the caller is an action; the loop that runs it goes on with the others
    }
    Throwable problem = null;
    runningWaiting = true;
    while (!waitingForOpen.isEmpty() && state != State.OPENING) {
      try {
        waitingForOpen.poll().run();
      } catch (RuntimeException | Error e) {
        LOG.error("{}: a request that waited for the log failed", partition, e);
        problem = e;
      }
    }
    runningWaiting = false;
    if (problem instanceof Error error) {
      throw error;
    }
  }

  private static LogException causeOf(Throwable error) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof LogException known) {
        return known;
      }
    }
    return new LogException(ErrorCode.STORAGE_ERROR, error.toString(), error);
  }

  /**
   * Closes the log for good. May block while it syncs.
   *
   * @param whenStopped runs when the log is closed
   */
  void stop(Runnable whenStopped) {
    State before = state;
    state = State.STOPPED;
    failure = new PartitionError(ErrorCode.SHUTTING_DOWN, partition + " is closed on this broker");
    listener.onOffline(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN,
            partition + " was closed before the records were acknowledged"));
    if (before == State.OPENING) {
      stopped = whenStopped;
      return;
    }
    if (before == State.OPEN) {
      log.close();
      states.onStopped();
    }
    whenStopped.run();
  }

  @Override
  public void onFailure(LogException problem) {
    fail(problem);
  }

  @Override
  public void onAppendable() {
    if (state == State.OPEN) {
      listener.onAppendable();
    }
  }

  /** Takes the open log out of use after an error, until the process restarts. */
  void fail(Throwable error) {
    if (state != State.OPEN && (state != State.OPENING || log == null)) {
      return;
    }
    LogException cause = causeOf(error);
    LOG.error(
        "{} goes offline on this broker until it is restarted: {}",
        partition,
        cause.getMessage(),
        cause);
    state = State.FAILED;
    failure =
        new PartitionError(
            cause.code(),
            partition
                + " is offline until the broker is restarted; mend the disk first: "
                + cause.getMessage());
    listener.onOffline(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN,
            partition + " failed before the records were acknowledged: " + cause.getMessage()));
    states.onStopped();
    closeBroken(log);
    runWaiting();
  }

  private void closeBroken(PartitionLog broken) {
    try {
      broken.close();
    } catch (RuntimeException e) {
      LOG.warn("{}: its failed log could not be closed cleanly: {}", partition, e.toString());
    }
  }

  @Override
  public void onSynced(long syncedEndOffset) {
    if (state == State.OPEN) {
      listener.onSynced();
    }
  }

  @Override
  public ByteBuf snapshot(long logEndOffset) {
    return statesComplete ? states.snapshot() : null;
  }

  // ---- what it holds ----

  /** While nobody has asked for the log: finds out when retention has something to remove. */
  void checkWhileClosed() {
    if (state != State.CLOSED) {
      return;
    }
    if (!lookAgain) {
      if (clock.wallMs() >= summary.expiresAtMs()) {
        listener.onExpired();
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
      LOG.warn("{}: its closed log cannot be looked at: {}", partition, error.toString());
    } else if (state == State.CLOSED && config.equals(configBefore)) {
      summary = found;
      lookAgain = false;
      if (clock.wallMs() >= found.expiresAtMs()) {
        listener.onExpired();
      }
    }
  }

  /** Takes in what the log holds now, if it is open. */
  void updateSummary() {
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

  /**
   * What the log holds, as of the last update or, while nobody has asked for it, of when it was
   * looked at; null before that. Thread-safe.
   */
  LogSummary summary() {
    return summary;
  }
}
