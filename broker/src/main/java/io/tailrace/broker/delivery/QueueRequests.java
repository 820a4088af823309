package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.partition.DeliveryLog;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.coordinator.queue.AsideMessage;
import io.tailrace.coordinator.queue.QueueCounts;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.RangeSpec;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import java.util.List;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Answers requests about what a queue holds on a partition: describes, browses, purges, and sends
 * messages back. Confined to the partition's scheduler.
 */
final class QueueRequests {
  /** Messages in one change that settles what was set aside. */
  private static final int ASIDE_IN_DELTA = 10_000;

  private final Partition partition;
  private final DeliveryResources resources;
  private final Clock clock;
  private final DeliveryLog log;
  private final DeliveryWriter writer;
  private final RangeUpkeep ranges;
  private final Queues queues;

  /** Finds queues. */
  @FunctionalInterface
  interface Queues {
    /** Runs the action with a queue once it can be served, or with the error why it cannot. */
    void find(UUID id, String name, BiConsumer<QueueServing, PartitionError> action);
  }

  QueueRequests(
      Partition partition,
      DeliveryResources resources,
      DeliveryLog log,
      DeliveryWriter writer,
      RangeUpkeep ranges,
      Queues queues) {
    this.partition = partition;
    this.resources = resources;
    this.clock = resources.clock();
    this.log = log;
    this.writer = writer;
    this.ranges = ranges;
    this.queues = queues;
  }

  static PartitionError tooFewInSync(Partition partition) {
    return new PartitionError(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        "too few replicas of " + partition + " are in sync for its queues to change");
  }

  /**
   * Drops what is ready or delayed.
   *
   * @param done told how many messages that were
   */
  void purge(UUID id, String name, BiConsumer<Long, PartitionError> done) {
    queues.find(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            done.accept(0L, error);
            return;
          }
          if (!log.hasEnoughInSync()) {
            done.accept(0L, tooFewInSync(partition));
            return;
          }
          QueueCounts before = found.ranges().counts(clock.wallMs());
          long aside = dropAside(found);
          found.matchedTo = Math.max(found.matchedTo, partition.highWatermark());
          writer.write(
              found.queue,
              found.ranges().purge(partition.highWatermark()),
              failed -> done.accept(before.ready() + before.delayed() + aside, failed));
        });
  }

  /**
   * Describes a queue once bindings of a version count.
   *
   * @param version at least; an older one is {@code LEADER_NOT_AVAILABLE}
   */
  void describe(
      UUID id, String name, int version, BiConsumer<DescribedQueue, PartitionError> done) {
    queues.find(
        id,
        name,
        (found, error) -> {
          if (error == null && found.queue.version() < version) {
            error =
                new PartitionError(
                    ErrorCode.LEADER_NOT_AVAILABLE,
                    partition + " has not taken over the bindings of queue '" + name + "' yet");
          }
          if (error != null) {
            done.accept(null, error);
            return;
          }
          QueueCounts counts = found.ranges().counts(clock.wallMs());
          DescribedQueue described =
              new DescribedQueue(
                  counts,
                  oldestMs(found, counts),
                  found.ranges().dropped(),
                  found.forwarder.problem(),
                  RangeReport.of(found));
          writer.whenCommitted(failed -> done.accept(described, failed));
        });
  }

  /** When the oldest message that is not settled was written; 0 = there is none. */
  long oldestMs(QueueServing found, QueueCounts counts) {
    long oldest = counts.oldestUnsettled();
    if (oldest < 0) {
      return 0;
    }
    if (oldest != found.oldest) {
      found.oldestMs = timeOf(oldest);
      found.oldest = oldest;
    }
    return found.oldestMs;
  }

  private long timeOf(long offset) {
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(RecordBatch.HEADER_BYTES);
    try {
      partition.read(offset, ReadEnd.HIGH_WATERMARK, 1, out);
      return out.isReadable() ? RecordBatch.baseTimestampMs(out, 0) : 0;
    } finally {
      out.release();
    }
  }

  /** Drops what a dead-letter queue has set aside; returns how many messages that were. */
  private long dropAside(QueueServing found) {
    long count = 0;
    while (found.settings.deadLetters().stay() && writer.isReady()) {
      long[] offsets =
          found.delivery().aside(0, ASIDE_IN_DELTA).stream()
              .mapToLong(AsideMessage::offset)
              .toArray();
      if (offsets.length == 0) {
        break;
      }
      count += offsets.length;
      writer.write(found.queue, List.of(new QueueDelta.AsideSettled(offsets)));
    }
    return count;
  }

  /**
   * Starts a replay or back-fill.
   *
   * @param version of the queue's bindings that must count already
   * @param done told what it covers once that is committed, null when there is nothing to deliver,
   *     or an error
   */
  void startRange(
      UUID id,
      String name,
      int version,
      RangeUpkeep.Start start,
      BiConsumer<RangeSpec, PartitionError> done) {
    change(
        id,
        name,
        error -> done.accept(null, error),
        found -> {
          if (found.queue.version() < version) {
            done.accept(
                null,
                new PartitionError(
                    ErrorCode.LEADER_NOT_AVAILABLE,
                    partition + " has not taken over the bindings of queue '" + name + "' yet"));
          } else {
            ranges.start(found, start, done);
          }
        });
  }

  /** Ends all replays and back-fills; {@code done} is told how many, or an error. */
  void cancelRanges(UUID id, String name, BiConsumer<Integer, PartitionError> done) {
    change(id, name, error -> done.accept(0, error), found -> ranges.cancel(found, done));
  }

  private void change(
      UUID id, String name, Consumer<PartitionError> failed, Consumer<QueueServing> change) {
    queues.find(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            failed.accept(error);
          } else if (!log.hasEnoughInSync()) {
            failed.accept(tooFewInSync(partition));
          } else {
            change.accept(found);
          }
        });
  }

  /** Shows messages; {@code done} is told a page of them, or an error. */
  void browse(
      UUID id, String name, QueueBrowse.Query query, BiConsumer<BrowsePage, PartitionError> done) {
    queues.find(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            done.accept(null, error);
          } else {
            new QueueBrowse(partition, found.delivery(), resources).read(query, done);
          }
        });
  }

  /** Sends messages back to a queue. */
  void redrive(UUID id, String name, QueueForwarder.Redrive redrive) {
    queues.find(
        id,
        name,
        (found, error) -> {
          if (error != null) {
            redrive.done().accept(RedriveResult.failed(error));
          } else {
            found.forwarder.redrive(redrive);
          }
        });
  }
}
