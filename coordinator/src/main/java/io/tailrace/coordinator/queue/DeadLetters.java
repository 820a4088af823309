package io.tailrace.coordinator.queue;

import java.util.UUID;

/**
 * Where a queue's messages go that are rejected or fail too often.
 *
 * @param exchange that gets them; empty = the queue's own dead-letter queue; {@link #NONE} = they
 *     are dropped
 * @param routingKey that they get on the way; empty = they keep theirs
 * @param owner set on a dead-letter queue: the queue whose dead letters it holds; null on others
 */
public record DeadLetters(String exchange, String routingKey, UUID owner) {
  /** The exchange of a queue that drops its dead letters. */
  public static final String NONE = "none";

  /** To a dead-letter queue of its own. */
  public static final DeadLetters OWN_QUEUE = new DeadLetters("", "", null);

  /** How a dead-letter queue treats its own: they stay set aside in it. */
  public static DeadLetters ownedBy(UUID queue) {
    return new DeadLetters("", "", queue);
  }

  /** Whether they are dropped. */
  public boolean areDropped() {
    return exchange.equals(NONE);
  }

  /** Whether they stay set aside, as in a dead-letter queue. */
  public boolean stay() {
    return owner != null;
  }
}
