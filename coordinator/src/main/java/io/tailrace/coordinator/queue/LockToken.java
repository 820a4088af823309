package io.tailrace.coordinator.queue;

/**
 * What a consumer answers a delivery with: it names one delivery of one message to one holder, and
 * means nothing once the message was delivered again.
 *
 * @param offset of the message
 * @param delivery which delivery of it, from 1
 * @param holder the consumer
 * @param generation of the range that the message was delivered from; 0 = in its turn
 */
public record LockToken(long offset, int delivery, long holder, int generation) {

  /** One of a message that is delivered in its turn. */
  public LockToken(long offset, int delivery, long holder) {
    this(offset, delivery, holder, QueueRanges.TAIL);
  }
}
