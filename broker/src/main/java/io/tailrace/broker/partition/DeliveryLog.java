package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.ReplicaState;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The second log of a partition, with offsets of its own: what its queues have delivered and
 * settled. It has the replicas, the leader and the leader epochs of the partition, and a replica is
 * in sync when it has both logs. As the leader, every write to it goes through {@link #append}.
 * Confined to the partition's scheduler.
 */
public final class DeliveryLog {
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryLog.class);
  private static final long SEGMENT_BYTES = 16L << 20;

  /** Told what becomes of the log. */
  public interface Listener {
    /** {@link #committedOffset} may have grown. */
    void onCommitted();

    /** The log may take records again. */
    void onAppendable();

    /** It has failed or is stopped. */
    void onOffline(PartitionError error);
  }

  private final Partition partition;
  private final ReplicatedLog replicated;
  private final LazyLog log;
  private final Clock clock;
  private final FollowerListener followers;
  private final Listener listener;
  private long deletedBelow;

  DeliveryLog(
      Partition partition,
      LogConfig data,
      PartitionServices services,
      DerivedState state,
      Listener listener) {
    this.partition = partition;
    this.clock = services.clock();
    this.followers = services.replication().followers();
    this.listener = listener;
    this.replicated =
        new ReplicatedLog(
            "the delivery log of " + partition,
            new LogId(partition.id().topicId(), partition.id().partition(), LogId.Kind.DELIVERY),
            config(data),
            partition.scheduler(),
            services,
            List.of(state),
            new Owner());
    this.log = replicated.lazy();
  }

  private static LogConfig config(LogConfig data) {
    return new LogConfig(
        SEGMENT_BYTES,
        Long.MAX_VALUE,
        -1,
        -1,
        data.maxBatchBytes(),
        data.flush(),
        data.flushIntervalRecords(),
        data.flushIntervalMs());
  }

  /** Takes over what the data log's replica state knows of the cluster and follows it from now. */
  void onMade(ReplicaState data) {
    if (data.metadata() != null) {
      replicated.onMetadata(data.metadata());
    }
    data.joinedBy(replicated.replica());
  }

  void reconfigure(LogConfig data) {
    replicated.reconfigure(config(data));
  }

  /** The log, as followers see it. */
  ReplicatedLog replicated() {
    return replicated;
  }

  /** Runs the action when the log is open or cannot be opened: see {@link #failure}. */
  public void whenReady(Runnable action) {
    log.whenReady(action);
  }

  public boolean isOpen() {
    return log.isOpen();
  }

  /** Why it cannot be used; null when it is open. */
  public PartitionError failure() {
    return log.failure();
  }

  /** Whether {@link #append} finds its files ready; when not, the listener is told once it does. */
  public boolean isAppendable() {
    return log.isOpen() && log.opened().isAppendable();
  }

  /** The offset of the next record. The log must be open. */
  public long endOffset() {
    return log.opened().logEndOffset();
  }

  /**
   * Everything below it is committed: no change of the leader among replicas in sync loses it. The
   * log must be open.
   */
  public long committedOffset() {
    return replicated.highWatermark();
  }

  /** Whether as many replicas are in sync as changes need to be committed. */
  public boolean hasEnoughInSync() {
    return replicated.replica().hasEnoughInSync();
  }

  /** Bytes of the log. It must be open. */
  public long sizeInBytes() {
    return log.opened().sizeInBytes();
  }

  /**
   * As the leader: appends one record, and lets the state take it over. The log must be {@linkplain
   * #isAppendable appendable}.
   *
   * @return the offset that must be committed before anyone is told of it: the record's end
   * @throws LogException when nothing was appended; after {@code STORAGE_ERROR} the log is offline
   */
  public long append(byte[] record) {
    RecordBatchBuilder builder =
        new RecordBatchBuilder(RecordBatchBuilder.upperBound(null, record, List.of()) + 128);
    builder.append(clock.wallMs(), null, record, List.of());
    int size =
        builder.finish(
            RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE);
    ByteBuf batch = Unpooled.directBuffer(size).writeBytes(builder.array(), 0, size);
    try {
      PartitionLog opened = log.opened();
      RecordBatch.place(batch, 0, opened.logEndOffset(), partition.leaderEpoch());
      opened.append(batch, 0, size);
      replicated.states().apply(batch, 0, clock.wallMs());
      long end = opened.logEndOffset();
      replicated.noteProgress();
      return end;
    } catch (LogException e) {
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
      throw e;
    } finally {
      batch.release();
    }
  }

  /**
   * As the leader: forgets what a committed snapshot behind it makes superfluous; followers take
   * the new log start over. The log must be open.
   */
  public void dropBelow(long offset) {
    log.opened().advanceLogStartOffset(offset);
    replicated.replica().onLogStart(log.opened().logStartOffset());
    deleteBelowStart();
  }

  private void deleteBelowStart() {
    try {
      deletedBelow = log.opened().logStartOffset();
      log.opened().applyRetention(clock.wallMs(), committedOffset());
    } catch (LogException e) {
      LOG.warn("{}: what a snapshot replaces could not be deleted: {}", log, e.getMessage());
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
    }
  }

  void stop(Runnable whenStopped) {
    log.stop(whenStopped);
  }

  void onTick() {
    if (log.isOpen() && log.opened().logStartOffset() > deletedBelow) {
      deleteBelowStart(); // a follower takes the log start over from its leader
    }
    log.updateSummary();
  }

  /** What the partition is to this log. */
  private final class Owner implements ReplicatedLog.Owner {
    @Override
    public PartitionError checkAccess(int expectedEpoch) {
      return log.isOpen() ? partition.checkAccess(expectedEpoch) : log.failure();
    }

    @Override
    public void onOpened() {
      replicated.beginEpoch();
    }

    @Override
    public void onFollowerSynced() {
      followers.onSynced(partition);
    }

    @Override
    public void onAppendable() {
      listener.onAppendable();
    }

    @Override
    public void onOffline(PartitionError error) {
      listener.onOffline(error);
    }

    @Override
    public void onExpired() {}

    @Override
    public void onCommitted(long highWatermark) {
      listener.onCommitted();
    }

    @Override
    public void onReport(InSyncReplica follower) {
      partition.onReport(follower);
    }

    @Override
    public void onDamaged() {
      partition.repair().proceed();
    }

    @Override
    public boolean expectsRepair() {
      return partition.repair().isExpected();
    }

    @Override
    public boolean mayDiscardDamaged(ReplicatedLog log) {
      return partition.repair().mayDiscard(log);
    }
  }
}
