package io.tailrace.broker.delivery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.delivery.HostedQueue.BoundRange;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.routing.BindingMatcher;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Matches the committed records of a partition against the bindings of its queues: each record once
 * for all queues, in the order of the offsets. Where every binding matches everything, no record is
 * looked at, but those of batches with delays. Confined to the partition's scheduler, but for reads
 * and parsing of sealed segments.
 */
final class TailMatching {
  private static final Logger LOG = LoggerFactory.getLogger(TailMatching.class);
  private static final int STEP_BYTES = 256 * 1024;

  private final Partition partition;
  private final ReaderThreads readers;
  private final RoutedBatches batches;
  private final Consumer<Collection<QueueServing>> matched;
  private final BindingMatcher<BoundRange> bindings;
  private final Map<HostedQueue, QueueServing> servings = new HashMap<>();
  private final Deferrals deferrals;

  /** What the piece that is being matched puts off. */
  private final Map<QueueServing, PutOff> putOff = new LinkedHashMap<>();

  private long scanned;
  private long skip = 1;
  private boolean scanning;
  private boolean stopped;

  /** Records that a queue holds back. */
  static final class PutOff {
    final List<Long> offsets = new ArrayList<>();
    final List<Long> dueMs = new ArrayList<>();
  }

  /** Writes down what queues hold back. */
  interface Deferrals {
    /** Whether {@link #defer} can be called now. */
    boolean isReady();

    /** Takes over messages, in the order of their offsets. */
    void defer(QueueServing serving, PutOff messages);
  }

  /**
   * @param matched told which queues have new messages
   */
  TailMatching(
      Partition partition,
      TopicType type,
      ReaderThreads readers,
      Collection<QueueServing> queues,
      Deferrals deferrals,
      Consumer<Collection<QueueServing>> matched) {
    this.partition = partition;
    this.readers = readers;
    this.batches = new RoutedBatches(partition, type);
    this.deferrals = deferrals;
    this.matched = matched;
    this.bindings = BindingMatcher.of(type);
    this.scanned = Long.MAX_VALUE;
    for (QueueServing serving : queues) {
      servings.put(serving.queue, serving);
      for (BoundRange each : serving.queue.bindings()) {
        if (each.until() > serving.delivery().cursor()) {
          bindings.add(each.key(), each);
          scanned = Math.min(scanned, Math.max(each.since(), serving.matchedTo));
        }
      }
    }
  }

  /** Whether it matches for these queues and no others. */
  boolean isOf(Collection<QueueServing> queues) {
    return servings.size() == queues.size() && servings.values().containsAll(queues);
  }

  /** Lets nothing be matched by this object any more. */
  void stop() {
    stopped = true;
    for (QueueServing serving : servings.values()) {
      if (!serving.stalled && scanned != Long.MAX_VALUE) {
        serving.matchedTo = Math.max(serving.matchedTo, scanned);
      }
    }
  }

  /** Whether a binding matches a record with this routing key at this offset. */
  boolean isRouted(String key, long offset) {
    boolean[] found = {false};
    bindings.match(key, bound -> found[0] |= bound.since() <= offset && offset < bound.until());
    return found[0];
  }

  /** Matches what is committed and was not matched yet. */
  void run() {
    if (stopped || scanning || scanned >= partition.highWatermark()) {
      return;
    }
    scanned = Math.max(scanned, partition.log().logStartOffset());
    if (batches.matchesAll()) {
      long to = Math.min(partition.highWatermark(), partition.delayedBatches().next(scanned));
      if (to > scanned) {
        Set<QueueServing> touched = new LinkedHashSet<>();
        matchAll(scanned, to, touched);
        scanned = to;
        matched.accept(touched);
      }
    }
    if (!stopped && scanned < partition.highWatermark()) {
      scanning = true;
      step();
    }
  }

  /** Every binding matches every record of the interval. */
  private void matchAll(long begin, long end, Set<QueueServing> touched) {
    for (QueueServing serving : servings.values()) {
      if (serving.stalled) {
        continue;
      }
      List<BoundRange> ranges = new ArrayList<>(serving.queue.bindings());
      ranges.sort(Comparator.comparingLong(BoundRange::since));
      for (BoundRange each : ranges) {
        long from = Math.max(Math.max(each.since(), serving.matchedTo), begin);
        long to = Math.min(each.until(), end);
        if (from < to) {
          serving.delivery().onMatched(from, to);
          serving.matchedTo = to;
          touched.add(serving);
        }
      }
    }
  }

  /** One piece of the log: the recent tail here, older ones by a reader thread. */
  private void step() {
    if (stopped || !partition.isOpen()) {
      scanning = false;
      return;
    }
    ByteBuf out = ByteBufAllocator.DEFAULT.directBuffer(STEP_BYTES);
    SealedRead sealed = SealedRead.at(partition.replicated(), scanned, ReadEnd.HIGH_WATERMARK);
    if (sealed == null) {
      PartitionError error = partition.read(scanned, ReadEnd.HIGH_WATERMARK, STEP_BYTES, out);
      onRead(batches.parse(out, scanned), error);
      return;
    }
    long from = scanned;
    readers.run(
        () -> {
          PartitionError error;
          List<RoutedBatches.Read> found;
          try (sealed) {
            error = sealed.read(from, STEP_BYTES, out);
            found = batches.parse(out, from);
          }
          partition.scheduler().execute(() -> onRead(found, error));
        });
  }

  private void onRead(List<RoutedBatches.Read> found, PartitionError error) {
    if (stopped || !deferrals.isReady()) {
      scanning = false; // read again when the delivery log takes records
      return;
    }
    Set<QueueServing> touched = new LinkedHashSet<>();
    for (RoutedBatches.Read each : found) {
      if (each.key() != null) {
        bindings.match(each.key(), bound -> match(bound, each, touched));
      } else if (each.from() < each.to()) {
        matchAll(each.from(), each.to(), touched);
      }
      scanned = Math.max(scanned, each.to());
    }
    if (found.isEmpty()) {
      if (error != null) {
        LOG.error("{} cannot be routed at offset {}: {}", partition, scanned, error.message());
      }
      scanned = Math.min(partition.highWatermark(), scanned + skip);
      skip *= 2;
    } else {
      skip = 1;
    }
    putOff.forEach(deferrals::defer);
    putOff.clear();
    matched.accept(touched);
    scanning = false;
    if (!stopped && scanned < partition.highWatermark()) {
      scanning = true;
      partition.scheduler().execute(this::goOn);
    }
  }

  private void goOn() {
    scanning = false;
    run();
  }

  private void match(BoundRange bound, RoutedBatches.Read record, Set<QueueServing> touched) {
    QueueServing serving = servings.get(bound.queue());
    long offset = record.from();
    if (offset < bound.since()
        || offset >= bound.until()
        || offset < serving.matchedTo
        || serving.stalled) {
      return;
    }
    if (record.dueMs() > 0) {
      PutOff own = putOff.computeIfAbsent(serving, each -> new PutOff());
      if (own.offsets.size() >= serving.delivery().deferralRoom()
          && !serving.delivery().wasDeferred(offset)) {
        serving.stalled = true;
        return;
      }
      own.offsets.add(offset);
      own.dueMs.add(record.dueMs());
    } else {
      serving.delivery().onMatched(offset, offset + 1);
    }
    serving.matchedTo = offset + 1;
    touched.add(serving);
  }
}
