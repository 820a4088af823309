package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * The second log of a partition, with offsets of its own: what its queues have delivered and
 * settled. Every write to it goes through {@link #append}. Confined to the partition's scheduler.
 */
public final class DeliveryLog {
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

  private final LazyLog log;
  private final DerivedStates states;
  private final Clock clock;
  private final IntSupplier leaderEpoch;
  private final Listener listener;

  DeliveryLog(
      Partition partition,
      LogConfig data,
      PartitionServices services,
      DerivedState state,
      Listener listener) {
    this.clock = services.clock();
    this.leaderEpoch = partition::leaderEpoch;
    this.listener = listener;
    this.states = new DerivedStates(List.of(state));
    LogId id = new LogId(partition.id().topicId(), partition.id().partition(), LogId.Kind.DELIVERY);
    Scheduler scheduler = partition.scheduler();
    this.log =
        new LazyLog(
            "the delivery log of " + partition,
            id,
            config(data),
            scheduler,
            services,
            states,
            new Events());
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

  /** Everything below it is committed. The log must be open. */
  public long committedOffset() {
    PartitionLog opened = log.opened();
    return log.config().flush() == LogConfig.Flush.ACK
        ? opened.syncedEndOffset()
        : opened.logEndOffset();
  }

  /** Bytes of the log. It must be open. */
  public long sizeInBytes() {
    return log.opened().sizeInBytes();
  }

  /**
   * Appends one record, and lets the state take it over. The log must be {@linkplain #isAppendable
   * appendable}.
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
      RecordBatch.place(batch, 0, opened.logEndOffset(), leaderEpoch.getAsInt());
      opened.append(batch, 0, size);
      states.apply(batch, 0, clock.wallMs());
      return opened.logEndOffset();
    } catch (LogException e) {
      if (e.code() == ErrorCode.STORAGE_ERROR) {
        log.fail(e);
      }
      throw e;
    } finally {
      batch.release();
    }
  }

  /** Forgets what a snapshot behind it makes superfluous. The log must be open. */
  public void dropBelow(long offset) {
    PartitionLog opened = log.opened();
    opened.advanceLogStartOffset(offset);
    opened.applyRetention(clock.wallMs(), committedOffset());
  }

  void stop(Runnable whenStopped) {
    log.stop(whenStopped);
  }

  void onTick() {
    log.updateSummary();
  }

  private final class Events implements LazyLog.Listener {
    @Override
    public void onOpened(PartitionLog opened) {
      opened.noteHighWatermark(opened.logEndOffset());
      if (log.config().flush() == LogConfig.Flush.ACK
          && opened.syncedEndOffset() < opened.logEndOffset()) {
        opened.sync();
      }
    }

    @Override
    public void onSynced() {
      listener.onCommitted();
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
  }
}
