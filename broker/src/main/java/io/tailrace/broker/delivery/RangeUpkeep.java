package io.tailrace.broker.delivery;

import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueRange;
import io.tailrace.coordinator.queue.QueueRanges;
import io.tailrace.coordinator.queue.RangeSpec;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Starts and cancels the replays and back-fills of a partition's queues, looks for their messages,
 * and ends those that are done. Confined to the partition's scheduler.
 */
final class RangeUpkeep {
  /** Messages that the tail takes over at once. */
  private static final int DEAD_AT_ONCE = 2_000;

  private final Partition partition;
  private final DeliveryResources resources;
  private final DeliveryWriter writer;
  private final Supplier<TopicType> type;
  private final Consumer<QueueServing> changed;

  /**
   * @param type of the exchange; known when queues are served
   * @param changed called when messages of a queue were found, or a range may be over
   */
  RangeUpkeep(
      Partition partition,
      DeliveryResources resources,
      DeliveryWriter writer,
      Supplier<TopicType> type,
      Consumer<QueueServing> changed) {
    this.partition = partition;
    this.resources = resources;
    this.writer = writer;
    this.type = type;
    this.changed = changed;
  }

  /**
   * A replay or back-fill that is asked for.
   *
   * @param keys of a back-fill: binding keys that count; empty = it is a replay
   * @param from the first offset
   * @param request chosen by the client, the same when it repeats the request
   */
  record Start(List<String> keys, long from, long request) {}

  /** Goes on with what runs. */
  void run(QueueServing found) {
    found.scans.values().removeIf(scan -> !found.ranges().ranges().contains(scan.range()));
    if (found.ranges().ranges().isEmpty()) {
      return;
    }
    if (writer.isReady()) {
      List<QueueDelta> due = found.ranges().settle(DEAD_AT_ONCE);
      if (!due.isEmpty()) {
        writer.write(found.queue, due);
        partition.scheduler().execute(() -> changed.accept(found));
      }
    }
    for (QueueRange range : List.copyOf(found.ranges().ranges())) {
      found
          .scans
          .computeIfAbsent(
              range.spec().generation(),
              each ->
                  new RangeScan(
                      partition,
                      type.get(),
                      found,
                      range,
                      resources,
                      writer,
                      () -> changed.accept(found)))
          .run();
    }
  }

  /**
   * Starts a range; {@code done} is told what it covers once that is committed, or null when there
   * is nothing to deliver.
   */
  void start(QueueServing found, Start start, BiConsumer<RangeSpec, PartitionError> done) {
    for (QueueRange each : found.ranges().ranges()) {
      if (each.spec().request() == start.request()) {
        writer.whenCommitted(error -> done.accept(each.spec(), error));
        return;
      }
    }
    if (!writer.isReady()) {
      done.accept(
          null,
          new PartitionError(ErrorCode.OVERLOADED, "the delivery log prepares its next files"));
      return;
    }
    long from = Math.max(start.from(), partition.log().logStartOffset());
    List<QueueDelta> deltas = new ArrayList<>();
    QueueDelta.RangeStarted started;
    if (start.keys().isEmpty()) {
      long to = Math.min(found.delivery().cursor(), partition.highWatermark());
      if (from >= to) {
        done.accept(null, null);
        return;
      }
      started = found.ranges().start(RangeSpec.Kind.REPLAY, from, to, List.of(), start.request());
    } else {
      long to = fillsTo(found, start.keys(), from);
      if (from >= to) {
        done.accept(null, null);
        return;
      }
      started =
          found.ranges().start(RangeSpec.Kind.BACK_FILL, from, to, start.keys(), start.request());
    }
    if (started == null) {
      done.accept(
          null,
          new PartitionError(
              ErrorCode.INVALID_QUEUE,
              "queue '"
                  + found.queue.name()
                  + "' has "
                  + QueueRanges.MAX_RANGES
                  + " replays and back-fills on "
                  + partition
                  + ": wait for one to end, or cancel them"));
      return;
    }
    deltas.add(started);
    for (String key : started.range().keys()) {
      long to = fillsTo(found, List.of(key), from);
      if (from < to) {
        deltas.add(new QueueDelta.Filled(key, from, to, started.range().generation()));
      }
    }
    writer.write(found.queue, deltas, error -> done.accept(started.range(), error));
    changed.accept(found);
  }

  /** Where what the bindings with these keys match begins: a back-fill ends there. */
  private static long fillsTo(QueueServing found, List<String> keys, long from) {
    return found.queue.bindings().stream()
        .filter(each -> each.isOpen() && keys.contains(each.key()))
        .mapToLong(HostedQueue.BoundRange::filledSince)
        .max()
        .orElse(from);
  }

  /** Ends all ranges of a queue; {@code done} is told how many, once that is committed. */
  void cancel(QueueServing found, BiConsumer<Integer, PartitionError> done) {
    List<QueueDelta> deltas = new ArrayList<>(found.ranges().settle(Integer.MAX_VALUE));
    List<QueueDelta> ended = found.ranges().cancel();
    deltas.addAll(ended);
    if (ended.isEmpty()) {
      done.accept(0, null);
    } else if (!writer.isReady()) {
      done.accept(
          0, new PartitionError(ErrorCode.OVERLOADED, "the delivery log prepares its next files"));
    } else {
      writer.write(found.queue, deltas, error -> done.accept(ended.size(), error));
      changed.accept(found);
    }
  }
}
