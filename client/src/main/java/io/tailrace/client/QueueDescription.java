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
 * @param delayed are not due yet: they rest after a failure, or their publishers have put them off
 * @param setAside were rejected or failed too often, and wait to become dead letters
 * @param expired were dropped because an exchange did not keep them any longer
 * @param oldestUnsettledMs when the oldest message that is not settled was written, milliseconds
 *     since 1970; 0 = there is none
 * @param bounds the bounds because of which messages wait, for people, for instance {@code 100000
 *     messages are held or resting after a failure}; empty when none is reached
 * @param dropped were dropped in place of becoming dead letters, as the queue asks for
 * @param forwardProblem why messages that are set aside wait to become dead letters; empty = none
 *     has to wait
 * @param ranges replays and back-fills that run
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
    List<String> bounds,
    long dropped,
    String forwardProblem,
    List<QueueRange> ranges) {

  public QueueDescription {
    bindings = List.copyOf(bindings);
    bounds = List.copyOf(bounds);
    ranges = List.copyOf(ranges);
  }

  /** A binding of the queue. */
  public record Binding(String exchange, String key) {}
}
