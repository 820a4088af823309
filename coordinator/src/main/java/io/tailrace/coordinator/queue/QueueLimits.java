package io.tailrace.coordinator.queue;

/**
 * How long a queue keeps messages that nobody takes, and how many. What is beyond that becomes dead
 * letters, the oldest ready messages first; messages that consumers hold stay.
 *
 * @param messageTtlMs a message waits for so long after it was published; 0 = without limit
 * @param maxLength so many messages may be ready, on each partition; 0 = without limit
 */
public record QueueLimits(long messageTtlMs, long maxLength) {
  /** Keeps all messages until they are settled. */
  public static final QueueLimits NONE = new QueueLimits(0, 0);

  private static final long MAX_TTL_MS = 10L * 365 * 24 * 3_600_000;

  /** Why a queue cannot be kept like this; null when it can. */
  String problem() {
    if (messageTtlMs < 0 || messageTtlMs > MAX_TTL_MS) {
      return "a message's time to live is 1 ms to 10 years, not " + messageTtlMs + " ms";
    }
    return maxLength < 0 ? "a queue's length is at least 1, not " + maxLength : null;
  }
}
