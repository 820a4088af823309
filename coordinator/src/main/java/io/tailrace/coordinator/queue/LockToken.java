package io.tailrace.coordinator.queue;

/**
 * What a consumer answers a delivery with: it names one delivery of one message to one holder, and
 * means nothing once the message was delivered again.
 *
 * @param offset of the message
 * @param delivery which delivery of it, from 1
 * @param holder the consumer
 */
public record LockToken(long offset, int delivery, long holder) {}
