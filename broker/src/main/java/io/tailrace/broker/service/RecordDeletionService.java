package io.tailrace.broker.service;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.protocol.error.ErrorCode;

/** Deletes the oldest records of partitions that this broker leads. Thread-safe. */
public final class RecordDeletionService {
  private final PartitionLookup lookup;

  /** Looks partitions up here. */
  public RecordDeletionService(PartitionLookup lookup) {
    this.lookup = lookup;
  }

  /** Is told what became of a deletion. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called once, on any thread.
     *
     * @param error null when it worked
     * @param logStartOffset the first offset that can be read now; 0 with an error
     */
    void onDeleted(PartitionError error, long logStartOffset);
  }

  /** Deletes records, and tells the listener. */
  public void delete(RecordDeletion deletion, Listener listener) {
    if (TopicRules.isInternal(deletion.topic())) {
      listener.onDeleted(
          new PartitionError(
              ErrorCode.INTERNAL_TOPIC,
              "topic '" + deletion.topic() + "' holds state of the brokers; it is kept whole"),
          0);
      return;
    }
    PartitionLookup.Found found =
        lookup.find(deletion.topic(), deletion.topicId(), deletion.partition());
    if (found.error() != null) {
      listener.onDeleted(found.error(), 0);
      return;
    }
    Partition partition = found.partition();
    Runnable delete = guard(listener, () -> delete(partition, deletion, listener));
    partition.scheduler().runOrExecute(guard(listener, () -> partition.whenReady(delete)));
  }

  private static Runnable guard(Listener listener, Runnable task) {
    return UnexpectedError.guard(
        "a delete records request",
        task,
        e -> listener.onDeleted(UnexpectedError.of(ErrorCode.UNKNOWN, e), 0));
  }

  /** On the partition's thread. */
  private static void delete(Partition partition, RecordDeletion deletion, Listener listener) {
    PartitionError error = partition.checkAccess(deletion.leaderEpoch());
    if (error == null) {
      error = partition.deleteRecordsBefore(deletion.beforeOffset());
    }
    listener.onDeleted(error, error == null ? partition.log().logStartOffset() : 0);
  }
}
