package io.tailrace.broker.forward;

import io.tailrace.coordinator.queue.ForwarderIds;
import java.util.UUID;

/** The queue and the partition that messages are forwarded from. */
public record ForwardSource(String queue, UUID queueId, String topic, UUID topicId, int partition) {

  /** The producer id under which this source writes, at every target. */
  public long producerId() {
    return ForwarderIds.of(queueId, topicId, partition);
  }
}
