package io.tailrace.broker.partition;

import io.tailrace.broker.message.ProducerSnapshot;
import java.util.Arrays;

/**
 * The last runs of batches of one producer in one partition. A run is a stretch of records whose
 * sequences and offsets both follow each other: all batches of one request, and those of the next
 * one too when no other producer came between. Memory grows with the runs. Confined to its
 * partition's scheduler.
 */
final class ProducerState {

  /** Records of a run; far below half of the sequences, so that distances have one meaning. */
  private static final int MAX_RUN_RECORDS = 1 << 30;

  private final int maxRuns;
  private short epoch;
  private int runs;
  private long lastSeenMs;
  private int[] firstSequences = new int[1];
  private int[] counts = new int[1];
  private long[] baseOffsets = new long[1];

  ProducerState(short epoch, int maxRuns) {
    this.epoch = epoch;
    this.maxRuns = maxRuns;
  }

  short epoch() {
    return epoch;
  }

  /** When its last batch came, milliseconds since 1970. */
  long lastSeenMs() {
    return lastSeenMs;
  }

  int runs() {
    return runs;
  }

  int lastSequence() {
    return last(firstSequences[runs - 1], counts[runs - 1]);
  }

  static int next(int sequence) {
    return (sequence + 1) & Integer.MAX_VALUE;
  }

  private static int last(int firstSequence, int count) {
    return (firstSequence + count - 1) & Integer.MAX_VALUE;
  }

  private static int distance(int from, int to) {
    return (to - from) & Integer.MAX_VALUE;
  }

  /** Begins a newer epoch: what was remembered of the older one does not count any more. */
  void start(short newEpoch) {
    epoch = newEpoch;
    runs = 0;
  }

  void add(int firstSequence, int lastSequence, long baseOffset, long nowMs) {
    add(firstSequence, distance(firstSequence, lastSequence) + 1, baseOffset);
    lastSeenMs = nowMs;
  }

  private void add(int firstSequence, int count, long baseOffset) {
    if (runs > 0 && firstSequence != next(lastSequence())) {
      runs = 0; // what lay between could not be read when the log was opened
    }
    int newest = runs - 1;
    if (runs > 0
        && baseOffset == baseOffsets[newest] + counts[newest]
        && counts[newest] <= MAX_RUN_RECORDS - count) {
      counts[newest] += count;
      return;
    }
    if (runs == maxRuns) {
      System.arraycopy(firstSequences, 1, firstSequences, 0, runs - 1);
      System.arraycopy(counts, 1, counts, 0, runs - 1);
      System.arraycopy(baseOffsets, 1, baseOffsets, 0, runs - 1);
      runs--;
    } else if (runs == counts.length) {
      int capacity = Math.min(maxRuns, 2 * runs);
      firstSequences = Arrays.copyOf(firstSequences, capacity);
      counts = Arrays.copyOf(counts, capacity);
      baseOffsets = Arrays.copyOf(baseOffsets, capacity);
    }
    firstSequences[runs] = firstSequence;
    counts[runs] = count;
    baseOffsets[runs] = baseOffset;
    runs++;
  }

  /** The base offset of a batch within a remembered run; {@link ProducerStates#NOT_A_DUPLICATE}. */
  long find(int firstSequence, int lastSequence) {
    int length = distance(firstSequence, lastSequence) + 1;
    for (int i = 0; i < runs; i++) {
      int at = distance(firstSequences[i], firstSequence);
      if (at < counts[i] && length <= counts[i] - at) {
        return baseOffsets[i] + at;
      }
    }
    return ProducerStates.NOT_A_DUPLICATE;
  }

  /**
   * Forgets all records from the offset on.
   *
   * @return false when nothing is left to be remembered, though there may have been more
   */
  boolean truncate(long logEndOffset) {
    while (runs > 0 && baseOffsets[runs - 1] >= logEndOffset) {
      runs--;
    }
    if (runs > 0) {
      counts[runs - 1] = (int) Math.min(counts[runs - 1], logEndOffset - baseOffsets[runs - 1]);
    }
    return runs > 0;
  }

  ProducerSnapshot encode(long producerId) {
    ProducerSnapshot.Builder out =
        ProducerSnapshot.newBuilder()
            .setId(producerId)
            .setEpoch(epoch)
            .setLastSeenMs(lastSeenMs)
            .setFirstSequence(firstSequences[0]);
    long before = 0;
    for (int i = 0; i < runs; i++) {
      out.addSequences(counts[i]);
      out.addBaseOffsetDeltas(baseOffsets[i] - before);
      before = baseOffsets[i];
    }
    return out.build();
  }

  /**
   * Takes over what {@link #encode} gave.
   *
   * @throws IllegalArgumentException when it is something else
   */
  static ProducerState decode(ProducerSnapshot in, int maxRuns) {
    int count = in.getSequencesCount();
    if (count == 0 || count > maxRuns || count != in.getBaseOffsetDeltasCount()) {
      throw new IllegalArgumentException("producer " + in.getId() + " has " + count + " runs");
    }
    ProducerState state = new ProducerState((short) in.getEpoch(), maxRuns);
    int sequence = in.getFirstSequence();
    long offset = 0;
    for (int i = 0; i < count; i++) {
      offset += in.getBaseOffsetDeltas(i);
      state.add(sequence, in.getSequences(i), offset);
      sequence = next(last(sequence, in.getSequences(i)));
    }
    state.lastSeenMs = in.getLastSeenMs();
    return state;
  }
}
