package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.config.RecordLimits;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicRules;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.DeliverAfter;
import io.tailrace.protocol.record.ProducedBatch;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.TimeToLive;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Appends record batches: checks them on the thread that read them, then hands each partition its
 * part, inline when that thread owns the partition and with one hop otherwise. Thread-safe.
 */
public final class ProduceService {
  private final PartitionLookup lookup;
  private final Function<TopicImage, RecordLimits> limits;
  private final Clock clock;

  /**
   * @param limits what producers may send to a topic; called from any thread
   */
  public ProduceService(
      PartitionLookup lookup, Function<TopicImage, RecordLimits> limits, Clock clock) {
    this.lookup = lookup;
    this.limits = limits;
    this.clock = clock;
  }

  /**
   * Appends the parts of one request.
   *
   * @param acks 0, 1 or -1
   * @param timeoutMs how long to wait for other replicas
   * @param records the batches of all parts, whose positions begin at its reader index; must stay
   *     until the results are there
   * @param done gets one result for each part, in order, once; on any thread
   */
  public void produce(
      int acks,
      long timeoutMs,
      List<ProducePart> parts,
      ByteBuf records,
      Consumer<List<ProduceResult>> done) {
    if (parts.isEmpty()) {
      done.accept(List.of());
    } else {
      new Operation(acks, timeoutMs, records, new Results(parts.size(), done)).start(parts);
    }
  }

  /** The results of one request's parts; the part that is done last tells. Thread-safe. */
  private static final class Results {
    private final AtomicReferenceArray<ProduceResult> results;
    private final AtomicInteger pending;
    private final Consumer<List<ProduceResult>> done;

    Results(int count, Consumer<List<ProduceResult>> done) {
      this.results = new AtomicReferenceArray<>(count);
      this.pending = new AtomicInteger(count);
      this.done = done;
    }

    /** The first result of a part counts; an error behind it changes nothing. */
    void set(int part, ProduceResult result) {
      if (results.compareAndSet(part, null, result) && pending.decrementAndGet() == 0) {
        ProduceResult[] all = new ProduceResult[results.length()];
        Arrays.setAll(all, results::get);
        done.accept(List.of(all));
      }
    }
  }

  /** One request. */
  private final class Operation {
    private final int acks;
    private final long timeoutMs;
    private final ByteBuf records;
    private final Results results;

    Operation(int acks, long timeoutMs, ByteBuf records, Results results) {
      this.acks = acks;
      this.timeoutMs = timeoutMs;
      this.records = records;
      this.results = results;
    }

    void start(List<ProducePart> parts) {
      int from = records.readerIndex();
      for (int i = 0; i < parts.size(); i++) {
        int each = i;
        ProducePart part = parts.get(i);
        // The records must outlive the parts that were handed over, so each fails by itself.
        guard(each, () -> start(each, part, from + part.position())).run();
      }
    }

    private void start(int i, ProducePart part, int index) {
      PartitionLookup.Found found = lookup.find(part.topic(), part.topicId(), part.partition());
      PartitionError error =
          found.error() != null ? found.error() : check(found.topic(), index, part.length());
      if (error != null) {
        results.set(i, ProduceResult.failed(error));
        return;
      }
      Partition partition = found.partition();
      Runnable append =
          guard(
              i,
              () ->
                  partition.produce(
                      records,
                      index,
                      part.length(),
                      acks,
                      part.leaderEpoch(),
                      timeoutMs,
                      result -> results.set(i, result)));
      partition.scheduler().runOrExecute(guard(i, () -> partition.whenReady(append)));
    }

    private PartitionError check(TopicImage topic, int index, int length) {
      if (TopicRules.isInternal(topic.name())) {
        return new PartitionError(
            ErrorCode.INTERNAL_TOPIC,
            "topic '" + topic.name() + "' holds state of the brokers; only they write it");
      }
      if (length == 0) {
        return new PartitionError(
            ErrorCode.INVALID_REQUEST, "no records were sent for the partition");
      }
      RecordLimits limit = limits.apply(topic);
      long maxTimestampMs = limit.maxTimestampMs(clock.wallMs());
      try {
        int end = index + length;
        for (int at = index; at < end; ) {
          int size = ProducedBatch.check(records, at, end - at);
          ProducedBatch.checkUncompressedSize(records, at, limit.maxUncompressedBytes());
          if (limit.keysRequired()) {
            ProducedBatch.checkKeys(records, at);
          }
          if (RecordBatch.maxTimestampMs(records, at) > maxTimestampMs) {
            return inTheFuture(at, limit);
          }
          if (RecordBatch.isTimed(records, at)) {
            PartitionError error = checkTimes(at, limit);
            if (error != null) {
              return error;
            }
          }
          at += size;
        }
        return null;
      } catch (CorruptBatchException e) {
        return new PartitionError(e.code(), e.getMessage());
      }
    }

    /**
     * Looks into the one batch in thousands that says that its records have delays or times to
     * live.
     */
    private PartitionError checkTimes(int index, RecordLimits limit) {
      try (RecordReader reader = new RecordReader(records, index, limit.maxUncompressedBytes())) {
        while (reader.hasNext()) {
          List<RecordHeader> headers = reader.next().headers();
          if (TimeToLive.ttlMs(headers) == TimeToLive.INVALID) {
            return new PartitionError(ErrorCode.INVALID_DELAY, "ttl is a number of milliseconds");
          }
          long delayMs = DeliverAfter.delayMs(headers);
          if (delayMs == DeliverAfter.INVALID) {
            return new PartitionError(
                ErrorCode.INVALID_DELAY, "deliver-after is a number of milliseconds");
          }
          if (delayMs > limit.maxDelayMs()) {
            return new PartitionError(
                ErrorCode.INVALID_DELAY,
                "deliver-after="
                    + delayMs
                    + " ms is longer than half of retention.ms, "
                    + limit.maxDelayMs()
                    + " ms: the message might be gone before it is due");
          }
        }
        return null;
      }
    }

    private PartitionError inTheFuture(int index, RecordLimits limit) {
      return new PartitionError(
          ErrorCode.INVALID_TIMESTAMP,
          "the timestamp "
              + RecordBatch.maxTimestampMs(records, index)
              + " ms is ahead of the broker's clock by more than"
              + " message.timestamp.after.max.ms="
              + limit.timestampAfterMaxMs());
    }

    /** What an unexpected error leaves open is whether the records were appended. */
    private Runnable guard(int i, Runnable task) {
      return UnexpectedError.guard(
          "a produce request",
          task,
          e ->
              results.set(
                  i, ProduceResult.failed(UnexpectedError.of(ErrorCode.OUTCOME_UNKNOWN, e))));
    }
  }
}
