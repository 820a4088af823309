package io.tailrace.client.producer;

import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordHeader;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the threads that send put the records of one partition, and where the sender takes batches
 * from. Guarded by its lock; {@link #delivery} belongs to the sender.
 */
final class PartitionQueue {
  /** What became of an {@link #append}. */
  enum Outcome {
    APPENDED,
    /** There is no memory for another batch; the record was not appended. */
    NO_MEMORY,
    /** The producer is closed; the record was not appended. */
    CLOSED
  }

  final String topic;
  final int partition;
  final PartitionDelivery delivery;
  private final Sender sender;
  private final BufferPool pool;
  private final int batchBytes;
  private final CompressionType compression;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<ProducerBatch> full = new ArrayDeque<>();
  private ProducerBatch open;
  private int fullBytes;
  private int lastCount;

  /** Whether the sender has this queue on its list; it takes it off when there is nothing left. */
  private boolean active;

  private boolean closed;

  /** Who sends it, or null while nobody leads the partition. Written under the lock. */
  private volatile BrokerLane lane;

  PartitionQueue(String topic, int partition, Sender sender, BufferPool pool) {
    this.topic = topic;
    this.partition = partition;
    this.sender = sender;
    this.pool = pool;
    this.batchBytes = sender.config().batchBytes();
    this.compression = sender.config().compression();
    this.delivery = new PartitionDelivery(this, sender);
  }

  /**
   * Adds a record to the open batch, or to a new one.
   *
   * @param upperBound bytes that the record takes at most
   * @param memory for a new batch, if need be; null = from the pool, if it has some. Taken over.
   */
  Outcome append(
      long timestampMs,
      byte[] key,
      byte[] value,
      List<RecordHeader> headers,
      int upperBound,
      Object waiter,
      byte[] memory) {
    ProducerBatch rolled = null;
    boolean activated = false;
    byte[] unused = memory;
    Outcome outcome = Outcome.APPENDED;
    lock.lock();
    try {
      if (closed) {
        outcome = Outcome.CLOSED;
      } else {
        if (open != null && !open.hasRoomFor(upperBound, batchBytes)) {
          rolled = roll();
        }
        if (open == null) {
          byte[] space = memory != null ? memory : pool.tryTake(sizeFor(upperBound));
          unused = null;
          if (space == null) {
            outcome = Outcome.NO_MEMORY;
          } else {
            open = sender.newBatch(space, lastCount);
            activated = !active;
            active = true;
          }
        }
        if (outcome == Outcome.APPENDED) {
          open.append(timestampMs, key, value, headers, waiter);
        }
      }
    } finally {
      lock.unlock();
    }
    if (unused != null) {
      pool.release(unused);
    }
    if (rolled != null) {
      rolled.compress(compression);
      sender.onFull(lane);
    }
    if (activated) {
      sender.onActivated(this);
    }
    return outcome;
  }

  /** Bytes that a batch for such a record needs. */
  int sizeFor(int upperBound) {
    return Math.max(batchBytes, upperBound + RecordBatch.HEADER_BYTES);
  }

  private ProducerBatch roll() {
    ProducerBatch batch = open;
    open = null;
    lastCount = batch.count();
    full.addLast(batch);
    addFullBytes(batch.close());
    return batch;
  }

  /** Closes the open batch, so that it is sent next. */
  void closeOpen() {
    ProducerBatch rolled = null;
    lock.lock();
    try {
      if (open != null) {
        rolled = roll();
      }
    } finally {
      lock.unlock();
    }
    if (rolled != null) {
      rolled.compress(compression);
    }
  }

  /**
   * Takes batches in their order, as many as the request has room for. On the sender's thread.
   *
   * @param openedBefore the open batch is taken too when it was begun before this, {@link
   *     Sender#nanos}
   */
  void take(RequestAssembly request, long openedBefore) {
    while (true) {
      ProducerBatch taken = null;
      ProducerBatch rolled = null;
      lock.lock();
      try {
        ProducerBatch next = full.peekFirst();
        if (next != null) {
          if (!next.ready() || !request.hasRoomFor(next.sizeInBytes())) {
            return;
          }
          taken = removeFull();
        } else if (open != null && open.createdNanos < openedBefore) {
          rolled = roll();
        } else {
          return;
        }
      } finally {
        lock.unlock();
      }
      if (taken != null) {
        delivery.send(taken, request);
      } else {
        rolled.compress(compression);
      }
    }
  }

  private ProducerBatch removeFull() {
    ProducerBatch batch = full.pollFirst();
    addFullBytes(-batch.closedBytes());
    return batch;
  }

  private void addFullBytes(int bytes) {
    fullBytes += bytes;
    if (lane != null) {
      lane.addFullBytes(bytes);
    }
  }

  /**
   * Takes the queue off the sender's list if there is nothing in it: the next append puts it on
   * again. On the sender's thread.
   *
   * @return whether it is off
   */
  boolean deactivateIfEmpty() {
    lock.lock();
    try {
      active = open != null || !full.isEmpty();
      return !active;
    } finally {
      lock.unlock();
    }
  }

  /** When the oldest batch was begun, {@link Sender#nanos}; a far future when there is none. */
  long oldestNanos() {
    lock.lock();
    try {
      ProducerBatch oldest = full.isEmpty() ? open : full.peekFirst();
      return oldest == null ? Long.MAX_VALUE : oldest.createdNanos;
    } finally {
      lock.unlock();
    }
  }

  /** Says who sends this queue from now on; null = nobody knows. On the sender's thread. */
  void assign(BrokerLane newLane) {
    lock.lock();
    try {
      if (lane != null) {
        lane.addFullBytes(-fullBytes);
      }
      lane = newLane;
      if (newLane != null) {
        newLane.addFullBytes(fullBytes);
      }
    } finally {
      lock.unlock();
    }
  }

  BrokerLane lane() {
    return lane;
  }

  /** Removes and returns the batches that were begun before this moment. On the sender's thread. */
  List<ProducerBatch> removeOlderThan(long nanos) {
    List<ProducerBatch> removed = new ArrayList<>();
    lock.lock();
    try {
      while (!full.isEmpty() && full.peekFirst().ready() && full.peekFirst().createdNanos < nanos) {
        removed.add(removeFull());
      }
      if (full.isEmpty() && open != null && open.createdNanos < nanos) {
        removed.add(open);
        open = null;
      }
    } finally {
      lock.unlock();
    }
    return removed;
  }

  /** Refuses records from now on. */
  void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
  }
}
