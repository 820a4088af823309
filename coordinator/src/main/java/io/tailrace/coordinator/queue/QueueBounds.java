package io.tailrace.coordinator.queue;

/**
 * How much of a queue may be open on one partition. They count messages, never offsets, so that one
 * message that is held for long holds up nothing.
 *
 * @param maxOpen messages that are held or delayed; beyond it no new ones are delivered
 * @param maxHeld messages that one consumer holds
 */
public record QueueBounds(int maxOpen, int maxHeld) {

  /** 100,000 open messages, 20,000 for one consumer. */
  public static final QueueBounds DEFAULTS = new QueueBounds(100_000, 20_000);
}
