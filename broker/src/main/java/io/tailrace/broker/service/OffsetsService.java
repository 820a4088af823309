package io.tailrace.broker.service;

import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.protocol.error.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * Finds where partitions and their leader epochs begin and end, and where a time is in them.
 * Thread-safe.
 */
public final class OffsetsService {
  private final PartitionLookup lookup;
  private final ReaderThreads readers;

  /**
   * @param readers look for times in the sealed segments
   */
  public OffsetsService(PartitionLookup lookup, ReaderThreads readers) {
    this.lookup = lookup;
    this.readers = readers;
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

  /**
   * Finds where the records of a leader epoch end.
   *
   * @param done gets the result once; on any thread
   */
  public void endOfEpoch(EpochEndQuery query, Consumer<EpochEndResult> done) {
    PartitionLookup.Found found = lookup.find(query.topic(), null, query.partition());
    if (found.error() != null) {
      done.accept(EpochEndResult.failed(found.error()));
      return;
    }
    Partition partition = found.partition();
    Consumer<Throwable> failed =
        e -> done.accept(EpochEndResult.failed(UnexpectedError.of(ErrorCode.UNKNOWN, e)));
    String task = "a query for the end of a leader epoch";
    Runnable answer =
        UnexpectedError.guard(task, () -> done.accept(endOfEpoch(partition, query)), failed);
    partition
        .scheduler()
        .runOrExecute(UnexpectedError.guard(task, () -> partition.whenReady(answer), failed));
  }

  /** On the partition's thread. */
  private static EpochEndResult endOfEpoch(Partition partition, EpochEndQuery query) {
    PartitionError denied = partition.checkAccess(query.currentLeaderEpoch());
    if (denied != null) {
      return EpochEndResult.failed(denied);
    }
    LeaderEpochs.EpochEnd end = partition.replicated().endOfEpoch(query.epoch());
    return end == null
        ? EpochEndResult.UNKNOWN
        : new EpochEndResult(null, end.epoch(), end.endOffset());
  }

  private void find(OffsetQuery query, Consumer<OffsetResult> done) {
    PartitionLookup.Found found = lookup.find(query.topic(), query.topicId(), query.partition());
    if (found.error() != null) {
      done.accept(OffsetResult.failed(found.error()));
      return;
    }
    Partition partition = found.partition();
    Runnable answer = guard(done, () -> answer(partition, query, done));
    partition.scheduler().runOrExecute(guard(done, () -> partition.whenReady(answer)));
  }

  private static Runnable guard(Consumer<OffsetResult> done, Runnable task) {
    return UnexpectedError.guard(
        "a list offsets request",
        task,
        e -> done.accept(OffsetResult.failed(UnexpectedError.of(ErrorCode.UNKNOWN, e))));
  }

  /** On the partition's thread. */
  private void answer(Partition partition, OffsetQuery query, Consumer<OffsetResult> done) {
    PartitionError denied = partition.checkAccess(query.leaderEpoch());
    if (denied != null) {
      done.accept(OffsetResult.failed(denied));
    } else if (query.timestampMs() == OffsetQuery.EARLIEST) {
      done.accept(end(partition, partition.log().logStartOffset()));
    } else if (query.timestampMs() == OffsetQuery.LATEST) {
      PartitionError unknown = partition.checkLatest();
      done.accept(
          unknown == null
              ? end(partition, partition.highWatermark())
              : OffsetResult.failed(unknown));
    } else if (query.timestampMs() == OffsetQuery.LARGEST_TIMESTAMP) {
      new LargestTimestamp(partition, query, done).begin();
    } else {
      findTime(partition, query, done);
    }
  }

  /**
   * Looks for the record with the largest timestamp. The log's largest timestamp is that record's,
   * unless it belongs to a record that is not committed or was deleted: then the largest one that
   * is found lies between a timestamp that is found and one that is not, and each search halves
   * what is between. Used by one thread at a time.
   */
  private final class LargestTimestamp {
    private final Partition partition;
    private final OffsetQuery asked;
    private final Consumer<OffsetResult> done;
    private OffsetResult largest;
    private long beyondAllMs;

    LargestTimestamp(Partition partition, OffsetQuery asked, Consumer<OffsetResult> done) {
      this.partition = partition;
      this.asked = asked;
      this.done = done;
    }

    /** On the partition's thread. */
    void begin() {
      long largestMs = partition.log().maxTimestampMs();
      largest = end(partition, partition.highWatermark());
      beyondAllMs = largestMs + 1;
      if (largestMs < 0) {
        done.accept(largest);
      } else {
        search(largestMs);
      }
    }

    private void search(long timestampMs) {
      OffsetQuery query =
          new OffsetQuery(
              asked.topic(), asked.topicId(), asked.partition(), asked.leaderEpoch(), timestampMs);
      findTime(partition, query, result -> onResult(timestampMs, result));
    }

    /** On the partition's thread, or a reader. */
    private void onResult(long timestampMs, OffsetResult result) {
      if (result.error() != null) {
        done.accept(result);
        return;
      }
      if (result.timestampMs() >= timestampMs) {
        largest = result;
      } else {
        beyondAllMs = timestampMs;
      }
      long between = beyondAllMs - largest.timestampMs() - 1;
      if (between <= 0) {
        done.accept(largest);
      } else {
        long next = largest.timestampMs() + 1 + between / 2;
        partition.scheduler().execute(guard(done, () -> search(next)));
      }
    }
  }

  private static OffsetResult end(Partition partition, long offset) {
    return new OffsetResult(null, offset, -1, partition.leaderEpoch());
  }

  private void findTime(Partition partition, OffsetQuery query, Consumer<OffsetResult> done) {
    SealedRead sealed = SealedRead.atTimestamp(partition.replicated(), query.timestampMs());
    if (sealed == null) {
      done.accept(findInLog(partition, query));
      return;
    }
    int epoch = partition.leaderEpoch();
    readers.run(
        guard(
            done,
            () -> {
              TimestampedOffset found = find(sealed, query.timestampMs());
              if (found != null) {
                done.accept(new OffsetResult(null, found.offset(), found.timestampMs(), epoch));
              } else { // such a record was cut off or is not committed: the log knows what follows
                partition
                    .scheduler()
                    .execute(guard(done, () -> done.accept(findInLog(partition, query))));
              }
            }));
  }

  /** Null also when the segments cannot be read: the log tells that better. */
  private static TimestampedOffset find(SealedRead sealed, long timestampMs) {
    try (sealed) {
      return sealed.find(timestampMs);
    } catch (LogException e) {
      return null;
    }
  }

  /** On the partition's thread. */
  private static OffsetResult findInLog(Partition partition, OffsetQuery query) {
    PartitionError denied = partition.checkAccess(query.leaderEpoch());
    if (denied != null) {
      return OffsetResult.failed(denied);
    }
    try {
      TimestampedOffset found =
          partition.log().findByTimestamp(query.timestampMs(), partition.highWatermark());
      return found == null
          ? end(partition, partition.highWatermark())
          : new OffsetResult(null, found.offset(), found.timestampMs(), partition.leaderEpoch());
    } catch (LogException e) {
      return OffsetResult.failed(new PartitionError(e.code(), partition + ": " + e.getMessage()));
    }
  }
}
