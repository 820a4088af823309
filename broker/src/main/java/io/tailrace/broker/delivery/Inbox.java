package io.tailrace.broker.delivery;

import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Collection;
import java.util.Map;

/**
 * A partition as a queue's own topic, when it is one: forgets what is settled, and refuses records
 * when it is full. Confined to the partition's scheduler.
 */
final class Inbox {
  private final Partition partition;
  private final DeliveryResources resources;
  private final DeliveryWriter writer;
  private final Collection<QueueServing> servings;

  /** Whether the commit of what is settled is awaited. */
  private boolean forgetting;

  /**
   * @param servings the queues of the partition that are served now
   */
  Inbox(
      Partition partition,
      DeliveryResources resources,
      DeliveryWriter writer,
      Collection<QueueServing> servings) {
    this.partition = partition;
    this.resources = resources;
    this.writer = writer;
    this.servings = servings;
  }

  /** The queue whose own topic this is; null when it is an exchange, or not served. */
  private QueueServing inboxOwner() {
    if (servings.size() != 1) {
      return null;
    }
    QueueServing only = servings.iterator().next();
    return only.owns(partition.topic()) ? only : null;
  }

  /**
   * In a queue's own topic, what is settled need not be kept, once that is committed: a later
   * leader that does not know of an answer would deliver the message again, and must have it.
   */
  void forgetSettled() {
    QueueServing owner = inboxOwner();
    if (owner == null || forgetting) {
      return;
    }
    long oldest = owner.ranges().needed();
    long needed = retained(owner, oldest < 0 ? owner.matchedTo : oldest);
    if (needed > partition.log().logStartOffset()) {
      forgetting = true;
      writer.whenCommitted(
          error -> {
            forgetting = false;
            if (error == null && needed > partition.log().logStartOffset()) {
              partition.advanceLogStart(needed);
            }
          });
    }
  }

  /** The smallest offset that is needed, or young enough to be kept for replays. */
  private long retained(QueueServing owner, long needed) {
    long retainMs = owner.settings.limits().retainMs();
    if (retainMs == 0 || needed <= partition.log().logStartOffset()) {
      return needed;
    }
    try {
      TimestampedOffset young =
          partition
              .log()
              .findByTimestamp(
                  Math.max(0, resources.clock().wallMs() - retainMs), partition.highWatermark());
      return young == null ? needed : Math.min(needed, young.offset());
    } catch (LogException e) {
      return partition.log().logStartOffset(); // not known: all is kept
    }
  }

  /**
   * Why the inbox takes no further records; null = it does.
   *
   * @param bytes of the records
   */
  PartitionError refusal(int bytes, Map<String, String> configs) {
    QueueServing owner = inboxOwner();
    if (owner == null) {
      return null;
    }
    long max = resources.limits().apply(configs).inboxMaxBytes();
    if (max < 0 || partition.log().sizeInBytes() + bytes <= max) {
      return null;
    }
    forgetSettled();
    long size = partition.log().sizeInBytes();
    return size + bytes <= max
        ? null
        : new PartitionError(
            ErrorCode.QUEUE_FULL,
            "queue '"
                + owner.queue.name()
                + "' is full: "
                + partition
                + " holds "
                + size
                + " bytes, and "
                + bytes
                + " more are beyond inbox.max.bytes="
                + max
                + "; there is room once messages are settled");
  }
}
