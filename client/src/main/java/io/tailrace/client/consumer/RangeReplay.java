package io.tailrace.client.consumer;

import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Replay;
import io.tailrace.client.TailraceException;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A replay on top of a consumer of its own, which reads each partition up to its end. Iterated by
 * one thread; offsets may be asked by another.
 */
public final class RangeReplay<K, V> implements Replay<K, V> {
  private static final long POLL_NANOS = 500_000_000;
  private static final Duration CLOSE = Duration.ofSeconds(5);

  private final PartitionConsumer<K, V> consumer;
  private final Map<TopicPartition, Range> ranges = new TreeMap<>();
  private final long stallNanos;
  private boolean iterated;

  /** One partition's part, and how far it is read; only the iterating thread moves it on. */
  private record Range(TopicPartition partition, long start, long end, AtomicLong position) {
    boolean done() {
      return position.get() >= end;
    }

    boolean holds(ConsumerRecord<?, ?> record) {
      return partition.partition() == record.partition()
          && partition.topic().equals(record.topic());
    }
  }

  /**
   * Makes a replay and lets the consumer begin to fetch.
   *
   * @param consumer not used by other code
   * @param ends exclusive; of the same partitions as the starts
   * @param stallTimeout iterating fails when nothing comes for so long before the end
   */
  public RangeReplay(
      PartitionConsumer<K, V> consumer,
      Map<TopicPartition, Long> starts,
      Map<TopicPartition, Long> ends,
      Duration stallTimeout) {
    this.consumer = consumer;
    this.stallNanos = stallTimeout.toNanos();
    starts.forEach(
        (partition, start) ->
            ranges.put(
                partition,
                new Range(partition, start, ends.get(partition), new AtomicLong(start))));
    Set<TopicPartition> unfinished = new TreeSet<>();
    for (Range range : ranges.values()) {
      if (!range.done()) {
        unfinished.add(range.partition);
      }
    }
    consumer.assign(unfinished);
    unfinished.forEach(partition -> consumer.seek(partition, starts.get(partition)));
  }

  @Override
  public Map<TopicPartition, Long> startOffsets() {
    return offsets(Range::start);
  }

  @Override
  public Map<TopicPartition, Long> endOffsets() {
    return offsets(Range::end);
  }

  @Override
  public Map<TopicPartition, Long> positions() {
    return offsets(range -> range.position.get());
  }

  private Map<TopicPartition, Long> offsets(ToLongFunction<Range> offset) {
    Map<TopicPartition, Long> offsets = new TreeMap<>();
    ranges.values().forEach(each -> offsets.put(each.partition, offset.applyAsLong(each)));
    return offsets;
  }

  @Override
  public long remaining() {
    long remaining = 0;
    for (Range range : ranges.values()) {
      remaining += Math.max(0, range.end - range.position.get());
    }
    return remaining;
  }

  @Override
  public Iterator<ConsumerRecord<K, V>> iterator() {
    if (iterated) {
      throw new IllegalStateException("a replay can be iterated once");
    }
    iterated = true;
    return new Records();
  }

  @Override
  public void forEach(Consumer<? super ConsumerRecord<K, V>> action) {
    try {
      for (Iterator<ConsumerRecord<K, V>> records = iterator(); records.hasNext(); ) {
        action.accept(records.next());
      }
    } finally {
      close();
    }
  }

  @Override
  public Stream<ConsumerRecord<K, V>> stream() {
    Spliterator<ConsumerRecord<K, V>> records =
        Spliterators.spliteratorUnknownSize(iterator(), Spliterator.ORDERED | Spliterator.NONNULL);
    return StreamSupport.stream(records, false).onClose(this::close);
  }

  @Override
  public void close() {
    consumer.closeFromOutside(CLOSE);
  }

  private final class Records implements Iterator<ConsumerRecord<K, V>> {
    private List<ConsumerRecord<K, V>> polled = List.of();
    private int index;
    private ConsumerRecord<K, V> next;
    private Range current;
    private boolean finished;

    @Override
    public boolean hasNext() {
      while (next == null && !finished) {
        if (index < polled.size()) {
          take(polled.get(index++));
        } else {
          poll();
        }
      }
      return next != null;
    }

    @Override
    public ConsumerRecord<K, V> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      ConsumerRecord<K, V> record = next;
      next = null;
      current.position.setRelease(record.offset() + 1);
      return record;
    }

    private void take(ConsumerRecord<K, V> record) {
      if (current == null || !current.holds(record)) {
        current = ranges.get(record.topicPartition());
      }
      if (record.offset() < current.end) {
        next = record;
      }
    }

    private void poll() {
      long deadline = System.nanoTime() + stallNanos;
      while (true) {
        finishPartitions();
        if (consumer.assignment().isEmpty()) {
          finished = true;
          close();
          return;
        }
        long left = deadline - System.nanoTime();
        if (left <= 0) {
          throw stalled();
        }
        polled = consumer.poll(Duration.ofNanos(Math.min(POLL_NANOS, left)));
        index = 0;
        if (!polled.isEmpty()) {
          return;
        }
      }
    }

    /** Lets go of partitions that have reached their end, or hold nothing more before it. */
    private void finishPartitions() {
      Set<TopicPartition> left = new TreeSet<>();
      Set<TopicPartition> assigned = consumer.assignment();
      for (TopicPartition partition : assigned) {
        Range range = ranges.get(partition);
        if (consumer.position(partition) < range.end
            && !consumer.isEmptyUpTo(partition, range.end)) {
          left.add(partition);
        } else {
          range.position.set(range.end);
        }
      }
      if (left.size() < assigned.size()) {
        consumer.assign(left);
      }
    }

    private TailraceException stalled() {
      return new TailraceException(
          ErrorCode.REQUEST_TIMED_OUT,
          "nothing came for "
              + Duration.ofNanos(stallNanos).toMillis()
              + " ms; positions "
              + positions()
              + ", ends "
              + endOffsets());
    }
  }
}
