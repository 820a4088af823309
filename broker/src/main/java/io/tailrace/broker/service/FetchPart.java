package io.tailrace.broker.service;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ReadEnd;
import io.tailrace.broker.partition.ReadListener;
import io.tailrace.broker.partition.ReadWaiter;
import io.tailrace.broker.partition.ReplicatedLog;
import io.tailrace.broker.partition.SealedRead;
import io.tailrace.broker.partition.derived.LeaderEpochs.EpochEnd;
import io.tailrace.protocol.error.ErrorCode;

/**
 * One log of a fetch and its result. Used by turns: on the partition's thread, on a reader thread
 * where the records are in sealed segments, and on the request's loop after a hop back.
 */
final class FetchPart {
  private static final int MIN_BUFFER_BYTES = 4 * 1024;

  private final long offset;
  private final ReadEnd upTo;
  private final FollowerFetch follower;
  private final int leaderEpoch;
  private final long maxBytes;
  private final Partition partition;
  private final LogId.Kind kind;
  private PartitionError error;
  private ByteBuf records = Unpooled.EMPTY_BUFFER;
  private long highWatermark;
  private long logStartOffset;
  private int reservedBytes;
  private boolean starved;
  private boolean unread;
  private SealedRead sealed;
  private int limit;
  private boolean behind;
  private EpochEnd diverging;
  private boolean deliveryLog;
  private ReadWaiter waiter;

  FetchPart(FetchQuery query, PartitionLookup.Found found) {
    this.offset = query.offset();
    this.upTo = query.upTo();
    this.follower = query.follower();
    this.leaderEpoch = query.leaderEpoch();
    this.maxBytes = query.maxBytes();
    this.partition = found.partition();
    this.kind = query.log();
    this.error = found.error();
  }

  /** Null when there is none; {@link #error} says why. */
  Partition partition() {
    return partition;
  }

  LogId.Kind kind() {
    return kind;
  }

  /** The log that is read; null where the partition has none of the kind yet. */
  ReplicatedLog log() {
    return kind == LogId.Kind.DATA ? partition.replicated() : partition.delivery();
  }

  /** Whether what it reads is open. On the partition's thread. */
  boolean isOpen() {
    ReplicatedLog log = log();
    return partition.isOpen() && (log == null || log.isOpen());
  }

  /** Runs the action when it is, or cannot be opened. On the partition's thread. */
  void whenReady(Runnable action) {
    partition.whenReady(
        () -> {
          ReplicatedLog log = log();
          if (log == null) {
            action.run();
          } else {
            log.whenReady(action);
          }
        });
  }

  PartitionError error() {
    return error;
  }

  /** What was read and not taken yet. */
  ByteBuf records() {
    return records;
  }

  /** Whether there was no memory for the answer. */
  boolean starved() {
    return starved;
  }

  /**
   * Reads, or begins to: {@link #isSealed} tells which. On the partition's thread.
   *
   * @param most bytes, unless the first batch alone is larger
   * @param full whether others have used up the answer: then only the ends of the log are looked at
   */
  void read(ResponseMemory memory, int most, boolean full) {
    starved = false;
    unread = false;
    behind = false;
    ReplicatedLog log = log();
    error = log == null ? noLog() : log.checkAccess(leaderEpoch);
    if (error != null) {
      return;
    }
    if (follower != null) {
      deliveryLog = partition.delivery() != null;
      diverging = log.onFollowerFetch(follower.follower(), follower.position(offset));
    }
    noteEnds(log);
    if (diverging != null) {
      return;
    }
    long available = log.estimateBytesFrom(offset, upTo);
    ByteBuf out = Unpooled.EMPTY_BUFFER;
    limit = (int) Math.min(maxBytes, most);
    if (available > 0) {
      if (full) {
        unread = true;
        return;
      }
      int capacity = Math.max(MIN_BUFFER_BYTES, (int) Math.min(limit, available + available / 4));
      if (!memory.tryReserve(capacity)) {
        starved = true;
        unread = true;
        return;
      }
      reservedBytes = capacity;
      out = ByteBufAllocator.DEFAULT.directBuffer(capacity);
    }
    records = out;
    sealed = SealedRead.at(log, offset, upTo);
    if (sealed == null) {
      readTail(log);
    }
  }

  /** A follower has a log that this leader has had no reason to make: it is made now. */
  private PartitionError noLog() {
    partition.needDeliveryLog();
    return new PartitionError(
        ErrorCode.LEADER_NOT_AVAILABLE, partition + " has no delivery log here yet");
  }

  /** Whether the records are in sealed segments, and {@link #readSealed} has yet to be called. */
  boolean isSealed() {
    return sealed != null;
  }

  /** Whether records were read from sealed segments, behind which there are more. */
  boolean isBehind() {
    return behind;
  }

  /** Whether there is an error, a record or a divergence to tell. */
  boolean isAnswered() {
    return error != null || diverging != null || records.isReadable();
  }

  /** Bytes that may be read, or were. */
  int plannedBytes() {
    return isSealed() ? Math.min(limit, records.capacity()) : records.readableBytes();
  }

  /** Reads from the sealed segments. On any thread; may wait for the device. */
  void readSealed() {
    try {
      noteRead(sealed.read(offset, limit, records));
      behind = records.isReadable();
    } finally {
      closeSealed();
    }
  }

  /** Reads from the log itself what the sealed segments did not have. On the partition's thread. */
  void readBehindSealed() {
    error = log().checkAccess(leaderEpoch);
    if (error == null) {
      readTail(log());
    }
  }

  private void readTail(ReplicatedLog log) {
    noteRead(log.read(offset, upTo, limit, records));
    noteEnds(log);
  }

  private void noteEnds(ReplicatedLog log) {
    highWatermark = log.highWatermark();
    logStartOffset = log.log().logStartOffset();
  }

  private void noteRead(PartitionError problem) {
    // The records read before the error are intact; the next fetch starts at the error.
    error = records.isReadable() ? null : problem;
  }

  private void closeSealed() {
    if (sealed != null) {
      SealedRead closing = sealed;
      sealed = null;
      closing.close();
    }
  }

  /** Releases the records that were read. */
  void drop() {
    records.release();
    records = Unpooled.EMPTY_BUFFER;
  }

  /** Takes the count of reserved response memory, bytes; the caller releases it. */
  int takeReserved() {
    int bytes = reservedBytes;
    reservedBytes = 0;
    return bytes;
  }

  /**
   * Registers a waiter that calls the listener when the log has grown. On the partition's thread.
   */
  void register(ReadListener listener) {
    waiter = log().awaitReadable(Math.max(offset, highWatermark), upTo, listener);
  }

  /** Removes the waiter. On the partition's thread. */
  void unregister() {
    if (waiter != null) {
      log().cancel(waiter);
      waiter = null;
    }
  }

  /** Ends with an error in place of what was read. */
  void fail(PartitionError problem) {
    closeSealed();
    drop();
    error = problem;
  }

  /** Takes the result; the caller owns the records then. */
  FetchResult takeResult() {
    ByteBuf taken = records;
    records = Unpooled.EMPTY_BUFFER;
    if (!taken.isReadable()) {
      taken.release();
      taken = Unpooled.EMPTY_BUFFER;
    }
    return new FetchResult(
        error, highWatermark, logStartOffset, taken, unread, diverging, deliveryLog);
  }
}
