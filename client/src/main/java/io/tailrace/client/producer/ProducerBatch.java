package io.tailrace.client.producer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.SendCallback;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.RecordBatchBuilder;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.RecordReader;
import io.tailrace.protocol.record.StoredRecord;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One record batch on its way: the records, and the future of each of them.
 *
 * <p>Filled under its queue's lock; compressed by the thread that closed it; from then on confined
 * to the sender's thread, but for {@link #whenSettled}.
 */
final class ProducerBatch {
  private static final Logger LOG = LoggerFactory.getLogger(ProducerBatch.class);

  private static final int FIRST_CAPACITY = 16;

  /** When it was begun, {@link Sender#nanos}. */
  final long createdNanos;

  private final RecordBatchBuilder builder;
  private final ByteBuf memory;
  private final CompletableFuture<Void> settled = new CompletableFuture<>();
  private final AtomicBoolean completed = new AtomicBoolean();

  /** The batch that this one is a piece of; null when it is whole. */
  private final ProducerBatch parent;

  /** Where its records begin in the batch that was split first. */
  private final int firstRecord;

  /** Pieces that are not settled; and those whose memory is in use. */
  private int unsettledPieces;

  private int piecesInUse;
  private CompressionType compression = CompressionType.NONE;
  private long producerId = RecordBatch.NO_PRODUCER_ID;
  private short producerEpoch = RecordBatch.NO_PRODUCER_EPOCH;
  private int baseSequence = RecordBatch.NO_SEQUENCE;

  /** A {@link SendCallback} or a future, for each record. */
  private Object[] waiters;

  private long[] timestampsMs;
  private int closedBytes;
  private int sizeInBytes;
  private volatile boolean compressed;

  /** Orders the batches of a queue: they are numbered when they are first sent. -1 = never sent. */
  long order = -1;

  /** Whether it was sent and the broker has not said that it was not appended. */
  boolean outcomeUnknown;

  /**
   * Makes an empty batch.
   *
   * @param memory where it is built
   * @param expectedRecords about how many there will be
   */
  ProducerBatch(ByteBuf memory, int expectedRecords, long createdNanos) {
    this.memory = memory;
    this.builder = new RecordBatchBuilder(memory.nioBuffer(0, memory.capacity()));
    this.createdNanos = createdNanos;
    this.parent = null;
    this.firstRecord = 0;
    int capacity = Math.max(FIRST_CAPACITY, expectedRecords);
    this.waiters = new Object[capacity];
    this.timestampsMs = new long[capacity];
  }

  /** An empty piece of another batch. */
  private ProducerBatch(ProducerBatch parent, int firstRecord, int records, int bytes) {
    this.memory = null;
    this.builder = new RecordBatchBuilder(bytes);
    this.createdNanos = parent.createdNanos;
    this.order = parent.order;
    this.parent = parent;
    this.firstRecord = parent.firstRecord + firstRecord;
    this.waiters = new Object[records];
    this.timestampsMs = new long[records];
  }

  boolean hasRoomFor(int upperBound, int limit) {
    return builder.hasRoomFor(upperBound, limit);
  }

  void append(
      long timestampMs, byte[] key, byte[] value, List<RecordHeader> headers, Object waiter) {
    int index = builder.count();
    if (index == waiters.length) {
      waiters = Arrays.copyOf(waiters, index * 2);
      timestampsMs = Arrays.copyOf(timestampsMs, index * 2);
    }
    waiters[index] = waiter;
    timestampsMs[index] = timestampMs;
    builder.append(timestampMs, key, value, headers);
  }

  int count() {
    return builder.count();
  }

  /** Lets nothing be added any more. Says how many bytes the batch has now. */
  int close() {
    closedBytes = builder.sizeInBytes();
    return closedBytes;
  }

  /** What {@link #close} said. */
  int closedBytes() {
    return closedBytes;
  }

  /** Compresses the records. Called once, by the thread that closed the batch. */
  void compress(CompressionType type) {
    compression = type;
    builder.compress(type);
    sizeInBytes = builder.sizeInBytes();
    compressed = true;
  }

  /** Whether {@link #compress} is over, so that the batch can be sent. */
  boolean ready() {
    return compressed;
  }

  /** Bytes of the batch as it is sent; meaningful once it is {@link #ready}. */
  int sizeInBytes() {
    return sizeInBytes;
  }

  /** Writes the header. May be done again with another producer id, epoch or sequence. */
  void stamp(long ofProducer, short ofEpoch, int firstSequence) {
    producerId = ofProducer;
    producerEpoch = ofEpoch;
    baseSequence = firstSequence;
    builder.finish(ofProducer, ofEpoch, firstSequence);
  }

