package io.tailrace.client;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * A queue, and how many messages it holds in which state.
 *
 * @param deadLettersOf on a dead-letter queue, the id of the queue whose dead letters it holds;
 *     null on others
 * @param ready may be delivered now
 * @param inFlight are held by consumers
 * @param delayed rest after a failure
 * @param setAside were rejected or failed too often, and wait to become dead letters
 * @param expired were dropped because an exchange did not keep them any longer
 * @param oldestUnsettledMs when the oldest message that is not settled was written, milliseconds
 *     since 1970; 0 = there is none
 * @param blocked whether new messages wait because so many others are held or delayed
 * @param dropped were dropped in place of becoming dead letters, as the queue asks for
 * @param forwardProblem why messages that are set aside wait to become dead letters; empty = none
 *     has to wait
 */
public record QueueDescription(
    String name,
    UUID id,
    List<Binding> bindings,
    UUID deadLettersOf,
    int maxDeliveries,
    Duration lock,
    long ready,
    long inFlight,
    long delayed,
    long setAside,
    long expired,
    long oldestUnsettledMs,
    boolean blocked,
    long dropped,
    String forwardProblem) {

  /** A binding of the queue. */
  public record Binding(String exchange, String key) {}
}
