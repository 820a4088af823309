package io.tailrace.broker.service;

import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/** Finds where partitions begin and end, and where a time is in them. Thread-safe. */
public final class OffsetsService {
  private final PartitionLookup lookup;

  public OffsetsService(PartitionLookup lookup) {
    this.lookup = lookup;
  }

  /**
   * Answers the queries of one request.
   *
   * @param done gets one result for each, in order, once; on any thread
   */
  public void list(List<OffsetQuery> queries, Consumer<List<OffsetResult>> done) {
    if (queries.isEmpty()) {
      done.accept(List.of());
      return;
    }
    AtomicReferenceArray<OffsetResult> results = new AtomicReferenceArray<>(queries.size());
    AtomicInteger pending = new AtomicInteger(queries.size());
    for (int i = 0; i < queries.size(); i++) {
      int each = i;
      find(
          queries.get(i),
          result -> {
            if (results.compareAndSet(each, null, result) && pending.decrementAndGet() == 0) {
              OffsetResult[] all = new OffsetResult[results.length()];
              Arrays.setAll(all, results::get);
              done.accept(List.of(all));
            }
          });
    }
  }

  private void find(OffsetQuery query, Consumer<OffsetResult> done) {
    PartitionLookup.Found found = lookup.find(query.topic(), query.topicId(), query.partition());
    if (found.error() != null) {
      done.accept(OffsetResult.failed(found.error()));
      return;
    }
    Partition partition = found.partition();
    Runnable answer = guard(done, () -> done.accept(answer(partition, query)));
    partition.scheduler().runOrExecute(guard(done, () -> partition.whenReady(answer)));
  }

  private static Runnable guard(Consumer<OffsetResult> done, Runnable task) {
    return UnexpectedError.guard(
        "a list offsets request",
        task,
        e -> done.accept(OffsetResult.failed(UnexpectedError.of(ErrorCode.UNKNOWN, e))));
  }

  private static OffsetResult answer(Partition partition, OffsetQuery query) {
    PartitionError denied = partition.checkAccess(query.leaderEpoch());
    if (denied != null) {
      return OffsetResult.failed(denied);
    }
    int epoch = partition.leaderEpoch();
    if (query.timestampMs() == OffsetQuery.EARLIEST) {
      return new OffsetResult(null, partition.log().logStartOffset(), -1, epoch);
    }
    if (query.timestampMs() == OffsetQuery.LATEST) {
      PartitionError unknown = partition.checkLatest();
      return unknown == null
          ? new OffsetResult(null, partition.highWatermark(), -1, epoch)
          : OffsetResult.failed(unknown);
    }
    try {
      TimestampedOffset found =
          partition.log().findByTimestamp(query.timestampMs(), partition.highWatermark());
      return found == null
          ? new OffsetResult(null, partition.highWatermark(), -1, epoch)
          : new OffsetResult(null, found.offset(), found.timestampMs(), epoch);
    } catch (LogException e) {
      return OffsetResult.failed(new PartitionError(e.code(), partition + ": " + e.getMessage()));
    }
  }
}