  /** Whether it goes before another of its queue. */
  boolean isBefore(ProducerBatch other) {
    return order < other.order || (order == other.order && firstRecord < other.firstRecord);
  }

  /**
   * Makes two batches of one that was stamped and holds more than one record. Each has its share of
   * the sequences, so that they take the place of this one among the batches that were sent. This
   * one is settled when both are.
   */
  List<ProducerBatch> split() {
    int count = builder.count();
    int half = count / 2;
    int bytes = RecordBatch.HEADER_BYTES + builder.sizeInBytes();
    List<ProducerBatch> pieces =
        List.of(
            new ProducerBatch(this, 0, half, bytes),
            new ProducerBatch(this, half, count - half, bytes));
    ByteBuf content = content();
    try (RecordReader records = new RecordReader(content, 0, Integer.MAX_VALUE)) {
      for (int i = 0; i < count; i++) {
        StoredRecord each = records.next();
        pieces
            .get(i < half ? 0 : 1)
            .append(each.timestampMs(), each.key(), each.value(), each.headers(), waiters[i]);
      }
    } finally {
      content.release();
    }
    for (ProducerBatch piece : pieces) {
      piece.close();
      piece.compress(compression);
      int sequence =
          baseSequence == RecordBatch.NO_SEQUENCE
              ? RecordBatch.NO_SEQUENCE
              : (baseSequence + piece.firstRecord - firstRecord) & Integer.MAX_VALUE;
      piece.stamp(producerId, producerEpoch, sequence);
    }
    unsettledPieces = pieces.size();
    piecesInUse = pieces.size();
    completed.set(true);
    return pieces;
  }

  /** The batch's bytes, to be released. */
  ByteBuf content() {
    return memory == null || builder.hasGrown()
        ? Unpooled.wrappedBuffer(builder.array(), 0, sizeInBytes)
        : memory.retainedSlice(0, sizeInBytes);
  }

  /**
   * Takes in that the batch is not in use any more.
   *
   * @return the pool's buffer, to be given back; null while other pieces of the same batch are in
   *     use
   */
  ByteBuf giveMemoryBack() {
    if (parent == null) {
      return memory;
    }
    parent.piecesInUse--;
    return parent.piecesInUse == 0 ? parent.giveMemoryBack() : null;
  }

  /** Completes when every record's waiter has been told. */
  CompletableFuture<Void> whenSettled() {
    return settled;
  }

  boolean isSettled() {
    return completed.get();
  }

  /**
   * Tells every waiter that its record was acknowledged.
   *
   * @return false when they were told something before, and are left alone
   */
  boolean succeed(String topic, int partition, long baseOffset) {
    if (!completed.compareAndSet(false, true)) {
      return false;
    }
    int count = builder.count();
    for (int i = 0; i < count; i++) {
      long offset = baseOffset == RecordMetadata.UNKNOWN_OFFSET ? baseOffset : baseOffset + i;
      tell(waiters[i], new RecordMetadata(topic, partition, offset, timestampsMs[i]), null);
    }
    finish();
    return true;
  }

  /**
   * Tells every waiter that its record failed.
   *
   * @return false when they were told something before, and are left alone
   */
  boolean fail(TailraceException error) {
    if (!completed.compareAndSet(false, true)) {
      return false;
    }
    int count = builder.count();
    for (int i = 0; i < count; i++) {
      tell(waiters[i], null, error);
    }
    finish();
    return true;
  }

  private void finish() {
    waiters = null;
    timestampsMs = null;
    completeSettled();
  }

  private void completeSettled() {
    settled.complete(null);
    if (parent != null) {
      parent.unsettledPieces--;
      if (parent.unsettledPieces == 0) {
        parent.completeSettled();
      }
    }
  }

  @SuppressWarnings("unchecked")
  static void tell(Object waiter, RecordMetadata metadata, TailraceException error) {
    try {
      if (waiter instanceof SendCallback callback) {
        callback.onCompletion(metadata, error);
        return;
      }
      CompletableFuture<RecordMetadata> future = (CompletableFuture<RecordMetadata>) waiter;
      if (error == null) {
        future.complete(metadata);
      } else {
        future.completeExceptionally(error);
      }
    } catch (
        Throwable e) { // also an Error: the records behind this one have callbacks of their own
      LOG.error("the callback for {} threw", metadata == null ? error : metadata, e);
    }
  }
}
