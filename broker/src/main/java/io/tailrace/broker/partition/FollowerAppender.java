package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.broker.partition.derived.LeaderEpochs;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.RecordBatch;

/**
 * Appends what a follower has fetched to its data log, as the leader's log has it: each batch is
 * checked against its checksum, and offsets and leader epochs may only rise. Gaps between batches
 * are copied. Batches that the log holds already are left out: an answer may cross a newer request.
 * Confined to the partition's scheduler.
 */
final class FollowerAppender {

  /** The partition, as the appends of a follower need it. */
  interface Owner {
    /** The epoch in which this broker follows; -1 when it does not. */
    int followedEpoch();

    /** The log has no batches: begins again at an offset below its start. */
    void beginAgainAt(long offset);

    /**
     * Some batches were appended.
     *
     * @param logStart where the log begins within the first of them; negative when it does not
     */
    void onAppended(long logStart);
  }

  private final LazyLog log;
  private final DerivedStates states;
  private final LeaderEpochs leaderEpochs;
  private final Clock clock;
  private final Owner owner;

  /** Waits for the log's next files; null = none does. */
  private FetchedBatches waiting;

  /**
   * @param states all that are derived from the log, the leader epochs among them
   */
  FollowerAppender(
      LazyLog log, DerivedStates states, LeaderEpochs leaderEpochs, Clock clock, Owner owner) {
    this.log = log;
    this.states = states;
    this.leaderEpochs = leaderEpochs;
    this.clock = clock;
    this.owner = owner;
  }

  /** Whether the log's end is about to move. */
  boolean isWaiting() {
    return waiting != null;
  }

  /** Appends now, or when the log's next files are ready. One at a time. */
  void append(FetchedBatches fetched) {
    if (waiting != null) {
      fetched.end(
          new PartitionError(ErrorCode.OVERLOADED, log + " has not appended the fetch before"));
      return;
    }
    tryAppend(fetched);
  }

  /** The log may take appends again. */
  void resume() {
    if (waiting != null) {
      FetchedBatches next = waiting;
      waiting = null;
      tryAppend(next);
    }
  }

  /** The epoch or the log may have ended. */
  void recheck() {
    if (waiting != null) {
      PartitionError error = refusal(waiting);
      if (error != null) {
        FetchedBatches over = waiting;
        waiting = null;
        over.end(error);
      }
    }
  }

  private PartitionError refusal(FetchedBatches fetched) {
    if (!log.isOpen()) {
      return log.failure() == null
          ? new PartitionError(ErrorCode.OVERLOADED, log + " is being opened")
          : log.failure();
    }
    return owner.followedEpoch() == fetched.leaderEpoch
        ? null
        : new PartitionError(
            ErrorCode.FENCED_LEADER_EPOCH,
            log + " is not followed in leader epoch " + fetched.leaderEpoch + " any more");
  }

  private void tryAppend(FetchedBatches fetched) {
    PartitionError error = refusal(fetched);
    int begun = fetched.next();
    try {
      while (error == null && skipKnown(fetched)) {
        beginWithinBatch(fetched);
        appendSome(fetched, check(fetched));
      }
    } catch (CorruptBatchException e) {
      error = new PartitionError(ErrorCode.CORRUPT_BATCH, log + ": " + e.getMessage());
    } catch (LogException e) {
      if (e.code() == ErrorCode.OVERLOADED) {
        waiting = fetched;
      } else {
        error = PartitionError.of(log.toString(), e);
        if (e.code() == ErrorCode.STORAGE_ERROR) {
          log.fail(e);
        }
      }
    }
    if (fetched.next() > begun && log.isOpen()) {
      owner.onAppended(fetched.logStart());
      fetched.setLogStart(FetchedBatches.NOT_WITHIN_A_BATCH);
    }
    if (waiting != fetched) {
      fetched.end(error);
    }
  }

  /** Leaves out the leading batches that the log holds. Returns whether any is left. */
  private boolean skipKnown(FetchedBatches fetched) {
    long logEndOffset = log.opened().logEndOffset();
    while (fetched.next() < fetched.end()) {
      RecordBatch.checkStructure(fetched.batches, fetched.next(), fetched.end() - fetched.next());
      if (RecordBatch.nextOffset(fetched.batches, fetched.next()) > logEndOffset) {
        return true;
      }
      fetched.advanceTo(fetched.next() + RecordBatch.sizeInBytes(fetched.batches, fetched.next()));
    }
    return false;
  }

  /**
   * The leader's log may begin within a batch, where records were deleted by request. A log without
   * batches that begins there, too, takes that batch as a whole.
   */
  private void beginWithinBatch(FetchedBatches fetched) {
    long end = log.opened().logEndOffset();
    long baseOffset = RecordBatch.baseOffset(fetched.batches, fetched.next());
    if (log.opened().logStartOffset() == end && baseOffset < end) {
      owner.beginAgainAt(baseOffset);
      fetched.setLogStart(end);
    }
  }

  /** Checks all batches that are left. Returns where the last one ends. */
  private int check(FetchedBatches fetched) {
    ByteBuf in = fetched.batches;
    long offset = log.opened().logEndOffset();
    int epoch = leaderEpochs.lastBatchEpoch(offset);
    int at = fetched.next();
    while (at < fetched.end()) {
      int size = RecordBatch.check(in, at, fetched.end() - at);
      long baseOffset = RecordBatch.baseOffset(in, at);
      int batchEpoch = RecordBatch.leaderEpoch(in, at);
      if (baseOffset < offset) {
        throw new CorruptBatchException(
            "the leader sent offset " + baseOffset + " where " + offset + " or more must follow");
      }
      if (batchEpoch < epoch || batchEpoch > fetched.leaderEpoch) {
        throw new CorruptBatchException(
            "the leader sent leader epoch "
                + batchEpoch
                + " at offset "
                + baseOffset
                + ", where "
                + epoch
                + " to "
                + fetched.leaderEpoch
                + " may follow");
      }
      offset = RecordBatch.nextOffset(in, at);
      epoch = batchEpoch;
      at += size;
    }
    return at;
  }

  private void appendSome(FetchedBatches fetched, int end) {
    PartitionLog opened = log.opened();
    while (fetched.next() < end) {
      int until =
          fetched.next() + opened.append(fetched.batches, fetched.next(), end - fetched.next());
      long nowMs = clock.wallMs();
      while (fetched.next() < until) {
        states.apply(fetched.batches, fetched.next(), nowMs);
        fetched.advanceTo(
            fetched.next() + RecordBatch.sizeInBytes(fetched.batches, fetched.next()));
      }
    }
  }
}
