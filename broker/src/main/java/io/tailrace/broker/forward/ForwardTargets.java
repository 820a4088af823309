package io.tailrace.broker.forward;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.queue.DeadLetters;
import io.tailrace.coordinator.queue.ForwardTarget;
import io.tailrace.protocol.error.ErrorCode;
import java.util.UUID;

/**
 * Finds in the cluster's metadata where messages are forwarded to. The messages of one partition
 * all go to one partition of the target, so that they stay in order.
 */
public final class ForwardTargets {
  private ForwardTargets() {}

  /**
   * A target, or why there is none; neither where it has to be made first.
   *
   * @param target null = none
   * @param problem null = none is known
   */
  public record Found(ForwardTarget target, PartitionError problem) {}

  /** Where the dead letters of a queue go from a partition. */
  public static Found ofDeadLetters(ClusterImage image, QueueImage queue, int partition) {
    DeadLetters where = queue.settings().deadLetters();
    if (!where.exchange().isEmpty()) {
      TopicImage exchange = image.topics().get(where.exchange());
      return exchange == null
          ? problem(
              ErrorCode.UNKNOWN_TOPIC,
              "the dead-letter exchange '" + where.exchange() + "' does not exist")
          : found(exchange, partition);
    }
    String name = QueueImage.deadLetterQueueOf(queue.name());
    QueueImage letters = image.queues().get(name);
    return letters == null || !queue.id().equals(letters.settings().deadLetters().owner())
        ? new Found(null, null)
        : bound(image, letters, name, partition);
  }

  /** Where dead letters go that are sent back to a queue: to its inbox. */
  public static Found ofRedrive(ClusterImage image, UUID queueId, int partition) {
    for (QueueImage queue : image.queues().values()) {
      if (queue.id().equals(queueId)) {
        String inbox = QueueImage.inboxOf(queue.name());
        Found found = bound(image, queue, inbox, partition);
        return found.target != null
            ? found
            : problem(
                ErrorCode.LEADER_NOT_AVAILABLE,
                "this broker does not know the inbox of queue '" + queue.name() + "' yet");
      }
    }
    return problem(ErrorCode.UNKNOWN_QUEUE, "there is no queue with the id " + queueId);
  }

  private static Found bound(ClusterImage image, QueueImage queue, String topic, int partition) {
    QueueBinding binding = queue.bindingTo(topic);
    TopicImage found = image.topics().get(topic);
    return binding == null || found == null || !found.id().equals(binding.exchangeId())
        ? new Found(null, null)
        : found(found, partition);
  }

  private static Found found(TopicImage topic, int partition) {
    return new Found(
        new ForwardTarget(topic.id(), topic.name(), partition % topic.partitions().size()), null);
  }

  private static Found problem(ErrorCode code, String message) {
    return new Found(null, new PartitionError(code, message));
  }

  /** Whether a target is in the metadata. */
  public static boolean exists(ClusterImage image, ForwardTarget target) {
    TopicImage topic = image.topics().get(target.topic());
    return topic != null && topic.id().equals(target.topicId());
  }
}
