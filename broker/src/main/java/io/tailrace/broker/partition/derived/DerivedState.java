package io.tailrace.broker.partition.derived;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.PartitionLog;

/**
 * State that is a function of one log's batches, and so the same on every replica that holds them.
 * {@link DerivedStates} drives all states of a log. Confined to the log's scheduler.
 */
public interface DerivedState {

  /** Names the state in snapshots; not used again for another one. */
  int tag();

  /** The version of what {@link #snapshot} gives. */
  int version();

  /** Back to what follows from an empty log. */
  void clear();

  /**
   * Takes in a batch of the log, in the order of the offsets: one that was appended now, or one
   * that is replayed.
   *
   * @param batches holds the batch at {@code index}
   * @param nowMs milliseconds since 1970
   */
  void apply(ByteBuf batches, int index, long nowMs);

  /**
   * Forgets all batches from the offset on, which is the log's end now.
   *
   * @return false when what remains does not follow from the state alone: it is cleared and the log
   *     replayed
   */
  boolean truncate(long logEndOffset);

  /**
   * All of it, for {@link #load}; null for a state that keeps its snapshots in the log itself,
   * which is then always replayed.
   */
  byte[] snapshot();

  /**
   * Takes over what {@link #snapshot} gave; cleared before.
   *
   * @throws InvalidProtocolBufferException when it is something else
   * @throws IllegalArgumentException likewise
   */
  void load(int version, byte[] content) throws InvalidProtocolBufferException;

  /**
   * Told before a replay without a snapshot that the log is replayed from an offset behind its
   * start, for a state that needs something of what lies before.
   */
  default void onSkipped(PartitionLog log, long replayedFrom) {}

  /** This broker leads the partition now. */
  default void onLeading(int leaderEpoch, long logEndOffset) {}

  /** Everything below the offset is committed now. */
  default void onCommitted(long highWatermark) {}

  /** This broker does not lead the partition any more. */
  default void onResigned() {}

  /** The log is closed or failed. */
  default void onStopped() {}

  /**
   * Whether the state follows from all batches of the log only, so that a replay without a snapshot
   * begins at the log start, however long the log is.
   */
  default boolean needsWholeLog() {
    return false;
  }

  /** A replay passes over batches that cannot be read, behind those that were applied last. */
  default void onGap() {}

  /**
   * Why the state must not be used when batches of the log cannot be read, with what an operator
   * can do; null when it may be worked out without them.
   */
  default String refusalOfDamage() {
    return null;
  }
}
