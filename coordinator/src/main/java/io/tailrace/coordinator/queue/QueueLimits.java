package io.tailrace.coordinator.queue;

/**
 * How long a queue keeps messages that nobody takes, and how many, and how long it is kept itself.
 * Messages beyond that become dead letters, the oldest ready ones first; those that consumers hold
 * stay.
 *
 * @param messageTtlMs a message waits for so long after it was published; 0 = without limit
 * @param maxLength so many messages may be ready, on each partition; 0 = without limit
 * @param expiresMs the queue is deleted when no consumer uses it for so long; 0 = never
 * @param retainMs its inbox keeps settled messages for so long after they were published; 0 = not
 */
public record QueueLimits(long messageTtlMs, long maxLength, long expiresMs, long retainMs) {
  /** Keeps all messages until they are settled, and no longer. */
  public static final QueueLimits NONE = new QueueLimits(0, 0, 0, 0);

  private static final long MAX_MS = 10L * 365 * 24 * 3_600_000;
  private static final long MIN_EXPIRES_MS = 1_000;

  /** Whether messages may have to be looked after while they wait. */
  public boolean limitWaiting() {
    return messageTtlMs > 0 || maxLength > 0;
  }

  /** Why a queue cannot be kept like this; null when it can. */
  String problem() {
    if (messageTtlMs < 0 || messageTtlMs > MAX_MS) {
      return "a message's time to live is 1 ms to 10 years, not " + messageTtlMs + " ms";
    }
    if (expiresMs != 0 && (expiresMs < MIN_EXPIRES_MS || expiresMs > MAX_MS)) {
      return "a queue expires after 1 s to 10 years without use, not " + expiresMs + " ms";
    }
    if (retainMs < 0 || retainMs > MAX_MS) {
      return "a queue retains settled messages for 1 ms to 10 years, not " + retainMs + " ms";
    }
    return maxLength < 0 ? "a queue's length is at least 1, not " + maxLength : null;
  }
}
