package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogSummary;
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
 * One partition on this broker: what is appended to its data log and read from it, and the requests
 * that wait for either. {@link ReplicaState} decides what may be acknowledged, {@link LazyLog}
 * opens and closes the log, {@link Appender} appends. Confined to its scheduler, but for the final
 * fields' accessors and {@link #summary}.
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
  private final Replication replication;
  private final ReplicaState replica;
  private final ProducerStates producers = new ProducerStates();
  private final LeaderEpochs leaderEpochs = new LeaderEpochs();
  private final DerivedStates states;
  private final LazyLog data;
  private final Appender appender;
  private final FollowerAppender followerAppender;
  private final InSyncProposals inSyncProposals;
  private final PendingAcks pendingAcks;
  private final ReadWaiters readWaiters = new ReadWaiters();
  private final ReadWaiters followerWaiters = new ReadWaiters();

  private final PartitionServices services;
  private PartitionListener listener;
  private DeliveryLog delivery;

  private long publishedHighWatermark;
  private long checkAtMs;

  /**
   * @param config how the data log is kept
   * @param scheduler the thread that owns the partition
   */
  public Partition(
      String topic, LogId id, LogConfig config, Scheduler scheduler, PartitionServices services) {
    this.topic = topic;
    this.id = id;
    this.name = topic + "-" + id.partition();
    this.scheduler = scheduler;
    this.services = services;
    this.clock = services.clock();
    this.upkeep = services.upkeep();
    this.replication = services.replication();
    this.replica =
        new ReplicaState(
            services.brokerId(), acknowledgesSynced(config), replication.lagTimeMaxMs());
    this.states = new DerivedStates(derivedStates(services));
    this.data = new LazyLog(name, id, config, scheduler, services, states, new DataListener());
    this.appender = new Appender(data, states, producers, clock, new AppendsOwner());
    this.followerAppender =
        new FollowerAppender(data, states, leaderEpochs, clock, new FollowsOwner());
    this.inSyncProposals =
        new InSyncProposals(
            topic, id, replica, scheduler, clock, replication.inSync(), this::onInSyncDecided);
    this.pendingAcks = new PendingAcks(name, replica);
    // Thousands of partitions are not looked at in the same moment.
    this.checkAtMs =
        clock.monotonicMs() + Math.floorMod(id.hashCode(), upkeep.logCheckIntervalMs());
  }

  private List<DerivedState> derivedStates(PartitionServices services) {
    List<DerivedState> all = new ArrayList<>(List.of(producers, leaderEpochs));
    all.addAll(services.states().of(this));
    return all;
  }

  private static boolean acknowledgesSynced(LogConfig config) {
    return config.flush() == LogConfig.Flush.ACK;
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

  // ---- what is built on it ----

  /** Has a listener told from now on; there is one at most. */
  public void listen(PartitionListener told) {
    listener = told;
  }

  /**
   * The log that remembers what queues have delivered, which is opened when it is first needed. To
   * be called once.
   *
   * @param state what follows from it
   */
  public DeliveryLog deliveryLog(DerivedState state, DeliveryLog.Listener told) {
    if (delivery != null) {
      throw new IllegalStateException(this + " has a delivery log already");
    }
    delivery = new DeliveryLog(this, data.config(), services, state, told);
    return delivery;
  }

  // ---- leadership ----

  /** Takes over what the cluster's metadata says; older metadata than that known is ignored. */
  public void onMetadata(PartitionMetadata metadata) {
    if (data.isStopped()) {
      return;
    }
    boolean newEpoch = replica.onMetadata(metadata, clock.monotonicMs());
    if (replica.isRefusedLeader()) {
      LOG.error(
          "{} is to be led by this broker, which is not in its in-sync set {}: refused",
          this,
          metadata.inSync());
    }
    if (newEpoch) {
      endEpoch();
      beginEpoch();
      replication.followers().onRole(this);
    }
    if (!metadata.eligible().isEmpty()) {
      inSyncProposals.onTick(); // nothing is committed before they are out
    }
    publish();
    pendingAcks.settle(); // the in-sync set may have become too small
  }

  /**
   * Leads no more, because the broker is about to stop and other replicas can lead: what waits for
   * acknowledgement is answered at once. A partition without other replicas goes on.
   */
  public void resign() {
    if (leads() && replica.metadata().replicas().size() > 1) {
      onMetadata(replica.metadata().leaderless());
    }
  }

  /**
   * Every new epoch ends the pending acknowledgements of the old one, also when the leader stays.
   */
  private void endEpoch() {
    pendingAcks.settle();
    if (!leads()) {
      states.onResigned();
      if (listener != null) {
        listener.onResigned();
      }
    }
    appender.recheck();
    followerAppender.recheck();
    readWaiters.wakeAll();
    followerWaiters.wakeAll();
  }

  /** Where this broker leads now and the log is open, the states of the log are told. */
  private void beginEpoch() {
    if (listener != null && leads()) {
      listener.onLeading();
    }
    if (leads() && data.isOpen()) {
      states.onLeading(leaderEpoch(), data.opened().logEndOffset());
    }
  }

  /** -1 before any metadata came. */
  public int leaderEpoch() {
    return replica.leaderEpoch();
  }

  /** What this replica knows of the others and may acknowledge. */
  public ReplicaState replica() {
    return replica;
  }

  private boolean leads() {
    return replica.role() == ReplicaState.Role.LEADER;
  }

  /** Takes over changed settings. */
  public void reconfigure(LogConfig changed) {
    data.reconfigure(changed);
    replica.acknowledgeSynced(acknowledgesSynced(changed));
    if (data.isOpen()) {
      syncWhatIsAwaited();
      publish();
    }
  }

  // ---- opening and closing ----

  /**
   * Runs the action when the log is open or cannot be opened; at once where that is known. The
   * action finds an error through {@link #checkAccess}.
   */
  public void whenReady(Runnable action) {
    data.whenReady(action);
  }

  /**
   * Closes the log for good; pending requests get an error. May block while the log syncs.
   *
   * @param whenStopped runs when the log is closed
   */
  public void stop(Runnable whenStopped) {
    if (delivery == null) {
      data.stop(whenStopped);
    } else {
      delivery.stop(() -> data.stop(whenStopped));
    }
    replication.followers().onRole(this);
  }

  /** What becomes of the data log. */
  private final class DataListener implements LazyLog.Listener {
    @Override
    public void onOpened(PartitionLog opened) {
      replica.onLogOpened(
          opened.logStartOffset(),
          opened.logEndOffset(),
          opened.syncedEndOffset(),
          opened.checkpointedHighWatermark());
      publishedHighWatermark = replica.highWatermark();
      if (publishedHighWatermark > opened.checkpointedHighWatermark()) {
        opened.noteHighWatermark(publishedHighWatermark);
      }
      states.onCommitted(publishedHighWatermark);
      beginEpoch();
      syncWhatIsAwaited();
    }

    @Override
    public void onSynced() {
      noteProgress();
      if (replica.role() == ReplicaState.Role.FOLLOWER) {
        replication.followers().onSynced(Partition.this);
      }
    }

    @Override
    public void onAppendable() {
      appender.resume();
      followerAppender.resume();
    }

    @Override
    public void onOffline(PartitionError error) {
      replica.onLogOffline();
      pendingAcks.fail(error);
      appender.recheck();
      followerAppender.recheck();
      readWaiters.wakeAll();
      if (listener != null) {
        listener.onResigned();
      }
      followerWaiters.wakeAll();
    }

    @Override
    public void onExpired() {
      checkAtMs = clock.monotonicMs();
      data.whenReady(() -> {});
    }
  }

  /**
   * Records that a restart recovered, or that older settings left, are acknowledged once synced.
   */
  private void syncWhatIsAwaited() {
    PartitionLog opened = data.opened();
    if (acknowledgesSynced(data.config()) && opened.syncedEndOffset() < opened.logEndOffset()) {
      opened.sync();
    }
  }

  private void noteProgress() {
    PartitionLog opened = data.opened();
    replica.onLogProgress(opened.logEndOffset(), opened.syncedEndOffset(), clock.monotonicMs());
    followerWaiters.wake(opened.logEndOffset());
    publish();
  }

  /** Tells those that wait when the high watermark has moved. */
  private void publish() {
    long now = replica.highWatermark();
    if (now == publishedHighWatermark || !data.isOpen()) {
      return;
    }
    publishedHighWatermark = now;
    data.opened().noteHighWatermark(now);
    states.onCommitted(now);
    pendingAcks.settle();
    readWaiters.wake(now);
    if (listener != null) {
      listener.onCommitted(now);
    }
  }

  /**
   * Whether this broker can serve a request that names the given leader epoch.
   *
   * @param expectedEpoch {@link #ANY_EPOCH} when it is not checked
   * @return null when it can
   */
  public PartitionError checkAccess(int expectedEpoch) {
    if (!data.isOpen()) {
      return data.failure();
    }
    if (!leads()) {
      return new PartitionError(ErrorCode.NOT_LEADER, "this broker does not lead " + this);
    }
    if (expectedEpoch != ANY_EPOCH && expectedEpoch != leaderEpoch()) {
      ErrorCode code =
          expectedEpoch < leaderEpoch()
              ? ErrorCode.FENCED_LEADER_EPOCH
              : ErrorCode.UNKNOWN_LEADER_EPOCH;
      return new PartitionError(
          code,
          this + " has leader epoch " + leaderEpoch() + ", the request says " + expectedEpoch);
    }
    return null;
  }

  /**
   * Whether the log can be looked at, on any replica. Consumers go through {@link #checkAccess}.
   *
   * @return null when it can
   */
  public PartitionError checkOpen() {
    return data.isOpen() ? null : data.failure();
  }

  // ---- produce ----

  /**
   * Appends batches that stand back to back in a buffer and have been checked, in the order of the
   * calls. The caller keeps the buffer until the listener is told, and calls this from {@link
   * #whenReady}.
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
    appender.append(
        new PendingAppend(batches, index, length, acks, expectedEpoch, timeoutMs, listener));
  }

  /** What the partition is to its appender. */
  private final class AppendsOwner implements Appender.Owner {
    @Override
    public PartitionError refusal(PendingAppend append) {
      PartitionError denied = checkAccess(append.expectedEpoch);
      if (denied == null && append.acks == PendingAppend.ACKS_ALL && !replica.hasEnoughInSync()) {
        return new PartitionError(
            ErrorCode.NOT_ENOUGH_REPLICAS,
            Partition.this
                + " has "
                + replica.metadata().inSync().size()
                + " replicas in sync, min.insync.replicas asks for "
                + replica.metadata().minInSyncReplicas());
      }
      return denied != null || listener == null
          ? denied
          : listener.refusal(append.end() - append.next());
    }

    @Override
    public int leaderEpoch() {
      return replica.leaderEpoch();
    }

    @Override
    public void onAppended(PendingAppend append) {
      answer(append);
    }
  }

  private void answer(PendingAppend append) {
    if (!data.isOpen()) {
      answerOffline(append);
      return;
    }
    noteProgress();
    long logStartOffset = data.opened().logStartOffset();
    ProduceResult result = append.result(append.count(), logStartOffset);
    if (append.acks != PendingAppend.ACKS_ALL || append.endOffset() == 0) {
      append.listener.onProduced(result);
    } else {
      pendingAcks.add(
          append.epoch(),
          append.endOffset(),
          result,
          append.listener,
          clock.monotonicMs() + append.timeoutMs);
    }
  }

  /**
   * The log failed under the request, or while it waited. Only what had been committed before is
   * acknowledged: the log's end is not to be trusted any more, whatever {@code log.flush} says.
   */
  private void answerOffline(PendingAppend append) {
    int given = append.countBelow(replica.highWatermark());
    if (given < append.count()) {
      append.fail(
          new PartitionError(
              ErrorCode.OUTCOME_UNKNOWN,
              this + " failed before the records were acknowledged: " + data.failure().message()));
    }
    append.listener.onProduced(append.result(given, 0));
  }

  // ---- deleting ----

  /**
   * Forgets the records below an offset, as the leader; a no-op where they are gone already. Space
   * is freed segment by segment. Followers take the new log start over from their leader. The log
   * must be open: see {@link #checkAccess}.
   *
   * @param offset the first that stays; at most the high watermark
   * @return null when it worked
   */
  public PartitionError deleteRecordsBefore(long offset) {
    if (offset < 0 || offset > highWatermark()) {
      return new PartitionError(
          ErrorCode.OFFSET_OUT_OF_RANGE,
          "records of "
              + this
              + " can be deleted before an offset up to "
              + highWatermark()
              + ", not "
              + Long.toUnsignedString(offset));
    }
    try {
      PartitionLog opened = data.opened();
      if (offset > opened.logStartOffset()) {
        opened.advanceLogStartOffset(offset);
        replica.onLogStart(opened.logStartOffset());
        LOG.info("{}: records before offset {} were deleted by request", this, offset);
      }
      return null;
    } catch (LogException e) {
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        data.fail(e);
      }
      return PartitionError.of(toString(), e);
    }
  }

  // ---- reading ----

  /** The end of what consumers may see, exclusive. The log must be open. */
  public long highWatermark() {
    return replica.highWatermark();
  }

  /** The end of what can be read, exclusive. The log must be open. */
  long end(ReadEnd upTo) {
    return upTo == ReadEnd.LOG_END ? data.opened().logEndOffset() : replica.highWatermark();
  }

  /**
   * Whether the latest offset may be told: a new leader does not know it before its high watermark
   * has passed the log end at its election, so that it never moves back.
   *
   * @return null when it may
   */
  public PartitionError checkLatest() {
    return replica.isLatestKnown()
        ? null
        : new PartitionError(
            ErrorCode.LEADER_NOT_AVAILABLE,
            this + " has a new leader that does not know yet what is committed; ask again");
  }

  /** The log, for reading. It must be open: see {@link #checkAccess}. */
  public PartitionLog log() {
    return data.opened();
  }

  /** Whether the log is open, in other words a request has needed it since the broker started. */
  public boolean isOpen() {
    return data.isOpen();
  }

  /** Forgets records below an offset that is committed. The log must be open. */
  public void advanceLogStart(long offset) {
    PartitionLog opened = data.opened();
    opened.advanceLogStartOffset(Math.min(offset, highWatermark()));
    replica.onLogStart(opened.logStartOffset());
  }

  /**
   * Copies whole batches to a buffer; see {@link PartitionLog#read}.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, ReadEnd upTo, int maxBytes, ByteBuf out) {
    PartitionLog opened = data.opened();
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
        data.fail(e);
      }
      return PartitionError.of(toString(), e);
    }
  }

  /** Roughly how many bytes can be read from the offset on; 0 only when there are none. */
  public long estimateBytesFrom(long offset, ReadEnd upTo) {
    PartitionLog opened = data.opened();
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
    if (!data.isOpen() || !leads() || offset < end(upTo)) {
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
    PartitionLog opened = data.opened();
    LeaderEpochs.EpochEnd diverging =
        leaderEpochs.divergence(
            position.lastEpoch(), position.logEndOffset(), opened.logEndOffset());
    if (diverging == null
        && position.logEndOffset() >= opened.logStartOffset()
        && position.logEndOffset() <= opened.logEndOffset()
        && replica.onFollowerReport(
            follower, position.logEndOffset(), position.syncedEndOffset(), clock.monotonicMs())) {
      publish();
      inSyncProposals.onReport(follower);
    }
    return diverging;
  }

  private void onInSyncDecided() {
    publish();
    pendingAcks.settle();
  }

  // ---- following ----

  /** The broker to follow; {@link PartitionImage#NO_LEADER} when there is none. */
  public int followedLeader() {
    return replica.role() == ReplicaState.Role.FOLLOWER && !data.isStopped()
        ? replica.metadata().leader()
        : PartitionImage.NO_LEADER;
  }

  /** As a follower: where to go on. The log must be open: see {@link #whenReady}. */
  public FollowerPosition position() {
    PartitionLog opened = data.opened();
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
    PartitionLog opened = data.opened();
    replica.onLeaderHighWatermark(leaderHighWatermark);
    long start = Math.min(leaderLogStart, highWatermark());
    try {
      if (start > opened.logStartOffset()) {
        opened.advanceLogStartOffset(start);
        replica.onLogStart(start);
      }
    } catch (LogException e) {
      LOG.warn("{}: the leader's log start cannot be taken over: {}", this, e.getMessage());
    }
    publish();
  }

  private boolean isFollowing(int epoch) {
    return data.isOpen()
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
    long logEnd = data.opened().logEndOffset();
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
        data.opened().logStartOffset(),
        data.opened().logEndOffset(),
        leaderLogStart);
    data.resetTo(leaderLogStart);
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
        data.opened().logEndOffset(),
        offset);
    data.truncateTo(offset);
    onTruncated();
  }

  private void onTruncated() {
    PartitionLog cut = data.opened();
    replica.onLogTruncated(cut.logStartOffset(), cut.logEndOffset(), cut.syncedEndOffset());
    publishedHighWatermark = replica.highWatermark();
  }

  /** What the partition is to the appends of a follower. */
  private final class FollowsOwner implements FollowerAppender.Owner {
    @Override
    public int followedEpoch() {
      return replica.role() == ReplicaState.Role.FOLLOWER ? leaderEpoch() : -1;
    }

    @Override
    public void onAppended() {
      noteProgress();
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
      data.checkWhileClosed();
    }
    if (!data.isOpen()) {
      return;
    }
    pendingAcks.expire(nowMs);
    appender.expire(nowMs);
    inSyncProposals.onTick();
    if (check) {
      producers.expire(clock.wallMs() - upkeep.producerIdExpirationMs());
      applyRetention();
    }
    data.updateSummary();
    if (delivery != null) {
      delivery.onTick();
    }
    if (listener != null) {
      listener.onTick();
    }
  }

  private void applyRetention() {
    try {
      PartitionLog opened = data.opened();
      opened.applyRetention(clock.wallMs(), highWatermark());
      replica.onLogStart(opened.logStartOffset());
    } catch (LogException e) {
      LOG.warn("{}: retention could not be applied: {}", this, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        data.fail(e);
      }
    }
  }

  /**
   * What the log holds, as of the last tick or, while nobody has asked for it, of when it was
   * looked at; null before that. Thread-safe.
   */
  public LogSummary summary() {
    return data.summary();
  }
}
