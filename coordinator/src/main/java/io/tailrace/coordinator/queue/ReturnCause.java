package io.tailrace.coordinator.queue;

/** Why a message was given back. */
public enum ReturnCause {
  /** The consumer could not process it. */
  NACK(0, true, false),
  /** The consumer does not want it now. */
  RELEASE(1, false, false),
  /** The lock was not renewed in time. */
  LOCK_EXPIRED(2, true, true),
  /** The consumer's connection was lost. */
  CONNECTION_LOST(3, true, true),
  /**
   * The lock was inherited from an earlier leader and nothing was heard of it under this one: the
   * delivery, or the answer, may have died with that leader.
   */
  FAILOVER(4, false, false);

  private final int number;
  private final boolean failure;
  private final boolean unanswered;

  ReturnCause(int number, boolean failure, boolean unanswered) {
    this.number = number;
    this.failure = failure;
    this.unanswered = unanswered;
  }

  /** The number in the delivery log. */
  public int number() {
    return number;
  }

  /** Whether it counts towards the delivery limit. */
  public boolean isFailure() {
    return failure;
  }

  /** Whether nothing was heard of the consumer, which the message may have killed. */
  boolean isUnanswered() {
    return unanswered;
  }

  /**
   * The cause with this number.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static ReturnCause of(int number) {
    return switch (number) {
      case 0 -> NACK;
      case 1 -> RELEASE;
      case 2 -> LOCK_EXPIRED;
      case 3 -> CONNECTION_LOST;
      case 4 -> FAILOVER;
      default -> throw new IllegalArgumentException("cause " + number);
    };
  }
}
