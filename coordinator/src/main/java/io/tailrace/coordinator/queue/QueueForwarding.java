package io.tailrace.coordinator.queue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Decides what is forwarded from one queue on one partition to other topics: messages that were set
 * aside to where dead letters go, and dead letters back to a queue. Returns deltas and changes
 * nothing, as {@link QueueDelivery}, whose state it reads. Not thread-safe.
 *
 * <p>Once the delta of a batch is committed those messages are never delivered again from here. The
 * same batch is sent until the target acknowledges it, also by a later leader; the target appends
 * it once, by its producer id and sequence.
 */
public final class QueueForwarding {
  /** The holder of messages while a redrive takes them. */
  private static final long REDRIVER = -2;

  /** The holder of messages on their way to being set aside since they waited for too long. */
  private static final long EXPIRER = -3;

  private final QueueState state;
  private final OffsetIntervals fresh;
  private final QueueBounds bounds;

  QueueForwarding(QueueState state, OffsetIntervals fresh, QueueBounds bounds) {
    this.state = state;
    this.fresh = fresh;
    this.bounds = bounds;
  }

  /** The batch that is not acknowledged by its target; null = none. */
  public Forward inFlight() {
    return state.forwards().inFlight();
  }

  /** Messages that were dropped in place of becoming dead letters. */
  public long dropped() {
    return state.forwards().dropped();
  }

  /** The epoch of the forwarder's producer. */
  public int epoch() {
    return state.forwards().epoch();
  }

  /** The sequence of the next batch to a target. */
  public int nextSequence(ForwardTarget target) {
    return state.forwards().nextSequence(target);
  }

  /**
   * Sends messages that were set aside on their way. Nothing may be in flight.
   *
   * @param routingKey that the copies get; empty = they keep theirs
   * @param offsets ascending, of messages that are set aside
   */
  public QueueDelta.Forwarding deadLetter(ForwardTarget target, String routingKey, long[] offsets) {
    return new QueueDelta.Forwarding(
        target, false, routingKey, epoch(), nextSequence(target), offsets);
  }

  /**
   * Sends dead letters back on their way: those of the given messages that nobody holds. New
   * messages in front of them that are not wanted are passed over, and ready afterwards. Nothing
   * may be in flight.
   *
   * @param offsets ascending
   * @return empty when there is nothing to send
   */
  public List<QueueDelta> redrive(ForwardTarget target, long[] offsets, long wallMs) {
    state.ripen(wallMs);
    long[] anew = takenAnew(offsets);
    long[] wanted =
        Arrays.stream(offsets)
            .filter(offset -> isFree(offset) || Arrays.binarySearch(anew, offset) >= 0)
            .toArray();
    if (wanted.length == 0) {
      return List.of();
    }
    List<QueueDelta> deltas = new ArrayList<>();
    if (anew.length > 0) {
      deltas.add(new QueueDelta.Acquired(REDRIVER, anew));
      long[] passedOver =
          Arrays.stream(anew).filter(each -> Arrays.binarySearch(wanted, each) < 0).toArray();
      if (passedOver.length > 0) {
        deltas.add(new QueueDelta.Returned(passedOver, ReturnCause.RELEASE, wallMs, 0, ""));
      }
    }
    deltas.add(new QueueDelta.Forwarding(target, true, "", epoch(), nextSequence(target), wanted));
    return deltas;
  }

  /**
   * The oldest messages that may be delivered now, in the order of their offsets.
   *
   * @param max how many at most
   */
  public long[] oldestReady(int max, long wallMs) {
    state.ripen(wallMs);
    long[] known =
        LongStream.concat(
                state.returned().stream().limit(max).mapToLong(Long::longValue),
                state.isolated().stream().limit(max).mapToLong(Long::longValue))
            .sorted()
            .limit(max)
            .toArray();
    long[] all = Arrays.copyOf(known, (int) Math.min(max, known.length + fresh.count()));
    fresh.copyTo(all, known.length, all.length - known.length);
    return all;
  }

  /** How many messages are ready beyond what the limits allow. */
  public long excess(QueueLimits limits, long wallMs) {
    if (limits.maxLength() == 0) {
      return 0;
    }
    state.ripen(wallMs);
    long ready = fresh.count() + state.returned().size() + state.isolated().size();
    return Math.max(0, ready - limits.maxLength());
  }

  /**
   * Ends the wait of messages that are ready: they become dead letters, or are dropped.
   *
   * @param offsets the first ones that {@link #oldestReady} gave
   * @param dropped whether the queue drops its dead letters
   */
  public List<QueueDelta> expire(long[] offsets, AsideReason reason, boolean dropped, long wallMs) {
    long[] anew = Arrays.stream(offsets).filter(each -> each >= state.cursor()).toArray();
    List<QueueDelta> deltas = new ArrayList<>();
    if (anew.length > 0) {
      deltas.add(new QueueDelta.Acquired(EXPIRER, anew));
    }
    deltas.add(
        dropped
            ? new QueueDelta.Dropped(offsets, reason)
            : new QueueDelta.SetAside(offsets, reason, wallMs, ""));
    return deltas;
  }

  /**
   * Ends the life of messages that were just acquired and turned out to be too old to be delivered.
   *
   * @param offsets ascending
   */
  public QueueDelta expireHeld(long[] offsets, QueueSettings settings, long wallMs) {
    return settings.deadLetters().areDropped()
        ? new QueueDelta.Dropped(offsets, AsideReason.EXPIRED)
        : new QueueDelta.SetAside(offsets, AsideReason.EXPIRED, wallMs, "");
  }

  private boolean isFree(long offset) {
    HeldMessage message = state.messages().get(offset);
    return message != null ? !message.isHeld() : state.aside().contains(offset);
  }

  /** The new messages up to the last wanted one, as far as the bounds let them be open. */
  private long[] takenAnew(long[] offsets) {
    long last = offsets.length == 0 ? -1 : offsets[offsets.length - 1];
    long room = Math.max(0, bounds.maxOpen() - (long) state.messages().size());
    long[] known = new long[(int) Math.min(room, fresh.countBelow(last + 1))];
    fresh.copyTo(known, 0, known.length);
    int end = known.length;
    while (end > 0 && Arrays.binarySearch(offsets, known[end - 1]) < 0) {
      end--; // behind the last wanted one nothing is passed over
    }
    return Arrays.copyOf(known, end);
  }

  /** The target has the batch that is in flight. */
  public QueueDelta.Forwarded forwarded() {
    return new QueueDelta.Forwarded();
  }

  /**
   * The batch in flight was not appended and never will be: its messages wait again.
   *
   * @param targetGone whether that is because the target does not exist any more
   */
  public QueueDelta.ForwardUndone undo(boolean targetGone) {
    return new QueueDelta.ForwardUndone(targetGone);
  }

  /**
   * Sends the batch in flight under a new epoch of the producer, since the target does not know the
   * sequence that it must follow.
   */
  public QueueDelta.Forwarding renumber() {
    Forward forward = inFlight();
    return new QueueDelta.Forwarding(
        forward.target(),
        forward.redrive(),
        forward.routingKey(),
        (epoch() + 1) & Short.MAX_VALUE,
        0,
        forward.offsets());
  }
}
