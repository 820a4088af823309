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
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.RoutingKey;
import io.tailrace.protocol.record.StoredRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
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
 * looked at. Confined to the partition's scheduler, but for reads and parsing of sealed segments.
 */
final class TailMatching {
  private static final Logger LOG = LoggerFactory.getLogger(TailMatching.class);
  private static final int STEP_BYTES = 256 * 1024;

  private final Partition partition;
  private final TopicType type;
  private final ReaderThreads readers;
  private final Consumer<Collection<QueueServing>> matched;
  private final BindingMatcher<BoundRange> bindings;
  private final Map<HostedQueue, QueueServing> servings = new HashMap<>();
  private long scanned;
  private long skip = 1;
  private boolean scanning;
  private boolean stopped;

  /** A record's place and routing key. */
  private record Routed(long offset, String key) {}

  /**
   * @param matched told which queues have new messages
   */
  TailMatching(
      Partition partition,
      TopicType type,
      ReaderThreads readers,
      Collection<QueueServing> queues,
      Consumer<Collection<QueueServing>> matched) {
    this.partition = partition;
    this.type = type;
    this.readers = readers;
    this.matched = matched;
    this.bindings = BindingMatcher.of(type);
    this.scanned = Long.MAX_VALUE;
    for (QueueServing serving : queues) {
      servings.put(serving.queue, serving);
      for (BoundRange each : serving.queue.bindings()) {
        bindings.add(each.key(), each);
        scanned = Math.min(scanned, Math.max(each.since(), serving.matchedTo));
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
  }

  /** Matches what is committed and was not matched yet. */
  void run() {
    long highWatermark = partition.highWatermark();
    if (stopped || scanning || scanned >= highWatermark) {
      return;
    }
    scanned = Math.max(scanned, partition.log().logStartOffset());
    if (type == TopicType.FANOUT || type == TopicType.LOG) {
      matchAll(highWatermark);
    } else {
      scanning = true;
      step();
    }
  }

  private void matchAll(long highWatermark) {
    List<QueueServing> touched = new ArrayList<>();
    for (QueueServing serving : servings.values()) {
      List<BoundRange> ranges = new ArrayList<>(serving.queue.bindings());
      ranges.sort(Comparator.comparingLong(BoundRange::since));
      for (BoundRange each : ranges) {
        long from =
            Math.max(Math.max(each.since(), serving.matchedTo), partition.log().logStartOffset());
        long to = Math.min(each.until(), highWatermark);
        if (from < to) {
          serving.delivery().onMatched(from, to);
          serving.matchedTo = to;
          touched.add(serving);
        }
      }
    }
    scanned = highWatermark;
    matched.accept(touched);
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
      onRead(parse(out, scanned), error);
      return;
    }
    long from = scanned;
    readers.run(
        () -> {
          PartitionError error;
          List<Routed> found;
          try (sealed) {
            error = sealed.read(from, STEP_BYTES, out);
            found = parse(out, from);
          }
          partition.scheduler().execute(() -> onRead(found, error));
        });
  }

  /** Releases the batches; what stands before the offset is left out. */
  private List<Routed> parse(ByteBuf batches, long from) {
    List<Routed> found = new ArrayList<>();
    try {
      for (int at = 0; at < batches.writerIndex(); at += RecordBatch.sizeInBytes(batches, at)) {
        try (RecordReader reader = new RecordReader(batches, at)) {
          while (reader.hasNext()) {
            StoredRecord record = reader.next();
            if (record.offset() >= from) {
              found.add(new Routed(record.offset(), RoutingKey.of(record)));
            }
          }
        } catch (CorruptBatchException e) {
          LOG.error("{}: a batch cannot be routed: {}", partition, e.getMessage());
        }
        long next = RecordBatch.nextOffset(batches, at);
        found.add(new Routed(next, null));
      }
      return found;
    } finally {
      batches.release();
    }
  }

  /** A routed record without a key says only how far the log was read. */
  private void onRead(List<Routed> found, PartitionError error) {
    if (stopped) {
      scanning = false;
      return;
    }
    Set<QueueServing> touched = new LinkedHashSet<>();
    for (Routed each : found) {
      if (each.key == null) {
        scanned = each.offset;
      } else {
        bindings.match(each.key, bound -> match(bound, each.offset, touched));
      }
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
    matched.accept(touched);
    if (scanned < partition.highWatermark()) {
      partition.scheduler().execute(this::step);
    } else {
      scanning = false;
    }
  }

  private void match(BoundRange bound, long offset, Set<QueueServing> touched) {
    QueueServing serving = servings.get(bound.queue());
    if (bound.since() <= offset && offset < bound.until() && serving.matchedTo <= offset) {
      serving.delivery().onMatched(offset, offset + 1);
      serving.matchedTo = offset + 1;
      touched.add(serving);
    }
  }
}
