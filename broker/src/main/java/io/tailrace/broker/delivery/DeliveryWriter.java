package io.tailrace.broker.delivery;

import io.tailrace.broker.log.LogException;
import io.tailrace.broker.partition.DeliveryLog;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.queue.QueueDelta;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Appends the changes of a partition's queues to its delivery log, and tells when they are
 * committed: the one place that writes. Confined to the partition's scheduler.
 */
final class DeliveryWriter {
  private static final Logger LOG = LoggerFactory.getLogger(DeliveryWriter.class);
  private static final long SNAPSHOT_AFTER_BYTES = 8L << 20;
  private static final int SNAPSHOT_GROWTH = 4;

  private final String partition;
  private final DeliveryLog log;
  private final PartitionQueues queues;
  private final ArrayDeque<Awaiting> awaiting = new ArrayDeque<>();
  private long snapshotAtBytes = SNAPSHOT_AFTER_BYTES;

  private record Awaiting(long endOffset, Consumer<PartitionError> done) {}

  /**
   * @param partition for log lines
   */
  DeliveryWriter(String partition, DeliveryLog log, PartitionQueues queues) {
    this.partition = partition;
    this.log = log;
    this.queues = queues;
  }

  /** Whether {@link #write} can be called now. */
  boolean isReady() {
    return log.isAppendable();
  }

  /**
   * Writes changes, which the state has when this returns, unless the log refuses them.
   *
   * @param done told null when they are committed, else an error
   */
  void write(Map<UUID, List<QueueDelta>> changes, Consumer<PartitionError> done) {
    long end;
    try {
      end = log.append(PartitionQueues.record(changes));
    } catch (LogException e) {
      done.accept(PartitionError.of("the delivery log", e));
      return;
    }
    snapshot();
    await(end, done);
  }

  void write(HostedQueue queue, List<QueueDelta> deltas, Consumer<PartitionError> done) {
    write(Map.of(queue.id(), deltas), done);
  }

  /** Writes changes that no caller waits for; a refusal is logged. */
  void write(Map<UUID, List<QueueDelta>> changes) {
    write(
        changes,
        error -> {
          if (error != null) {
            LOG.warn("{}: changes of its queues were not kept: {}", partition, error.message());
          }
        });
  }

  /** Writes changes that no caller waits for; a refusal is logged. */
  void write(HostedQueue queue, List<QueueDelta> deltas) {
    write(Map.of(queue.id(), deltas));
  }

  /** Tells when everything that is written now is committed. */
  void whenCommitted(Consumer<PartitionError> done) {
    await(log.endOffset(), done);
  }

  private void await(long end, Consumer<PartitionError> done) {
    if (awaiting.isEmpty() && log.committedOffset() >= end) {
      done.accept(null);
    } else {
      awaiting.add(new Awaiting(end, done));
    }
  }

  /** Tells those whose changes are committed now. */
  void onCommitted() {
    while (!awaiting.isEmpty()
        && log.isOpen()
        && log.committedOffset() >= awaiting.peek().endOffset) {
      awaiting.poll().done.accept(null);
    }
  }

  /** Tells all that wait that it is not known whether their changes are kept. */
  void fail(PartitionError error) {
    for (Awaiting each = awaiting.poll(); each != null; each = awaiting.poll()) {
      each.done.accept(error);
    }
  }

  /** Writes a snapshot when the log has grown. */
  private void snapshot() {
    if (log.sizeInBytes() >= snapshotAtBytes && log.isAppendable()) {
      writeSnapshot();
    }
  }

  /**
   * Writes a snapshot, and drops what came before it once it is committed. To be called where
   * {@link #isReady}.
   */
  void writeSnapshot() {
    long begin = log.endOffset();
    long bytes = 0;
    try {
      for (byte[] record : queues.snapshotRecords()) {
        log.append(record);
        bytes += record.length;
      }
    } catch (LogException e) {
      snapshotAtBytes += SNAPSHOT_AFTER_BYTES; // what there is of it counts for nothing
      return;
    }
    snapshotAtBytes = Math.max(SNAPSHOT_AFTER_BYTES, bytes * SNAPSHOT_GROWTH);
    await(
        log.endOffset(),
        error -> {
          if (error == null) {
            log.dropBelow(begin);
            snapshotAtBytes = Math.max(snapshotAtBytes, 2 * log.sizeInBytes());
          }
        });
  }
}
