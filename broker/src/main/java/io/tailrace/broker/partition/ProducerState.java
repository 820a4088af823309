package io.tailrace.broker.partition;

import io.tailrace.broker.message.ProducerSnapshot;
import java.util.Arrays;

/**
 * The last batches of one producer in one partition, a ring of sequences that follow each other.
 * Memory for it grows with what is sent. Confined to its partition's scheduler.
 */
final class ProducerState {
  private static final int FIRST_CAPACITY = 8;

  private final int maxBatches;
  private short epoch;
  private long lastSeenMs;
  private int[] firstSequences = new int[FIRST_CAPACITY];
  private int[] lastSequences = new int[FIRST_CAPACITY];
  private long[] baseOffsets = new long[FIRST_CAPACITY];
  private int size;
  private int newest = -1;

  ProducerState(short epoch, int maxBatches) {
    this.epoch = epoch;
    this.maxBatches = maxBatches;
  }

  short epoch() {
    return epoch;
  }

  /** When its last batch came, milliseconds since 1970. */
  long lastSeenMs() {
    return lastSeenMs;
  }

  int lastSequence() {
    return lastSequences[newest];
  }

  static int next(int sequence) {
    return (sequence + 1) & Integer.MAX_VALUE;
  }

  /** Begins a newer epoch: what was remembered of the older one does not count any more. */
  void start(short newEpoch) {
    epoch = newEpoch;
    clear();
  }

  private void clear() {
    size = 0;
    newest = -1;
  }

  void add(int firstSequence, int lastSequence, long baseOffset, long nowMs) {
    if (size > 0 && firstSequence != next(lastSequence())) {
      clear(); // what lay between could not be read when the log was opened
    }
    int capacity = baseOffsets.length;
    if (size == capacity && capacity < maxBatches) {
      grow(capacity * 2); // not yet wrapped around: the ring wraps only at its full capacity
    }
    newest = (newest + 1) % baseOffsets.length;
    firstSequences[newest] = firstSequence;
    lastSequences[newest] = lastSequence;
    baseOffsets[newest] = baseOffset;
    size = Math.min(size + 1, baseOffsets.length);
    lastSeenMs = nowMs;
  }

  private void grow(int capacity) {
    firstSequences = Arrays.copyOf(firstSequences, capacity);
    lastSequences = Arrays.copyOf(lastSequences, capacity);
    baseOffsets = Arrays.copyOf(baseOffsets, capacity);
  }

  /** The base offset of a remembered batch, or {@link ProducerStates#NOT_A_DUPLICATE}. */
  long find(int firstSequence, int lastSequence) {
    for (int i = 0; i < size; i++) {
      if (firstSequences[i] == firstSequence && lastSequences[i] == lastSequence) {
        return baseOffsets[i];
      }
    }
    return ProducerStates.NOT_A_DUPLICATE;
  }

  ProducerSnapshot encode(long producerId) {
    int capacity = baseOffsets.length;
    int oldest = Math.floorMod(newest - size + 1, capacity);
    ProducerSnapshot.Builder out =
        ProducerSnapshot.newBuilder()
            .setId(producerId)
            .setEpoch(epoch)
            .setLastSeenMs(lastSeenMs)
            .setFirstSequence(firstSequences[oldest]);
    long before = 0;
    for (int i = 0; i < size; i++) {
      int at = (oldest + i) % capacity;
      out.addSequences(((lastSequences[at] - firstSequences[at]) & Integer.MAX_VALUE) + 1);
      out.addBaseOffsetDeltas(baseOffsets[at] - before);
      before = baseOffsets[at];
    }
    return out.build();
  }

  /**
   * Takes over what {@link #encode} gave.
   *
   * @throws IllegalArgumentException when it is something else
   */
  static ProducerState decode(ProducerSnapshot in, int maxBatches) {
    int count = in.getSequencesCount();
    if (count == 0 || count > maxBatches || count != in.getBaseOffsetDeltasCount()) {
      throw new IllegalArgumentException("producer " + in.getId() + " has " + count + " batches");
    }
    ProducerState state = new ProducerState((short) in.getEpoch(), maxBatches);
    int sequence = in.getFirstSequence();
    long offset = 0;
    for (int i = 0; i < count; i++) {
      int last = (sequence + in.getSequences(i) - 1) & Integer.MAX_VALUE;
      offset += in.getBaseOffsetDeltas(i);
      state.add(sequence, last, offset, in.getLastSeenMs());
      sequence = next(last);
    }
    return state;
  }
}
