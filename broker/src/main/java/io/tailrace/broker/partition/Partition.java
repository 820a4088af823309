package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.LogSummary;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DelayedBatches;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.LogEndReport;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.List;
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
  private final ProducerStates producers;
  private final DelayedBatches delayedBatches = new DelayedBatches();
  private final ReplicatedLog replicated;
  private final ReplicaState replica;
  private final LazyLog data;
  private final Appender appender;
  private final InSyncProposals inSyncProposals;
  private final PendingAcks pendingAcks;
  private final DamageRepair repair;

  private final PartitionServices services;
  private PartitionListener listener;
  private volatile DeliveryLog delivery;

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
    this.producers = new ProducerStates(upkeep.keptProducers());
    this.replication = services.replication();
    this.replicated =
        new ReplicatedLog(
            name, id, config, scheduler, services, derivedStates(services), new DataOwner());
    this.replica = replicated.replica();
    this.data = replicated.lazy();
    this.appender = new Appender(data, replicated.states(), producers, clock, new AppendsOwner());
    this.inSyncProposals =
        new InSyncProposals(
            topic, id, replica, scheduler, clock, replication.inSync(), this::onInSyncDecided);
    this.pendingAcks = new PendingAcks(name, replica);
    this.repair = new DamageRepair(this, replication.departures(), clock, this::logs);
    // Thousands of partitions are not looked at in the same moment.
    this.checkAtMs =
        clock.monotonicMs() + Math.floorMod(id.hashCode(), upkeep.logCheckIntervalMs());
  }

  private List<DerivedState> derivedStates(PartitionServices services) {
    List<DerivedState> all = new ArrayList<>(List.of(producers, delayedBatches));
    all.addAll(services.states().of(this));
    return all;
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

  /** The data log, as followers and readers see it. Thread-safe. */
  public ReplicatedLog replicated() {
    return replicated;
  }

  /** The delivery log likewise; null while there is none here. Thread-safe. */
  public ReplicatedLog delivery() {
    DeliveryLog made = delivery;
    return made == null ? null : made.replicated();
  }

  // ---- what is built on it ----

  private List<ReplicatedLog> logs() {
    ReplicatedLog second = delivery();
    return second == null ? List.of(replicated) : List.of(replicated, second);
  }

  /** Replaces damaged records of this replica. */
  DamageRepair repair() {
    return repair;
  }

  /** This broker. */
  int brokerId() {
    return services.brokerId();
  }

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
    DeliveryLog made = new DeliveryLog(this, data.config(), services, state, told);
    delivery = made;
    if (data.isStopped()) {
      made.stop(() -> {});
      return made;
    }
    made.onMade(replica);
    replication.followers().onRole(this);
    return made;
  }

  /** Where there are records in the data log that queues have to hold back. */
  public DelayedBatches delayedBatches() {
    return delayedBatches;
  }

  /** Another replica has a delivery log: makes one here too, if there is none. */
  public void needDeliveryLog() {
    if (delivery == null && !data.isStopped()) {
      replication.deliveryLogs().onNeeded(this);
    }
  }

  // ---- leadership ----

  /** Takes over what the cluster's metadata says; older metadata than that known is ignored. */
  public void onMetadata(PartitionMetadata metadata) {
    if (data.isStopped()) {
      return;
    }
    boolean newEpoch = replicated.onMetadata(metadata);
    if (delivery != null) {
      delivery.replicated().onMetadata(metadata);
    }
    if (replica.isRefusedLeader()) {
      LOG.error(
          "{} is to be led by this broker, which is not in its in-sync set {}: refused",
          this,
          metadata.inSync());
    }
    if (newEpoch) {
      endEpoch();
      repair.proceed(); // before the new leader is told what this replica holds
      beginEpoch();
      replication.followers().onRole(this);
    }
    repair.proceed();
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
    if (!leads() && listener != null) {
      listener.onResigned();
    }
    appender.recheck();
    replicated.endEpoch();
    if (delivery != null) {
      delivery.replicated().endEpoch();
    }
  }

  private void beginEpoch() {
    if (listener != null && leads()) {
      listener.onLeading();
    }
    replicated.beginEpoch();
    if (delivery != null) {
      delivery.replicated().beginEpoch();
    }
  }

  /**
   * Tells the cluster where the data log ends, as soon as it is open: nobody leads, and every
   * replica that could may lack records. The log does not change before there is a leader.
   *
   * @param brokerEpoch of the registration under which this broker was asked
   */
  public void reportLogEnd(int brokerEpoch) {
    int epoch = leaderEpoch();
    whenReady(
        () -> {
          if (data.isOpen() && replica.role() == ReplicaState.Role.NONE && leaderEpoch() == epoch) {
            FollowerPosition position = replicated.position();
            LogEndReport report =
                new LogEndReport(
                    topic,
                    id.topicId(),
                    id.partition(),
                    epoch,
                    brokerEpoch,
                    position.lastEpoch(),
                    position.logEndOffset());
            LOG.info("{}: nobody leads; the log here ends at {}", this, position);
            replication.logEnds().accept(report);
          }
        });
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
    replicated.reconfigure(changed);
    if (delivery != null) {
      delivery.reconfigure(changed);
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

  /** What the partition is to its data log. */
  private final class DataOwner implements ReplicatedLog.Owner {
    @Override
    public PartitionError checkAccess(int expectedEpoch) {
      return Partition.this.checkAccess(expectedEpoch);
    }

    @Override
    public void onOpened() {
      beginEpoch();
    }

    @Override
    public void onFollowerSynced() {
      replication.followers().onSynced(Partition.this);
    }

    @Override
    public void onAppendable() {
      appender.resume();
    }

    @Override
    public void onOffline(PartitionError error) {
      pendingAcks.fail(error);
      appender.recheck();
      if (listener != null) {
        listener.onResigned();
      }
      repair.proceed(); // another replica is to lead
    }

    @Override
    public void onExpired() {
      checkAtMs = clock.monotonicMs();
      data.whenReady(() -> {});
    }

    @Override
    public void onCommitted(long highWatermark) {
      pendingAcks.settle();
      if (listener != null) {
        listener.onCommitted(highWatermark);
      }
    }

    @Override
    public void onReport(InSyncReplica follower) {
      Partition.this.onReport(follower);
    }

    @Override
    public void onDamaged() {
      repair.proceed();
    }

    @Override
    public boolean expectsRepair() {
      return repair.isExpected();
    }

    @Override
    public boolean mayDiscardDamaged(ReplicatedLog log) {
      return repair.mayDiscard(log);
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
    replicated.noteProgress();
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
   * Copies whole batches of the data log to a buffer; see {@link PartitionLog#read}.
   *
   * @return null when it worked, with or without bytes
   */
  public PartitionError read(long offset, ReadEnd upTo, int maxBytes, ByteBuf out) {
    return replicated.read(offset, upTo, maxBytes, out);
  }

  /** As {@link ReplicatedLog#awaitReadable} of the data log. */
  public ReadWaiter awaitReadable(long offset, ReadEnd upTo, ReadListener listener) {
    return replicated.awaitReadable(offset, upTo, listener);
  }

  /** Forgets a waiter that is no longer interested. */
  public void cancel(ReadWaiter waiter) {
    replicated.cancel(waiter);
  }

  private void publish() {
    replicated.publish();
    if (delivery != null) {
      delivery.replicated().publish();
    }
  }

  /** As the leader: what a follower holds of one of the logs has changed. */
  void onReport(InSyncReplica follower) {
    inSyncProposals.onReport(follower);
  }

  private void onInSyncDecided() {
    publish();
    pendingAcks.settle();
  }

  /** The broker to follow; {@link PartitionImage#NO_LEADER} when there is none. */
  public int followedLeader() {
    return replicated.followedLeader();
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
    repair.proceed();
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
      delayedBatches.forgetBelow(opened.logStartOffset());
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
