package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the logs of a partition with all that replicates it: what can be read and is waited for,
 * what followers report as they fetch, and, as a follower, what is appended and cut. {@link
 * ReplicaState} says what is committed. Confined to the partition's scheduler.
 */
public final class ReplicatedLog {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicatedLog.class);

  /** The partition, as one of its logs needs it. */
  interface Owner {

    /** Whether requests of this leader epoch are served; null when they are. */
    PartitionError checkAccess(int expectedEpoch);

    /** The log is open, and none of the requests that waited for that has run yet. */
    void onOpened();

    /** More of the log is synced while this broker follows. */
    void onFollowerSynced();

    /** The log may take appends again. */
    void onAppendable();

    /**
     * The log has failed or is stopped.
     *
     * @param error what to tell those whose records were appended but not acknowledged
     */
    void onOffline(PartitionError error);

    /** Retention has something to remove from the log, which is still closed. */
    void onExpired();

    /** Everything below the offset is committed now. */
    void onCommitted(long highWatermark);

    /** As the leader: the follower's report counts. */
    void onReport(InSyncReplica follower);

    /** Some records of the log cannot be read. */
    void onDamaged();

    /** Whether they will be replaced by those of another replica, as far as is known. */
    boolean expectsRepair();

    /** Whether the log may be cut where it is damaged, now. */
    boolean mayDiscardDamaged(ReplicatedLog log);
  }

  private static final int NEVER_REPORTED = -1;

  private final Scheduler scheduler;
  private final Clock clock;
  private final Owner owner;
  private final ReplicaState replica;
  private final LeaderEpochs leaderEpochs = new LeaderEpochs();
  private final DerivedStates states;
  private final LazyLog log;
  private final FollowerAppender followerAppender;
  private final ReadWaiters readWaiters = new ReadWaiters();
  private final ReadWaiters followerWaiters = new ReadWaiters();

  private long publishedHighWatermark;
  private boolean damaged;

  /** The last leader epoch in which a leader was told how far this log reaches. */
  private int reportedInEpoch = NEVER_REPORTED;

  /**
   * @param name for messages
   * @param further the states that are derived from the log besides its leader epochs
   */
  ReplicatedLog(
      String name,
      LogId id,
      LogConfig config,
      Scheduler scheduler,
      PartitionServices services,
      List<DerivedState> further,
      Owner owner) {
    this.scheduler = scheduler;
    this.clock = services.clock();
    this.owner = owner;
    this.replica =
        new ReplicaState(
            services.brokerId(), acknowledgesSynced(config), services.replication().lagTimeMaxMs());
    List<DerivedState> all = new ArrayList<>(further);
    all.add(leaderEpochs);
    this.states = new DerivedStates(all);
    this.log = new LazyLog(name, id, config, scheduler, services, states, new Events());
    this.followerAppender =
        new FollowerAppender(log, states, leaderEpochs, clock, new FollowsOwner());
  }

  private static boolean acknowledgesSynced(LogConfig config) {
    return config.flush() == LogConfig.Flush.ACK;
  }

  /** The thread that everything else must be called on. */
  public Scheduler scheduler() {
    return scheduler;
  }

  /** What this replica knows of the others' logs and may acknowledge. */
  public ReplicaState replica() {
    return replica;
  }

  LazyLog lazy() {
    return log;
  }

  DerivedStates states() {
    return states;
  }

  @Override
  public String toString() {
    return log.toString();
  }

  // ---- leadership ----

  /** As {@link ReplicaState#onMetadata}; {@link #endEpoch} and the like are to follow. */
  boolean onMetadata(PartitionMetadata metadata) {
    return replica.onMetadata(metadata, clock.monotonicMs());
  }

  /** Ends what belongs to the epoch before, for followers and readers. */
  void endEpoch() {
    if (!leads()) {
      states.onResigned();
    }
    followerAppender.recheck();
    readWaiters.wakeAll();
    followerWaiters.wakeAll();
  }

  /** Tells the states of the log where this broker leads, if the log is open. */
  void beginEpoch() {
    if (leads() && log.isOpen()) {
      states.onLeading(replica.leaderEpoch(), log.opened().logEndOffset());
    }
  }

  private boolean leads() {
    return replica.role() == ReplicaState.Role.LEADER;
  }

  // ---- opening and closing ----

  /**
   * Runs the action when the log is open or cannot be opened; at once where that is known. The
   * action finds an error through {@link #checkOpen}.
   */
  public void whenReady(Runnable action) {
    log.whenReady(action);
  }

  /** Whether the log is open, in other words a request has needed it since the broker started. */
  public boolean isOpen() {
    return log.isOpen();
  }

  /**
   * Whether the log can be looked at, on any replica. Reads go through {@link #checkAccess}.
   *
   * @return null when it can
   */
  public PartitionError checkOpen() {
    return log.isOpen() ? null : log.failure();
  }

  /**
   * Whether this broker can serve a request that names the given leader epoch.
   *
   * @param expectedEpoch {@link Partition#ANY_EPOCH} when it is not checked
   * @return null when it can
   */
  public PartitionError checkAccess(int expectedEpoch) {
    return owner.checkAccess(expectedEpoch);
  }

  /** Takes over changed settings. */
  void reconfigure(LogConfig changed) {
    log.reconfigure(changed);
    replica.acknowledgeSynced(acknowledgesSynced(changed));
    if (log.isOpen()) {
      syncWhatIsAwaited();
      publish();
    }
  }

  /** What becomes of the log. */
  private final class Events implements LazyLog.Listener {
    @Override
    public void onOpened(PartitionLog opened) {
      replica.onLogOpened(
          opened.logStartOffset(),
          opened.logEndOffset(),
          opened.syncedEndOffset(),
          opened.checkpointedHighWatermark());
      publishedHighWatermark = replica.highWatermark();
      damaged = opened.damagedFrom() >= 0;
      if (publishedHighWatermark > opened.checkpointedHighWatermark()) {
        opened.noteHighWatermark(publishedHighWatermark);
      }
      states.onCommitted(publishedHighWatermark);
      owner.onOpened();
      syncWhatIsAwaited();
      tellDamaged();
    }

    @Override
    public void onReplayed() {
      beginEpoch(); // it may have begun meanwhile
      noteProgress();
      damaged = log.opened().damagedFrom() >= 0;
      tellDamaged();
    }

    private void tellDamaged() {
      if (damaged) {
        owner.onDamaged();
      }
    }

    @Override
    public void onSynced() {
      noteProgress();
      if (replica.role() == ReplicaState.Role.FOLLOWER) {
        owner.onFollowerSynced();
      }
    }

    @Override
    public void onAppendable() {
      owner.onAppendable();
      followerAppender.resume();
    }

    @Override
    public void onOffline(PartitionError error) {
      replica.onLogOffline();
      owner.onOffline(error);
      followerAppender.recheck();
      readWaiters.wakeAll();
      followerWaiters.wakeAll();
    }

    @Override
    public void onExpired() {
      owner.onExpired();
    }

    @Override
    public void onDamaged() {
      damaged = true;
      owner.onDamaged();
    }

    @Override
    public boolean mayDiscardDamaged() {
      return owner.mayDiscardDamaged(ReplicatedLog.this);
    }
  }

  // ---- damage ----

  /** Whether records are known that cannot be read, and have not been discarded. */
  boolean isDamaged() {
    return damaged;
  }

  /** Whether the log is out of use until the process restarts. */
  boolean hasFailed() {
    return log.hasFailed();
  }

  /** Whether a leader was told in this epoch how far the log reaches. */
  boolean wasReportedIn(int epoch) {
    return reportedInEpoch == epoch;
  }

  /** Discards what is damaged, now or when the log is opened. */
  void discardDamaged() {
    if (log.isOpen()) {
      damaged = false;
      log.discardDamaged();
      onTruncated();
    } else {
      log.whenReady(() -> {});
    }
  }

  /** Whether damaged records will be replaced by those of another replica, as far as is known. */
  boolean expectsRepair() {
    return owner.expectsRepair();
  }

  /**
   * A read on another thread has met records that cannot be read: they are looked at here. Does
   * nothing if the log is not open, or is cut meanwhile.
   */
  void recheck(long offset) {
    if (log.isOpen()
        && offset >= log.opened().logStartOffset()
        && offset < log.opened().logEndOffset()) {
      ByteBuf one = ByteBufAllocator.DEFAULT.buffer();
      try {
        read(offset, ReadEnd.LOG_END, 1, one);
      } finally {
        one.release();
      }
    }
  }

  /**
   * What to answer to a read that met damaged records.
   *
   * @param repairIsExpected as {@link #expectsRepair} says
   */
  static PartitionError damageError(String name, LogException e, boolean repairIsExpected) {
    return repairIsExpected
        ? new PartitionError(
            ErrorCode.LEADER_NOT_AVAILABLE,
            name
                + ": records are damaged on this broker, and another replica takes over: "
                + e.getMessage())
        : PartitionError.of(name, e);
  }

  /**
   * Records that a restart recovered, or that older settings left, are acknowledged once synced.
   */
  private void syncWhatIsAwaited() {
    PartitionLog opened = log.opened();
    if (acknowledgesSynced(log.config()) && opened.syncedEndOffset() < opened.logEndOffset()) {
      opened.sync();
    }
  }

  /** Takes in that the log has grown or that more of it is synced. */
  void noteProgress() {
    PartitionLog opened = log.opened();
    replica.onLogProgress(opened.logEndOffset(), opened.syncedEndOffset(), clock.monotonicMs());
    followerWaiters.wake(opened.logEndOffset());
    publish();
  }

  /** Tells those that wait when the high watermark has moved. */
  void publish() {
    long now = replica.highWatermark();
    if (now == publishedHighWatermark || !log.isOpen()) {
      return;
    }
    publishedHighWatermark = now;
    log.opened().noteHighWatermark(now);
    states.onCommitted(now);
    owner.onCommitted(now);
    readWaiters.wake(now);
    followerWaiters.tellHighWatermark();
  }

  // ---- reading ----

  /** The end of what is committed, exclusive. The log must be open. */
  public long highWatermark() {
    return replica.highWatermark();
  }

  /** The end of what can be read, exclusive. The log must be open. */
  long end(ReadEnd upTo) {
    return upTo == ReadEnd.LOG_END ? log.opened().logEndOffset() : replica.highWatermark();
  }

  /** The log, for reading. It must be open. */
  public PartitionLog log() {
    return log.opened();
  }

  /**
   * Copies whole batches to a buffer; see {@link PartitionLog#read}.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, ReadEnd upTo, int maxBytes, ByteBuf out) {
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
              + highWatermark());
    }
    if (offset >= end(upTo)) {
      return null;
    }
    try {
      opened.read(offset, end(upTo), maxBytes, out);
      return null;
    } catch (LogException e) {
      LOG.error("{} cannot be read at offset {}: {}", this, offset, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      } else if (e.code() == ErrorCode.CORRUPT_LOG) {
        damaged = true;
        owner.onDamaged();
        return damageError(toString(), e, owner.expectsRepair());
      }
      return PartitionError.of(toString(), e);
    }
  }

  /** Roughly how many bytes can be read from the offset on; 0 only when there are none. */
  public long estimateBytesFrom(long offset, ReadEnd upTo) {
    PartitionLog opened = log.opened();
    if (offset < opened.logStartOffset() || offset >= end(upTo)) {
      return 0;
    }
    long records = opened.logEndOffset() - opened.logStartOffset();
    return 1 + (long) ((double) opened.sizeInBytes() / records * (end(upTo) - offset));
  }

  /**
   * Tells the listener once when there is something to read at the offset, or an error. Tells it at
   * once where that is so already.
   *
   * @return null when the listener was told at once
   */
  public ReadWaiter awaitReadable(long offset, ReadEnd upTo, ReadListener listener) {
    if (!log.isOpen() || !leads() || offset < end(upTo)) {
      listener.onReadable();
      return null;
    }
    ReadWaiters waiters = upTo == ReadEnd.LOG_END ? followerWaiters : readWaiters;
    return waiters.add(offset, listener);
  }

  /** Forgets a waiter that is no longer interested. */
  public void cancel(ReadWaiter waiter) {
    readWaiters.cancel(waiter);
    followerWaiters.cancel(waiter);
  }

  // ---- leading ----

  /**
   * As the leader: a follower fetches from the end of its log. Counts for the high watermark and
   * the in-sync set if that log is a prefix of this one. To be called where {@link #checkAccess}
   * finds no error, with the leader epoch that the follower knows.
   *
   * @param follower under the registration with which it fetches, which must be its newest
   * @return where the follower's last epoch ends here, if the follower has to truncate; null when
   *     its log is a prefix of this one, or its end is out of this log's range
   */
  public LeaderEpochs.EpochEnd onFollowerFetch(InSyncReplica follower, FollowerPosition position) {
    PartitionLog opened = log.opened();
    LeaderEpochs.EpochEnd diverging =
        leaderEpochs.divergence(
            position.lastEpoch(), position.logEndOffset(), opened.logEndOffset());
    if (diverging == null
        && position.logEndOffset() >= opened.logStartOffset()
        && position.logEndOffset() <= opened.logEndOffset()
        && replica.onFollowerReport(
            follower, position.logEndOffset(), position.syncedEndOffset(), clock.monotonicMs())) {
      publish();
      owner.onReport(follower);
    }
    return diverging;
  }

  /**
   * As the leader: where an epoch ends, up to the log's end. To be called where {@link
   * #checkAccess} finds no error.
   *
   * @return null when the epoch is above all that are known here
   */
  public LeaderEpochs.EpochEnd endOfEpoch(int epoch) {
    return leaderEpochs.endOffsetFor(epoch, log.opened().logEndOffset());
  }

  // ---- following ----

  /** The broker to follow; {@link PartitionImage#NO_LEADER} when there is none. */
  int followedLeader() {
    return replica.role() == ReplicaState.Role.FOLLOWER && !log.isStopped()
        ? replica.metadata().leader()
        : PartitionImage.NO_LEADER;
  }

  /** The leader epoch of this replica; -1 before any metadata came. */
  public int leaderEpoch() {
    return replica.leaderEpoch();
  }

  /**
   * As a follower: where to go on, which the leader is told. The log must be open: see {@link
   * #whenReady}.
   */
  public FollowerPosition position() {
    PartitionLog opened = log.opened();
    reportedInEpoch = leaderEpoch();
    return new FollowerPosition(
        opened.logEndOffset(),
        leaderEpochs.lastBatchEpoch(opened.logEndOffset()),
        opened.syncedEndOffset());
  }

  /**
   * As a follower: appends what the leader sent, as it is. Refused in another epoch than that in
   * which it was asked for.
   *
   * @param batches whole batches; taken over
   * @param done told once, with null when all were appended
   */
  public void appendFetched(int epoch, ByteBuf batches, Consumer<PartitionError> done) {
    followerAppender.append(new FetchedBatches(epoch, batches, done));
  }

  /**
   * As a follower: takes over where the leader's log begins and is committed, as far as it concerns
   * what is in this log.
   *
   * @param epoch in which the leader said so; ignored in another one
   */
  public void onLeaderProgress(int epoch, long leaderHighWatermark, long leaderLogStart) {
    if (!isFollowing(epoch)) {
      return;
    }
    PartitionLog opened = log.opened();
    replica.onLeaderHighWatermark(leaderHighWatermark);
    long start = Math.min(leaderLogStart, highWatermark());
    if (start > opened.logStartOffset()) {
      advanceLogStart(start);
    }
    publish();
  }

  private void advanceLogStart(long offset) {
    try {
      log.opened().advanceLogStartOffset(offset);
      replica.onLogStart(offset);
    } catch (LogException e) {
      LOG.warn("{}: the leader's log start cannot be taken over: {}", this, e.getMessage());
    }
  }

  private boolean isFollowing(int epoch) {
    return log.isOpen()
        && replica.role() == ReplicaState.Role.FOLLOWER
        && leaderEpoch() == epoch
        && !followerAppender.isWaiting();
  }

  /**
   * As a follower whose log is not a prefix of the leader's: forgets what the leader's log cannot
   * have, given the end of an epoch there. More rounds may follow.
   *
   * @param epoch in which the leader said so; ignored in another one
   * @param leaders the largest epoch of the leader's log that is not above the last one here
   */
  public void truncateToEpoch(int epoch, LeaderEpochs.EpochEnd leaders) {
    if (!isFollowing(epoch)) {
      return;
    }
    long logEnd = log.opened().logEndOffset();
    long own = leaderEpochs.endOfEpochsUpTo(leaders.epoch(), logEnd);
    truncateTo(Math.min(own, leaders.endOffset()));
  }

  /**
   * As a follower whose log the leader's has nothing in common with: begins again where the
   * leader's begins.
   *
   * @param epoch in which the leader said so; ignored in another one
   */
  public void restartAt(int epoch, long leaderLogStart) {
    if (!isFollowing(epoch)) {
      return;
    }
    LOG.warn(
        "{}: the log of {} to {} is out of the leader's range; begins again at {}",
        this,
        log.opened().logStartOffset(),
        log.opened().logEndOffset(),
        leaderLogStart);
    log.resetTo(leaderLogStart);
    onTruncated();
  }

  /**
   * As a follower: forgets everything from the offset on, and what follows from it. The log must be
   * open. Requests wait while the states of the log are worked out anew; see {@link #whenReady}.
   */
  public void truncateTo(long offset) {
    LOG.info(
        "{}: truncates its log, which ends at {}, to {}",
        this,
        log.opened().logEndOffset(),
        offset);
    log.truncateTo(offset);
    onTruncated();
  }

  private void onTruncated() {
    PartitionLog cut = log.opened();
    replica.onLogTruncated(cut.logStartOffset(), cut.logEndOffset(), cut.syncedEndOffset());
    publishedHighWatermark = replica.highWatermark();
  }

  /** What the log is to the appends of a follower. */
  private final class FollowsOwner implements FollowerAppender.Owner {
    @Override
    public int followedEpoch() {
      return replica.role() == ReplicaState.Role.FOLLOWER ? leaderEpoch() : -1;
    }

    @Override
    public void beginAgainAt(long offset) {
      log.resetTo(offset);
      onTruncated();
    }

    @Override
    public void onAppended(long logStart) {
      noteProgress();
      if (logStart > log.opened().logStartOffset()) {
        advanceLogStart(logStart);
      }
    }
  }
}
