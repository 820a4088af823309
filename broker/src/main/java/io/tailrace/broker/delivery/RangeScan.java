package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.delivery.HostedQueue.BoundRange;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.QueueDelta;
import io.tailrace.coordinator.queue.QueueRange;
import io.tailrace.coordinator.queue.QueueRanges;
import io.tailrace.coordinator.queue.RangeSpec;
import io.tailrace.coordinator.routing.BindingMatcher;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the messages of one replay or back-fill, a few ahead of what is delivered of them. Confined
 * to the partition's scheduler, but for reads and parsing of sealed segments.
 */
final class RangeScan {
  private static final Logger LOG = LoggerFactory.getLogger(RangeScan.class);
  private static final int STEP_BYTES = 256 * 1024;

  /** So many messages are known ahead of those that were delivered. */
  private static final int MAX_AHEAD = 5_000;

  private final Partition partition;
  private final QueueServing serving;
  private final QueueRange range;
  private final DeliveryResources resources;
  private final DeliveryWriter writer;
  private final RoutedBatches batches;
  private final Runnable found;

  /** The bindings of the queue, with the key that made each a part of this. */
  private final BindingMatcher<BoundRange> bindings;

  /** The keys of a back-fill. */
  private final BindingMatcher<RangeSpec> wanted;

  private long skip = 1;
  private boolean scanning;

  /**
   * @param found called when messages were found, or all were
   */
  RangeScan(
      Partition partition,
      TopicType type,
      QueueServing serving,
      QueueRange range,
      DeliveryResources resources,
      DeliveryWriter writer,
      Runnable found) {
    this.partition = partition;
    this.serving = serving;
    this.range = range;
    this.resources = resources;
    this.writer = writer;
    this.found = found;
    this.batches = new RoutedBatches(partition, type);
    this.bindings = BindingMatcher.of(type);
    this.wanted = BindingMatcher.of(type);
    serving.queue.bindings().forEach(each -> bindings.add(each.key(), each));
    Set<String> keys = new HashSet<>(range.spec().keys());
    keys.forEach(each -> wanted.add(each, range.spec()));
  }

  QueueRange range() {
    return range;
  }

  private boolean isOver() {
    return serving.isEnded()
        || serving.queue.ranges().delivery(range.spec().generation()) != range.delivery();
  }

  /** Goes on, if there is room for more messages and no step is under way. */
  void run() {
    if (scanning
        || isOver()
        || range.isScanned()
        || range.delivery().freshCount() >= MAX_AHEAD
        || !partition.isOpen()) {
      return;
    }
    scanning = true;
    long from = Math.max(range.scanned(), partition.log().logStartOffset());
    if (from >= range.spec().to()) {
      end(range.spec().to());
      return;
    }
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(STEP_BYTES);
    SealedRead sealed = SealedRead.at(partition.replicated(), from, ReadEnd.HIGH_WATERMARK);
    PartitionError error =
        sealed == null ? partition.read(from, ReadEnd.HIGH_WATERMARK, STEP_BYTES, out) : null;
    resources
        .readers()
        .run(
            () -> {
              PartitionError problem = error;
              if (sealed != null) {
                try (sealed) {
                  problem = sealed.read(from, STEP_BYTES, out);
                }
              }
              PartitionError last = problem;
              List<RoutedBatches.Read> read = batches.parse(out, from);
              partition.scheduler().execute(() -> onRead(from, read, last));
            });
  }

  private void end(long scannedTo) {
    scanning = false;
    range.onScanned(scannedTo);
    found.run();
  }

  private void onRead(long from, List<RoutedBatches.Read> read, PartitionError error) {
    if (isOver() || !writer.isReady()) {
      scanning = false; // read again when the delivery log takes records
      return;
    }
    if (read.isEmpty()) {
      if (error != null) {
        LOG.error("{} cannot be read at offset {}: {}", partition, from, error.message());
      }
      skip *= 2;
      end(Math.min(range.spec().to(), from + skip / 2));
      return;
    }
    skip = 1;
    long scannedTo = from;
    List<Long> later = new ArrayList<>();
    List<Long> dueMs = new ArrayList<>();
    long nowMs = resources.clock().wallMs();
    for (RoutedBatches.Read each : read) {
      long end = Math.min(each.to(), range.spec().to());
      if (each.key() == null) {
        matchAll(Math.max(from, each.from()), end);
      } else if (each.from() < range.spec().to() && matches(each.key(), each.from())) {
        if (each.dueMs() <= nowMs) {
          range.delivery().onMatched(each.from(), each.to());
        } else if (range.spec().kind() == RangeSpec.Kind.BACK_FILL) {
          later.add(each.from());
          dueMs.add(each.dueMs());
        } // else it comes in its turn: nothing of it was delivered that could be repeated
      }
      scannedTo = Math.max(scannedTo, end);
    }
    if (later.isEmpty() || putOff(later, dueMs)) {
      end(scannedTo);
    } else {
      range.rescan(); // the delivery log is full
      scanning = false;
    }
  }

  /** Returns false when that was not kept. */
  private boolean putOff(List<Long> offsets, List<Long> dueMs) {
    QueueDelta.Deferred deferred =
        range
            .delivery()
            .defer(
                offsets.stream().mapToLong(Long::longValue).toArray(),
                dueMs.stream().mapToLong(Long::longValue).toArray());
    if (deferred != null) {
      writer.write(
          serving.queue, QueueRanges.inRange(range.spec().generation(), List.of(deferred)));
    }
    return range.delivery().wasDeferred(offsets.get(offsets.size() - 1));
  }

  /** Every binding matches every record of the interval: it is cut where the answer changes. */
  private void matchAll(long begin, long end) {
    long at = begin;
    while (at < end) {
      long next = end;
      for (BoundRange each : serving.queue.bindings()) {
        next = cut(next, at, each.since());
        next = cut(next, at, each.until());
        for (HostedQueue.Fill fill : each.fills()) {
          next = cut(next, at, fill.from());
          next = cut(next, at, fill.to());
        }
      }
      if (matches("", at)) {
        range.delivery().onMatched(at, next);
      }
      at = next;
    }
  }

  private static long cut(long end, long at, long edge) {
    return edge > at && edge < end ? edge : end;
  }

  /** Whether a record belongs to the range. */
  private boolean matches(String key, long offset) {
    int generation = range.spec().generation();
    boolean[] matched = {false};
    bindings.match(key, bound -> matched[0] |= matchedBefore(bound, offset, generation));
    if (range.spec().kind() == RangeSpec.Kind.REPLAY) {
      return matched[0];
    }
    boolean[] asked = {false};
    wanted.match(key, spec -> asked[0] = true);
    return asked[0] && !matched[0];
  }

  /** Whether a binding has matched it, or a back-fill that began before the range did. */
  private static boolean matchedBefore(BoundRange bound, long offset, int generation) {
    return bound.counts(offset)
        || bound.fills().stream()
            .anyMatch(fill -> fill.generation() < generation && fill.counts(offset));
  }
}
