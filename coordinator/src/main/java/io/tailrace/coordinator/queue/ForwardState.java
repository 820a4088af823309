package io.tailrace.coordinator.queue;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a queue's forwarder on one partition has sent: the batch that is not acknowledged, of which
 * there is one at most, and the next sequence at each target. Changes by replay alone. Not
 * thread-safe.
 */
final class ForwardState {
  private final Map<ForwardTarget, Integer> nextSequences = new LinkedHashMap<>();
  private Forward inFlight;
  private int epoch;
  private long dropped;

  /** The batch that is not acknowledged; null = none. */
  Forward inFlight() {
    return inFlight;
  }

  int epoch() {
    return epoch;
  }

  /** Messages that were dropped in place of becoming dead letters. */
  long dropped() {
    return dropped;
  }

  int nextSequence(ForwardTarget target) {
    return nextSequences.getOrDefault(target, 0);
  }

  boolean contains(long offset) {
    return inFlight != null && inFlight.contains(offset);
  }

  int count() {
    return inFlight == null ? 0 : inFlight.count();
  }

  /** The smallest offset in flight; -1 = none. */
  long first() {
    return inFlight == null || inFlight.count() == 0 ? -1 : inFlight.offsets()[0];
  }

  boolean hasAny(long from, long to) {
    if (inFlight != null) {
      for (long offset : inFlight.offsets()) {
        if (offset >= from && offset < to) {
          return true;
        }
      }
    }
    return false;
  }

  // ---- replay ----

  void begin(Forward forward) {
    if (forward.epoch() != epoch) {
      epoch = forward.epoch();
      nextSequences.clear(); // a new epoch begins at 0 everywhere
    }
    inFlight = forward;
    nextSequences.put(
        forward.target(), (forward.firstSequence() + forward.count()) & Integer.MAX_VALUE);
  }

  void end() {
    inFlight = null;
  }

  /**
   * Takes back what was never appended.
   *
   * @param targetGone whether the target does not exist any more
   */
  Forward undo(boolean targetGone) {
    Forward undone = inFlight;
    inFlight = null;
    if (undone != null && targetGone) {
      nextSequences.remove(undone.target());
    } else if (undone != null) {
      nextSequences.put(undone.target(), undone.firstSequence());
    }
    return undone;
  }

  /**
   * Forgets messages of the batch in flight at or above an offset. What is left of it does not fit
   * the sequences that were written down, so that a target which has them asks for a new epoch.
   */
  void removeFrom(long offset) {
    if (inFlight != null) {
      Forward left = inFlight.below(offset);
      inFlight = left.count() == 0 ? null : left;
    }
  }

  void addDropped(long count) {
    dropped += count;
  }

  void restore(QueueDelta.ForwardsRestored restored) {
    epoch = restored.epoch();
    dropped = restored.dropped();
    nextSequences.clear();
    nextSequences.putAll(restored.nextSequences());
    inFlight = restored.inFlight();
  }

  /** The delta that makes this state; null when there is nothing to say. */
  QueueDelta.ForwardsRestored snapshot() {
    return epoch == 0 && dropped == 0 && nextSequences.isEmpty() && inFlight == null
        ? null
        : new QueueDelta.ForwardsRestored(epoch, dropped, Map.copyOf(nextSequences), inFlight);
  }
}
