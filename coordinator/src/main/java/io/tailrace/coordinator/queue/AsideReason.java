package io.tailrace.coordinator.queue;

/** Why a message is not delivered any more. */
public enum AsideReason {
  /** A consumer rejected it. */
  REJECTED(0, "rejected"),
  /** It failed as often as the queue allows. */
  DELIVERY_LIMIT(1, "delivery-limit"),
  /** It waited for longer than the queue or its publisher allows. */
  EXPIRED(2, "expired"),
  /** The queue holds as many messages as it may. */
  MAX_LENGTH(3, "max-length");

  private final int number;
  private final String label;

  AsideReason(int number, String label) {
    this.number = number;
    this.label = label;
  }

  /** The number in the delivery log, below 8. */
  public int number() {
    return number;
  }

  /** As headers and people name it. */
  public String label() {
    return label;
  }

  /**
   * The reason with this number.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static AsideReason of(int number) {
    return switch (number) {
      case 0 -> REJECTED;
      case 1 -> DELIVERY_LIMIT;
      case 2 -> EXPIRED;
      case 3 -> MAX_LENGTH;
      default -> throw new IllegalArgumentException("reason " + number);
    };
  }
}
