package io.tailrace.broker.log;

import java.util.UUID;

/**
 * Which log: a topic's id (a topic made again under an old name has a new one) and a partition of
 * it.
 */
public record LogId(UUID topicId, int partition) {

  @Override
  public String toString() {
    return topicId + "-" + partition;
  }
}
