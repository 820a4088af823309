package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where the threads that send put the records of one partition, and where the sender takes batches
 * from.
 *
 * <p>The open batch is guarded by the lock. The sender takes full batches without it: the threads
 * that send hold it for every record, and waiting for each other would cost both more than the work
 * does. A batch is among the full ones before it stops being the open one, so that a reader that
 * looks at the open one first never misses it. {@link #delivery} belongs to the sender.
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

  /** In their order. Added to under the lock, taken from on the sender's thread. */
  private final ConcurrentLinkedQueue<ProducerBatch> full = new ConcurrentLinkedQueue<>();

  private final AtomicInteger fullBytes = new AtomicInteger();

  /** Written under the lock. */
  private volatile ProducerBatch open;

  private int lastCount;

  /** Whether the sender has this queue on its list; it takes it off when there is nothing left. */
  private boolean active;

  private boolean closed;

  /**
   * The lane that sends it, or null while the partition has no known leader. Written on the
   * sender's thread, under the lock.
   */
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
      ByteBuf memory) {
    ProducerBatch rolled = null;
    boolean activated = false;
    ByteBuf unused = memory;
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
          ByteBuf space = memory != null ? memory : pool.tryTake(sizeFor(upperBound));
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
      if (rolled != null) { // also when there was no memory for the next one
        rolled.compress(compression);
        sender.onFull(lane);
      }
    }
    if (unused != null) {
      pool.release(unused);
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
    lastCount = batch.count();
    addFullBytes(batch.close());
    full.add(batch);
    open = null;
    return batch;
  }

  /** Closes this batch, if it is still the open one, so that it is sent next. */
  private void closeOpen(ProducerBatch begun) {
    ProducerBatch rolled = null;
    lock.lock();
    try {
      if (open == begun) {
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
      ProducerBatch next = full.peek();
      if (next != null) {
        if (!next.ready() || !request.hasRoomFor(next.sizeInBytes())) {
          return;
        }
        removeFull();
        delivery.send(next, request);
      } else {
        ProducerBatch begun = open;
        if (begun == null || begun.createdNanos >= openedBefore) {
          return;
        }
        closeOpen(begun);
      }
    }
  }

  private ProducerBatch removeFull() {
    ProducerBatch batch = full.poll();
    addFullBytes(-batch.closedBytes());
    return batch;
  }

  /** By those who hold the lock or are the sender, so that the lane does not change meanwhile. */
  private void addFullBytes(int bytes) {
    fullBytes.addAndGet(bytes);
    BrokerLane current = lane;
    if (current != null) {
      current.addFullBytes(bytes);
    }
  }

  /** The batches that the sender has not taken; a batch may occur twice. On the sender's thread. */
  List<ProducerBatch> untaken() {
    ProducerBatch begun = open;
    List<ProducerBatch> batches = new ArrayList<>(full);
    if (begun != null) {
      batches.add(begun);
    }
    return batches;
  }

  /**
   * Takes the queue off the sender's list if there is nothing in it: the next append puts it on
   * again. On the sender's thread.
   *
   * @return whether it is off
   */
  boolean deactivateIfEmpty() {
    if (open != null || !full.isEmpty()) {
      return false;
    }
    lock.lock();
    try {
      active = open != null || !full.isEmpty();
      return !active;
    } finally {
      lock.unlock();
    }
  }

  /**
   * When the oldest batch was begun, {@link Sender#nanos}; a far future when there is none. On the
   * sender's thread.
   */
  long oldestNanos() {
    ProducerBatch begun = open;
    ProducerBatch oldest = full.peek();
    if (oldest == null) {
      oldest = begun;
    }
    return oldest == null ? Long.MAX_VALUE : oldest.createdNanos;
  }

  /**
   * Sets the lane that sends this queue from now on; null = no known leader. On the sender's
   * thread.
   */
  void assign(BrokerLane newLane) {
    lock.lock();
    try {
      if (lane != null) {
        lane.addFullBytes(-fullBytes.get());
      }
      lane = newLane;
      if (newLane != null) {
        newLane.addFullBytes(fullBytes.get());
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
      while (!full.isEmpty() && full.peek().ready() && full.peek().createdNanos < nanos) {
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
