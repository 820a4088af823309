package io.tailrace.broker.partition.derived;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.partition.derived.snapshot.DerivedSnapshot;
import io.tailrace.broker.partition.derived.snapshot.DerivedStateSnapshot;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All states that are derived from one log: they are loaded from one snapshot, see the same batches
 * and are cut together, so that none can tell of another log than the others. Confined to the log's
 * scheduler.
 */
public final class DerivedStates {
  private static final Logger LOG = LoggerFactory.getLogger(DerivedStates.class);
  private static final int FORMAT = 1;

  private final List<DerivedState> states;
  private long snapshotUsableTo = Long.MAX_VALUE;

  /**
   * @param states each with a tag of its own
   */
  public DerivedStates(List<? extends DerivedState> states) {
    this.states = List.copyOf(states);
    if (states.stream().map(DerivedState::tag).distinct().count() < states.size()) {
      throw new IllegalArgumentException("two states have the same tag");
    }
  }

  /**
   * Begins to work all states out from a log, by its snapshot and the batches behind it.
   *
   * @param nowMs milliseconds since 1970
   */
  public LogReplay replay(PartitionLog log, long nowMs) {
    states.forEach(DerivedState::clear);
    return new LogReplay(log, this, nowMs);
  }

  /** Takes in a batch that was appended. */
  public void apply(ByteBuf batches, int index, long nowMs) {
    for (DerivedState state : states) {
      state.apply(batches, index, nowMs);
    }
  }

  /**
   * Forgets all batches from the offset on, also when there are none: states may know more than the
   * log.
   *
   * @return false when the log has to be replayed
   */
  public boolean truncate(long logEndOffset) {
    snapshotUsableTo = Math.min(snapshotUsableTo, logEndOffset);
    boolean known = true;
    for (DerivedState state : states) {
      known &= state.truncate(logEndOffset);
    }
    return known;
  }

  /**
   * All states in one blob, for {@link #load}. The caller releases it.
   *
   * @return null when one of the states keeps no snapshots outside the log
   */
  public ByteBuf snapshot() {
    DerivedSnapshot.Builder out = DerivedSnapshot.newBuilder().setFormat(FORMAT);
    for (DerivedState state : states) {
      byte[] content = state.snapshot();
      if (content == null) {
        return null;
      }
      out.addStates(
          DerivedStateSnapshot.newBuilder()
              .setTag(state.tag())
              .setVersion(state.version())
              .setContent(ByteString.copyFrom(content)));
    }
    return Unpooled.wrappedBuffer(out.build().toByteArray());
  }

  /**
   * Loads all states from a snapshot.
   *
   * @return whether it holds all of them; otherwise all are cleared
   */
  boolean load(PartitionLog.Snapshot snapshot) {
    if (snapshot == null || snapshot.offset() > snapshotUsableTo) {
      return false;
    }
    try {
      DerivedSnapshot in = DerivedSnapshot.parseFrom(ByteBufUtil.getBytes(snapshot.content()));
      if (in.getFormat() == FORMAT) {
        for (DerivedState state : states) {
          DerivedStateSnapshot part = find(in, state.tag());
          state.load(part.getVersion(), part.getContent().toByteArray());
        }
        return true;
      }
      LOG.warn("a snapshot of format {} cannot be used", in.getFormat());
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      LOG.warn("a snapshot cannot be used: {}", e.getMessage());
    }
    states.forEach(DerivedState::clear);
    return false;
  }

  private static DerivedStateSnapshot find(DerivedSnapshot in, int tag) {
    return in.getStatesList().stream()
        .filter(part -> part.getTag() == tag)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("it holds no state " + tag));
  }

  void onSkipped(PartitionLog log, long replayedFrom) {
    states.forEach(state -> state.onSkipped(log, replayedFrom));
  }

  /** This broker leads the partition now. */
  public void onLeading(int leaderEpoch, long logEndOffset) {
    states.forEach(state -> state.onLeading(leaderEpoch, logEndOffset));
  }

  /** Everything below the offset is committed now. */
  public void onCommitted(long highWatermark) {
    for (DerivedState state : states) {
      state.onCommitted(highWatermark);
    }
  }

  /** This broker does not lead the partition any more. */
  public void onResigned() {
    states.forEach(DerivedState::onResigned);
  }

  boolean needWholeLog() {
    return states.stream().anyMatch(DerivedState::needsWholeLog);
  }

  /** The first reason not to go on without batches that cannot be read; null = there is none. */
  String refusalOfDamage() {
    return states.stream()
        .map(DerivedState::refusalOfDamage)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  void onGap() {
    states.forEach(DerivedState::onGap);
  }

  /** The log is closed or failed. */
  public void onStopped() {
    states.forEach(DerivedState::onStopped);
  }
}
