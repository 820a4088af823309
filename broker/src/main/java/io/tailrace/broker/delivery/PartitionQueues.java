package io.tailrace.broker.delivery;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.delivery.message.DeliveryRecord;
import io.tailrace.broker.delivery.message.DeliveryRecord.Part;
import io.tailrace.broker.delivery.message.QueueChange;
import io.tailrace.broker.delivery.message.QueueChanges;
import io.tailrace.broker.partition.derived.DerivedState;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.BooleanSupplier;

/**
 * All queues of one partition, as its delivery log says; every replica replays it. Snapshots are
 * records of the log itself: once one is committed, what came before it is dropped. Confined to the
 * partition's scheduler.
 */
final class PartitionQueues implements DerivedState {
  private static final int TAG = 1;
  private static final int VERSION = 1;

  /** Messages in one change of a snapshot, and bytes after which a record of it is full. */
  private static final int SNAPSHOT_CHUNK = 2_000;

  private static final int SNAPSHOT_RECORD_BYTES = 256 * 1024;

  private final Clock clock;
  private final BooleanSupplier loadsDamaged;
  private Map<UUID, HostedQueue> queues = new LinkedHashMap<>();

  /** What an unfinished snapshot has said; null outside of one. */
  private Map<UUID, HostedQueue> staged;

  /** The leader writes the snapshots: its own state is what they say. */
  private boolean leading;

  /** Changes are missing since the last snapshot. */
  private boolean incomplete;

  /** The log begins with a snapshot of which a part is missing. */
  private boolean salvaging;

  /**
   * @param loadsDamaged whether queues are loaded without the changes that cannot be read; called
   *     on the partition's thread
   */
  PartitionQueues(Clock clock, BooleanSupplier loadsDamaged) {
    this.clock = clock;
    this.loadsDamaged = loadsDamaged;
  }

  /**
   * Whether changes were missing when the log was replayed, which no snapshot behind them replaces.
   */
  boolean isIncomplete() {
    return incomplete;
  }

  /** Says whether this replica writes the log, or only replays it. */
  void leading(boolean now) {
    leading = now;
    staged = null;
  }

  /** The queue with this id; null when the log has not told of it. */
  HostedQueue get(UUID id) {
    return queues.get(id);
  }

  Collection<HostedQueue> all() {
    return queues.values();
  }

  // ---- records ----

  /** A record that says what changes, in order. */
  static byte[] record(Map<UUID, List<QueueDelta>> changes) {
    DeliveryRecord.Builder record = DeliveryRecord.newBuilder();
    changes.forEach((queue, deltas) -> record.addQueues(changesOf(queue, deltas)));
    return record.build().toByteArray();
  }

  private static QueueChanges changesOf(UUID queue, List<QueueDelta> deltas) {
    QueueChanges.Builder changes =
        QueueChanges.newBuilder()
            .setQueueMost(queue.getMostSignificantBits())
            .setQueueLeast(queue.getLeastSignificantBits());
    deltas.forEach(delta -> changes.addChanges(DeltaCodec.encode(delta)));
    return changes.build();
  }

  /** The records of a snapshot, to be appended without another one between them. */
  List<byte[]> snapshotRecords() {
    List<byte[]> records = new ArrayList<>();
    records.add(DeliveryRecord.newBuilder().setPart(Part.SNAPSHOT_BEGIN).build().toByteArray());
    DeliveryRecord.Builder part = DeliveryRecord.newBuilder().setPart(Part.SNAPSHOT_PART);
    int bytes = 0;
    for (HostedQueue queue : queues.values()) {
      for (QueueDelta delta : queue.snapshot(SNAPSHOT_CHUNK)) {
        QueueChanges changes = changesOf(queue.id(), List.of(delta));
        part.addQueues(changes);
        bytes += changes.getSerializedSize();
        if (bytes > SNAPSHOT_RECORD_BYTES) {
          records.add(part.build().toByteArray());
          part.clearQueues();
          bytes = 0;
        }
      }
    }
    records.add(part.build().toByteArray());
    records.add(DeliveryRecord.newBuilder().setPart(Part.SNAPSHOT_END).build().toByteArray());
    return records;
  }

  // ---- the log's state ----

  @Override
  public int tag() {
    return TAG;
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void clear() {
    queues.clear();
    staged = null;
    incomplete = false;
    salvaging = false;
  }

  @Override
  public void apply(ByteBuf batches, int index, long nowMs) {
    try (RecordReader reader = new RecordReader(batches, index)) {
      while (reader.hasNext()) {
        apply(DeliveryRecord.parseFrom(reader.next().value()));
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(
          "the delivery log cannot be read at offset " + RecordBatch.baseOffset(batches, index), e);
    }
  }

  private void apply(DeliveryRecord record) {
    switch (record.getPart()) {
      case SNAPSHOT_BEGIN -> staged = new LinkedHashMap<>();
      case SNAPSHOT_PART -> {
        if (staged != null) {
          apply(record, staged);
        } else if (salvaging) {
          apply(record, queues);
        }
      }
      case SNAPSHOT_END -> {
        if (staged != null && !leading) {
          queues = staged;
        }
        incomplete &= staged == null;
        staged = null;
      }
      case CHANGES -> {
        staged = null; // the snapshot before it was not finished
        salvaging = false;
        apply(record, queues);
      }
      case UNRECOGNIZED ->
          throw new IllegalStateException("the delivery log holds a record of an unknown kind");
    }
  }

  private void apply(DeliveryRecord record, Map<UUID, HostedQueue> to) {
    long monotonicMs = clock.monotonicMs();
    for (QueueChanges changes : record.getQueuesList()) {
      UUID id = new UUID(changes.getQueueMost(), changes.getQueueLeast());
      for (QueueChange change : changes.getChangesList()) {
        QueueDelta delta = DeltaCodec.decode(change);
        if (delta instanceof QueueDelta.Created created) {
          to.put(id, new HostedQueue(id, created.name()));
        } else if (delta instanceof QueueDelta.Removed) {
          to.remove(id);
        } else if (to.containsKey(id)) {
          to.get(id).apply(delta, monotonicMs);
        }
      }
    }
  }

  /** What was cut off was not committed; the rest is replayed. */
  @Override
  public boolean truncate(long logEndOffset) {
    return false;
  }

  @Override
  public byte[] snapshot() {
    return null;
  }

  @Override
  public void load(int version, byte[] content) {
    throw new IllegalArgumentException("delivery states have no snapshots outside their log");
  }

  @Override
  public boolean needsWholeLog() {
    return true;
  }

  /**
   * A snapshot that lacks a part is no snapshot, unless it is the beginning of the log: then it is
   * all that is known.
   */
  @Override
  public void onGap() {
    incomplete = true;
    if (queues.isEmpty()) {
      salvaging = true;
      queues = staged == null ? queues : staged;
    }
    staged = null;
  }

  @Override
  public String refusalOfDamage() {
    return loadsDamaged.getAsBoolean()
        ? null
        : "its queues would deliver messages again that were settled, or take others for settled:"
            + " where another replica is in sync, delete this one, so that it is fetched again;"
            + " else set queues.load.damaged=true to go on with what can be read";
  }
}
