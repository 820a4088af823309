package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.DerivedStates;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Appends the batches of produce requests to a partition's data log, in the order of the requests:
 * while the log's next files are being prepared, they wait here. Finds duplicates of idempotent
 * producers. Confined to the partition's scheduler.
 */
final class Appender {

  /** How long a request waits for the log's next files, milliseconds. */
  private static final long MAX_WAIT_MS = 10_000;

  /** The partition, as appends need it. */
  interface Owner {
    /** Why a request may not begin to append now; null when it may. */
    PartitionError refusal(PendingAppend append);

    int leaderEpoch();

    /** A request was dealt with as far as it will be; {@link PendingAppend#error} says more. */
    void onAppended(PendingAppend append);
  }

  private final LazyLog log;
  private final DerivedStates states;
  private final ProducerStates producers;
  private final Clock clock;
  private final Owner owner;
  private final ArrayDeque<PendingAppend> waiting = new ArrayDeque<>();

  /**
   * @param states all that are derived from the log, the producers among them
   */
  Appender(LazyLog log, DerivedStates states, ProducerStates producers, Clock clock, Owner owner) {
    this.log = log;
    this.states = states;
    this.producers = producers;
    this.clock = clock;
    this.owner = owner;
  }

  /** Appends now, or behind those that wait. */
  void append(PendingAppend append) {
    if (waiting.isEmpty() && tryAppend(append)) {
      owner.onAppended(append);
    } else {
      append.waitFrom(clock.monotonicMs());
      waiting.add(append);
    }
  }

  /** Goes on with the requests that wait, as far as the log takes them. */
  void resume() {
    while (!waiting.isEmpty()) {
      PendingAppend next = waiting.peek();
      if (!tryAppend(next)) {
        return;
      }
      if (waiting.remove(next)) { // else the log failed under it, and recheck() has ended it
        owner.onAppended(next);
      }
    }
  }

  /**
   * Ends the requests that may not append any more: the log or the leadership was lost. The one
   * under which the log failed keeps its own error, which says more.
   */
  void recheck() {
    List<PendingAppend> over = new ArrayList<>();
    for (PendingAppend append : waiting) {
      PartitionError error = append.error() == null ? refusal(append) : append.error();
      if (error != null) {
        append.fail(error);
        over.add(append);
      }
    }
    end(over);
  }

  /** Ends the requests that have waited for too long. */
  void expire(long nowMs) {
    List<PendingAppend> over = new ArrayList<>();
    for (PendingAppend append : waiting) {
      if (nowMs - append.waitsSinceMs() >= MAX_WAIT_MS) {
        append.fail(
            new PartitionError(
                ErrorCode.OVERLOADED, log + " is still preparing its next files; try again"));
        over.add(append);
      }
    }
    end(over);
  }

  private void end(List<PendingAppend> over) {
    waiting.removeAll(over);
    over.forEach(owner::onAppended);
  }

  private PartitionError refusal(PendingAppend append) {
    if (append.count() == 0) {
      return owner.refusal(append);
    }
    return append.epoch() == owner.leaderEpoch() && log.isOpen()
        ? null
        : new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN, log + " changed its leader epoch or failed between batches");
  }

  /**
   * Appends what can be appended.
   *
   * @return false when the log is not ready for more of it yet
   */
  private boolean tryAppend(PendingAppend append) {
    PartitionError refusal = refusal(append);
    if (refusal != null) {
      append.fail(refusal);
      return true;
    }
    append.begin(owner.leaderEpoch());
    try {
      while (!append.isComplete()) {
        appendSome(append);
      }
    } catch (LogException e) {
      if (e.code() == ErrorCode.OVERLOADED) {
        return false;
      }
      onRefused(append, e);
    } catch (ProducerStates.SequenceException e) {
      append.fail(new PartitionError(e.code(), log + ": " + e.getMessage()));
      if (e.code() == ErrorCode.DUPLICATE_SEQUENCE) {
        // Tells the producer that its records are there: that has to be as true as an offset is.
        append.requireEndOffset(log.opened().logEndOffset());
      }
    }
    return true;
  }

  private void onRefused(PendingAppend append, LogException e) {
    if (e.code() != ErrorCode.STORAGE_ERROR) {
      append.fail(new PartitionError(e.code(), log + ": " + e.getMessage()));
      return;
    }
    // Some of it may be in the log's files, and be found there after a restart.
    append.fail(
        new PartitionError(
            ErrorCode.OUTCOME_UNKNOWN, log + " failed during the append: " + e.getMessage()));
    log.fail(e);
  }

  /** Appends at least one batch, or finds out that it was appended before. */
  private void appendSome(PendingAppend append) {
    ByteBuf batches = append.batches;
    int index = append.next();
    checkSize(RecordBatch.sizeInBytes(batches, index));
    long duplicateOf = producers.check(batches, index);
    if (duplicateOf != ProducerStates.NOT_A_DUPLICATE) {
      append.onDealtWith(duplicateOf);
      return;
    }
    PartitionLog opened = log.opened();
    int placed = place(batches, index, append.end(), opened.logEndOffset());
    int until = index + opened.append(batches, index, placed - index);
    long nowMs = clock.wallMs();
    while (append.next() < until) {
      states.apply(batches, append.next(), nowMs);
      append.onDealtWith(RecordBatch.baseOffset(batches, append.next()));
    }
  }

  /**
   * Gives a batch its place in the partition, and those behind it that may be appended when it is.
   *
   * @return where the first batch begins that got none
   */
  private int place(ByteBuf batches, int index, int end, long logEndOffset) {
    int at = index;
    int before;
    long offset = logEndOffset;
    do {
      RecordBatch.place(batches, at, offset, owner.leaderEpoch());
      offset = RecordBatch.nextOffset(batches, at);
      before = at;
      at += RecordBatch.sizeInBytes(batches, at);
    } while (at < end
        && RecordBatch.sizeInBytes(batches, at) <= log.config().maxBatchBytes()
        && ProducerStates.follows(batches, at, before));
    return at;
  }

  private void checkSize(int size) {
    int maxBatchBytes = log.config().maxBatchBytes();
    if (size > maxBatchBytes) {
      throw new LogException(
          ErrorCode.BATCH_TOO_LARGE,
          "a batch of " + size + " bytes is larger than max.message.bytes=" + maxBatchBytes);
    }
  }
}
