package io.tailrace.coordinator.queue;

/**
 * How much of a queue may be open on one partition. They count messages, never offsets, so that one
 * message that is held for long holds up nothing.
 *
 * @param maxOpen messages that are held or rest after a failure; beyond it no new ones are
 *     delivered
 * @param maxHeld messages that one consumer holds
 * @param maxDeferred messages that their publishers have put off; beyond it new ones wait
 */
public record QueueBounds(int maxOpen, int maxHeld, int maxDeferred) {

  /** 100,000 open messages, 20,000 for one consumer, 1,000,000 that are put off. */
  public static final QueueBounds DEFAULTS = new QueueBounds(100_000, 20_000, 1_000_000);

  /** A bound that a queue has reached. */
  public enum Reached {
    /** {@link #maxOpen}. */
    OPEN("held or resting after a failure"),
    /** {@link #maxHeld}. */
    HELD_BY_CONSUMER("held by one consumer"),
    /** {@link #maxDeferred}. */
    DEFERRED("put off by deliver-after");

    private final String label;

    Reached(String label) {
      this.label = label;
    }

    /** Of the messages, for people. */
    public String label() {
      return label;
    }
  }

  /** The number that belongs to a bound. */
  public int of(Reached bound) {
    return switch (bound) {
      case OPEN -> maxOpen;
      case HELD_BY_CONSUMER -> maxHeld;
      case DEFERRED -> maxDeferred;
    };
  }
}
