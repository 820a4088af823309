package io.tailrace.coordinator.cluster;

import java.util.UUID;

/**
 * A queue's binding to an exchange.
 *
 * @param exchange the topic that is the exchange
 * @param exchangeId of that topic; one that is made again under the same name is not bound
 * @param key the binding key
 * @param partitions how many the exchange had when it was bound: those that were added later are
 *     bound from their first record on; 0 for a topic of the queue's own
 * @param active false once it was unbound: the exchange stays a source of the queue, for what was
 *     matched before
 */
public record QueueBinding(
    String exchange, UUID exchangeId, String key, int partitions, boolean active) {

  boolean is(UUID otherExchangeId, String otherKey) {
    return exchangeId.equals(otherExchangeId) && key.equals(otherKey);
  }
}
