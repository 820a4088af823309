package io.tailrace.broker.delivery;

import io.tailrace.broker.forward.ForwardClient;
import io.tailrace.broker.partition.Partition;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.DeleteQueueRequest;
import io.tailrace.protocol.message.DeleteQueueResponse;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.topic.Ids;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has queues deleted that no consumer uses for as long as they may be unused. Consumers receive
 * from every partition of a queue, so the leader of the first one decides; a new leader, like a
 * restarted one, gives the queue its full time again. Confined to the partition's scheduler.
 */
final class QueueLease {
  private static final Logger LOG = LoggerFactory.getLogger(QueueLease.class);

  private final Partition partition;
  private final ForwardClient controller;
  private final Clock clock;

  QueueLease(Partition partition, DeliveryResources resources) {
    this.partition = partition;
    this.controller = resources.forwards();
    this.clock = resources.clock();
  }

  /** Looks whether the queue is used; to be called about every second. */
  void check(QueueServing found, QueueImage image) {
    long expiresMs = image.settings().limits().expiresMs();
    if (expiresMs > 0 && isOver(found, expiresMs, clock.monotonicMs()) && decides(image)) {
      found.usedAtMs = clock.monotonicMs(); // asked again after that time, if this one is lost
      delete(image, expiresMs);
    }
  }

  /** Whether the queue was not used for so long; remembers that it is used when it is. */
  static boolean isOver(QueueServing found, long expiresMs, long nowMs) {
    if (found.usedAtMs < 0 || !found.connections.isEmpty() || !found.waiting.isEmpty()) {
      found.usedAtMs = nowMs;
    }
    return nowMs - found.usedAtMs >= expiresMs;
  }

  private boolean decides(QueueImage image) {
    for (QueueBinding binding : image.bindings()) {
      if (binding.active()) {
        return binding.exchangeId().equals(partition.id().topicId())
            && partition.id().partition() == 0;
      }
    }
    return !image.bindings().isEmpty()
        && image.bindings().get(0).exchangeId().equals(partition.id().topicId())
        && partition.id().partition() == 0;
  }

  private void delete(QueueImage image, long expiresMs) {
    LOG.info("queue {} was not used for {} ms, and is deleted", image.name(), expiresMs);
    controller.askController(
        ApiKey.DELETE_QUEUE,
        DeleteQueueRequest.newBuilder()
            .setName(image.name())
            .setId(Ids.toMessage(image.id()))
            .build(),
        DeleteQueueResponse.parser(),
        response -> {
          ErrorCode code = ErrorCode.of(response.getErrorCode());
          if (code != ErrorCode.NONE && code != ErrorCode.UNKNOWN_QUEUE) {
            LOG.warn(
                "queue {} was not deleted: {}: {}", image.name(), code, response.getErrorMessage());
          }
        },
        error ->
            LOG.warn(
                "queue {} was not deleted: {}: {}", image.name(), error.code(), error.message()));
  }
}
