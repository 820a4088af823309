package io.tailrace.coordinator.queue;

import java.util.UUID;

/**
 * A partition that messages are forwarded to.
 *
 * @param topicId another topic that is made under the same name is another target
 */
public record ForwardTarget(UUID topicId, String topic, int partition) {
  @Override
  public String toString() {
    return topic + "-" + partition;
  }
}
