package io.tailrace.broker.partition;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.RecordBatch;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What each idempotent producer last appended to one partition, so that a batch that is sent twice
 * is stored once. It follows from the log alone, which every replica has. Confined to its
 * partition's scheduler.
 *
 * <p>Rules, as Kafka's: sequences count records and wrap at 2^31; a batch must follow the last one;
 * one that is remembered is answered with its original offset; a higher producer epoch starts over
 * at sequence 0.
 */
final class ProducerStates {
  /**
   * Batches remembered for each producer: as many as it can have in flight, since a request holds
   * many. Memory for them grows with what is sent.
   */
  static final int REMEMBERED_BATCHES = 512;

  private static final int FIRST_CAPACITY = 8;

  /** Producers remembered; the one that has been silent for longest goes first. */
  static final int MAX_PRODUCERS = 5_000;

  static final long NOT_A_DUPLICATE = -1;

  /** How much of a log's end is looked at when it is opened. */
  private static final long TAKE_OVER_BYTES = 256L << 20;

  /** How much of it in one turn. */
  private static final int CHUNK_BYTES = 1 << 20;

  private final Map<Long, ProducerState> byId = new LinkedHashMap<>(16, 0.75f, true);

  /** The last batches of one producer, a ring. */
  private static final class ProducerState {
    private short epoch;
    private int[] firstSequences = new int[FIRST_CAPACITY];
    private int[] lastSequences = new int[FIRST_CAPACITY];
    private long[] baseOffsets = new long[FIRST_CAPACITY];
    private int size;
    private int newest = -1;

    int lastSequence() {
      return lastSequences[newest];
    }

    void start(short newEpoch) {
      epoch = newEpoch;
      size = 0;
      newest = -1;
    }

    void add(int firstSequence, int lastSequence, long baseOffset) {
      int capacity = baseOffsets.length;
      if (size == capacity && capacity < REMEMBERED_BATCHES) {
        grow(capacity * 2); // not yet wrapped around: the ring wraps only at its full capacity
      }
      newest = (newest + 1) % baseOffsets.length;
      firstSequences[newest] = firstSequence;
      lastSequences[newest] = lastSequence;
      baseOffsets[newest] = baseOffset;
      size = Math.min(size + 1, baseOffsets.length);
    }

    private void grow(int capacity) {
      firstSequences = Arrays.copyOf(firstSequences, capacity);
      lastSequences = Arrays.copyOf(lastSequences, capacity);
      baseOffsets = Arrays.copyOf(baseOffsets, capacity);
    }

    long find(int firstSequence, int lastSequence) {
      for (int i = 0; i < size; i++) {
        if (firstSequences[i] == firstSequence && lastSequences[i] == lastSequence) {
          return baseOffsets[i];
        }
      }
      return NOT_A_DUPLICATE;
    }
  }

  /** A batch that does not follow its producer's last one. */
  static final class SequenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    SequenceException(ErrorCode code, String message) {
      super(message, null, false, false);
      this.code = code;
    }

