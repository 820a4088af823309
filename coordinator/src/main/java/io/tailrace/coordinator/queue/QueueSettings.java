package io.tailrace.coordinator.queue;

import java.util.UUID;

/**
 * How a queue treats its messages.
 *
 * @param maxDeliveries the failure with this number sets a message aside
 * @param backoffInitialMs how long a message rests after its first nack
 * @param backoffMultiplier how much longer after each further one
 * @param backoffMaxMs how long at most
 * @param lockMs how long a consumer may hold a message without renewing
 * @param deadLetters where messages go that are rejected or fail too often
 * @param limits how long messages wait that nobody takes, and how many
 */
public record QueueSettings(
    int maxDeliveries,
    long backoffInitialMs,
    double backoffMultiplier,
    long backoffMaxMs,
    long lockMs,
    DeadLetters deadLetters,
    QueueLimits limits) {

  /** Five deliveries; one second, doubled up to five minutes; locks of 30 seconds. */
  public static final QueueSettings DEFAULTS =
      new QueueSettings(5, 1_000, 2, 300_000, 30_000, DeadLetters.OWN_QUEUE, QueueLimits.NONE);

  private static final long MAX_MS = 7L * 24 * 3_600_000;

  /** Why a queue cannot be kept like this; null when it can. */
  public String problem() {
    if (maxDeliveries < 1 || maxDeliveries > 1_000) {
      return "max deliveries is 1 to 1000, not " + maxDeliveries;
    }
    if (backoffInitialMs < 0 || backoffMaxMs < backoffInitialMs || backoffMaxMs > MAX_MS) {
      return "the back-off begins at 0 or more, does not end below that, and is 7 days at most";
    }
    if (!(backoffMultiplier >= 1 && backoffMultiplier <= 100)) {
      return "the back-off's multiplier is 1 to 100, not " + backoffMultiplier;
    }
    if (lockMs < 100 || lockMs > MAX_MS) {
      return "a lock lasts 100 ms to 7 days, not " + lockMs + " ms";
    }
    return limits.problem();
  }

  /** The same for a dead-letter queue that belongs to a queue. */
  public QueueSettings ownedBy(UUID queue) {
    return new QueueSettings(
        maxDeliveries,
        backoffInitialMs,
        backoffMultiplier,
        backoffMaxMs,
        lockMs,
        DeadLetters.ownedBy(queue),
        limits);
  }

  /** How long a message rests after it was given back as failed, milliseconds. */
  long backoffMs(int failures) {
    double ms = (double) backoffInitialMs * Math.pow(backoffMultiplier, failures - 1.0);
    return (long) Math.min(ms, (double) backoffMaxMs);
  }
}
