package io.tailrace.coordinator.queue;

import java.util.List;
import java.util.Map;

/**
 * One change of a queue on one partition, as the delivery log holds it. Arrays are not copied and
 * must not be changed.
 */
public sealed interface QueueDelta {

  /** The queue is known to this partition from now on. */
  record Created(String name) implements QueueDelta {}

  /** The queue is gone, and all that was known of it. */
  record Removed() implements QueueDelta {}

  /**
   * A binding counts from an offset on.
   *
   * @param since inclusive
   */
  record Bound(String bindingKey, long since) implements QueueDelta {}

  /**
   * A binding no longer counts from an offset on; what it matched before stays.
   *
   * @param until exclusive
   */
  record Unbound(String bindingKey, long until) implements QueueDelta {}

  /**
   * The bindings are those of this version of the queue's metadata.
   *
   * @param version of the queue's node
   */
  record Synced(int version) implements QueueDelta {}

  /**
   * Messages are delivered to a holder: such that were given back, and new ones in their order.
   *
   * @param offsets ascending
   */
  record Acquired(long holder, long[] offsets) implements QueueDelta {}

  /**
   * New messages are put off by their publishers: known before they are due.
   *
   * @param cursor new messages below it are known, or never matched
   * @param deferredTo the end of what was put off, exclusive
   * @param offsets ascending
   * @param dueMs when each may be delivered, milliseconds since 1970
   */
  record Deferred(long cursor, long deferredTo, long[] offsets, long[] dueMs)
      implements QueueDelta {}

  /** Messages of a range are delivered again, or for the first time: see {@link QueueRange}. */
  record RangeStarted(RangeSpec range) implements QueueDelta {}

  /**
   * A range is over; what is not settled in it is dropped.
   *
   * @param cancelled whether it was ended before all of it was delivered
   */
  record RangeEnded(int generation, boolean cancelled) implements QueueDelta {}

  /** A change of what a range has delivered, or not. */
  record InRange(int generation, QueueDelta delta) implements QueueDelta {}

  /**
   * Part of a snapshot: what ended ranges have left.
   *
   * @param generation of the last range that was started
   * @param expired messages that the partition did not hold any more
   * @param dropped messages that were dropped in place of becoming dead letters
   */
  record RangesRestored(int generation, long expired, long dropped) implements QueueDelta {}

  /**
   * Part of a snapshot: a back-fill has added messages to an open binding.
   *
   * @param from inclusive
   * @param to exclusive
   * @param generation of the range
   */
  record Filled(String bindingKey, long from, long to, int generation) implements QueueDelta {}

  /** Messages are done with. */
  record Settled(long[] offsets) implements QueueDelta {}

  /**
   * Messages are given back.
   *
   * @param atMs when, milliseconds since 1970
   * @param dueMs when they may be delivered again, milliseconds since 1970; 0 = at once
   * @param error what the consumer said of its failure; may be empty
   */
  record Returned(long[] offsets, ReturnCause cause, long atMs, long dueMs, String error)
      implements QueueDelta {}

  /**
   * Messages are kept, but not delivered any more.
   *
   * @param atMs when, milliseconds since 1970
   * @param error what the consumer said of it; may be empty
   */
  record SetAside(long[] offsets, AsideReason reason, long atMs, String error)
      implements QueueDelta {}

  /** Messages are dropped that would have become dead letters. */
  record Dropped(long[] offsets, AsideReason reason) implements QueueDelta {}

  /**
   * Messages are on their way to another topic: see {@link Forward}. It takes the place of a batch
   * that is in flight, if there is one.
   *
   * @param offsets ascending; set aside, ready or delayed, taken by a redrive, or in flight
   */
  record Forwarding(
      ForwardTarget target,
      boolean redrive,
      String routingKey,
      int epoch,
      int firstSequence,
      long[] offsets)
      implements QueueDelta {}

  /** The target has the batch that is in flight: its messages are done with. */
  record Forwarded() implements QueueDelta {}

  /**
   * The batch that is in flight was not appended and never will be: its messages wait again.
   *
   * @param targetGone whether the target does not exist any more
   */
  record ForwardUndone(boolean targetGone) implements QueueDelta {}

  /**
   * Part of a snapshot: what the forwarder has sent.
   *
   * @param dropped messages that were dropped in place of becoming dead letters
   * @param nextSequences at each target
   * @param inFlight null = none
   */
  record ForwardsRestored(
      int epoch, long dropped, Map<ForwardTarget, Integer> nextSequences, Forward inFlight)
      implements QueueDelta {}

  /** Messages that were set aside are done with: forwarded or dropped. */
  record AsideSettled(long[] offsets) implements QueueDelta {}

  /**
   * What is ready or delayed is dropped.
   *
   * @param cursor new messages below it too
   */
  record Purged(long cursor) implements QueueDelta {}

  /**
   * Everything below an offset is dropped: the partition does not hold it any more.
   *
   * @param count how many messages that were not settled
   */
  record Expired(long below, long count) implements QueueDelta {}

  /**
   * The partition's records from an offset on were given up by an unclean election: what is known
   * of them is forgotten, since other records get these offsets.
   */
  record Cut(long from) implements QueueDelta {}

  /**
   * Part of a snapshot: adds to what is held.
   *
   * @param messages ascending
   * @param aside ascending
   */
  record Restored(
      long cursor, long expired, List<MessageSnapshot> messages, List<AsideMessage> aside)
      implements QueueDelta {}
}