    ErrorCode code() {
      return code;
    }
  }

  /**
   * Checks whether a batch may be appended.
   *
   * @return the base offset under which the batch was appended before, or {@link #NOT_A_DUPLICATE}
   * @throws SequenceException when it must not be appended
   */
  long check(ByteBuf in, int index) {
    long producerId = RecordBatch.producerId(in, index);
    if (producerId == RecordBatch.NO_PRODUCER_ID) {
      return NOT_A_DUPLICATE;
    }
    short epoch = RecordBatch.producerEpoch(in, index);
    int first = RecordBatch.baseSequence(in, index);
    ProducerState state = byId.get(producerId);
    if (state == null) {
      if (first != 0) {
        throw new SequenceException(
            ErrorCode.UNKNOWN_PRODUCER_ID,
            "nothing is known of producer "
                + producerId
                + ", so sequence "
                + first
                + " cannot follow; start again with a new producer id");
      }
      return NOT_A_DUPLICATE;
    }
    if (epoch < state.epoch) {
      throw new SequenceException(
          ErrorCode.FENCED_PRODUCER_EPOCH,
          "producer " + producerId + " has epoch " + state.epoch + " now, the batch has " + epoch);
    }
    if (epoch > state.epoch) {
      if (first != 0) {
        throw outOfOrder(producerId, 0, first);
      }
      return NOT_A_DUPLICATE;
    }
    int last = lastSequence(in, index);
    long known = state.find(first, last);
    if (known != NOT_A_DUPLICATE) {
      return known;
    }
    int expected = next(state.lastSequence());
    if (first == expected) {
      return NOT_A_DUPLICATE;
    }
    // Signed distance modulo 2^31: behind the expected sequence means it was appended before.
    int distance = (first - expected) << 1;
    if (distance < 0) {
      throw new SequenceException(
          ErrorCode.DUPLICATE_SEQUENCE,
          "producer " + producerId + " appended sequence " + first + " before");
    }
    throw outOfOrder(producerId, expected, first);
  }

  private static SequenceException outOfOrder(long producerId, int expected, int found) {
    return new SequenceException(
        ErrorCode.OUT_OF_ORDER_SEQUENCE,
        "producer "
            + producerId
            + " must go on with sequence "
            + expected
            + ", the batch has "
            + found);
  }

  /** Remembers a batch that has been appended. */
  void onAppended(ByteBuf in, int index) {
    long producerId = RecordBatch.producerId(in, index);
    if (producerId == RecordBatch.NO_PRODUCER_ID) {
      return;
    }
    short epoch = RecordBatch.producerEpoch(in, index);
    ProducerState state = byId.get(producerId);
    if (state == null) {
      state = new ProducerState();
      state.start(epoch);
      byId.put(producerId, state);
      if (byId.size() > MAX_PRODUCERS) {
        byId.remove(byId.keySet().iterator().next());
      }
    } else if (epoch != state.epoch) {
      state.start(epoch);
    }
    state.add(
        RecordBatch.baseSequence(in, index),
        lastSequence(in, index),
        RecordBatch.baseOffset(in, index));
  }

  /**
   * Where to begin taking over what a log holds: far enough back that every batch whose
   * acknowledgement a stop may have swallowed is seen. A producer that was silent for longer gets
   * {@code UNKNOWN_PRODUCER_ID} and starts over; nothing of it was on its way.
   */
  static long firstOffsetToTakeOver(PartitionLog log) {
    long records = log.logEndOffset() - log.logStartOffset();
    long bytes = log.sizeInBytes();
    if (bytes <= TAKE_OVER_BYTES) {
      return log.logStartOffset();
    }
    return log.logEndOffset() - (long) ((double) TAKE_OVER_BYTES / bytes * records);
  }

  /**
   * Takes over some batches of a log.
   *
   * @return the offset to go on with; the log's end when all is done
   */
  long takeOver(PartitionLog log, long fromOffset) {
    ByteBuf chunk = ByteBufAllocator.DEFAULT.directBuffer(CHUNK_BYTES);
    try {
      log.read(fromOffset, log.logEndOffset(), CHUNK_BYTES, chunk);
      long offset = fromOffset;
      for (int at = 0; at < chunk.writerIndex(); at += RecordBatch.sizeInBytes(chunk, at)) {
        onAppended(chunk, at);
        offset = RecordBatch.nextOffset(chunk, at);
      }
      return offset > fromOffset ? offset : log.logEndOffset();
    } finally {
      chunk.release();
    }
  }

  private static int lastSequence(ByteBuf in, int index) {
    return (RecordBatch.baseSequence(in, index) + RecordBatch.lastOffsetDelta(in, index))
        & Integer.MAX_VALUE;
  }

  private static int next(int sequence) {
    return (sequence + 1) & Integer.MAX_VALUE;
  }
}
