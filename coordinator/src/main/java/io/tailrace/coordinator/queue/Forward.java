package io.tailrace.coordinator.queue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A batch of messages on its way to another topic: exactly these records, in the order of their
 * offsets, are appended there under the sequences that begin with the first one. What was committed
 * in the delivery log does not change until the target has acknowledged the batch.
 *
 * @param redrive whether dead letters go back to a queue; otherwise messages become dead letters
 * @param routingKey that the copies get; empty = they keep theirs
 * @param epoch of the forwarder's producer
 * @param firstSequence of the batch
 * @param aside those that had been set aside, ascending
 * @param messages the others, ascending; no consumer holds them
 */
public record Forward(
    ForwardTarget target,
    boolean redrive,
    String routingKey,
    int epoch,
    int firstSequence,
    List<AsideMessage> aside,
    List<MessageSnapshot> messages) {

  public Forward {
    aside = List.copyOf(aside);
    messages = List.copyOf(messages);
  }

  /** How many messages. */
  public int count() {
    return aside.size() + messages.size();
  }

  /** All offsets, ascending. */
  public long[] offsets() {
    return LongStream.concat(
            aside.stream().mapToLong(AsideMessage::offset),
            messages.stream().mapToLong(MessageSnapshot::offset))
        .sorted()
        .toArray();
  }

  /** The same without the messages at or above an offset. */
  Forward below(long offset) {
    return new Forward(
        target,
        redrive,
        routingKey,
        epoch,
        firstSequence,
        aside.stream().filter(each -> each.offset() < offset).toList(),
        messages.stream().filter(each -> each.offset() < offset).toList());
  }

  /** Whether a message is part of it. */
  boolean contains(long offset) {
    return Arrays.binarySearch(offsets(), offset) >= 0;
  }

  /** The message that had been set aside at an offset; null when there is none. */
  public AsideMessage asideAt(long offset) {
    for (AsideMessage each : aside) {
      if (each.offset() == offset) {
        return each;
      }
    }
    return null;
  }
}
