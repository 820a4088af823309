package io.tailrace.coordinator.queue;

import java.util.List;

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

  /** Messages are kept, but not delivered any more. */
  record SetAside(long[] offsets, AsideReason reason) implements QueueDelta {}

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
   * Part of a snapshot: adds to what is held.
   *
   * @param messages ascending
   * @param aside ascending
   */
  record Restored(
      long cursor, long expired, List<MessageSnapshot> messages, List<AsideMessage> aside)
      implements QueueDelta {}
}
