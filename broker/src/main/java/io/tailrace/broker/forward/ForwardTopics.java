package io.tailrace.broker.forward;

import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.QueueSettings;
import io.tailrace.protocol.error.ErrorCode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * Makes the topics and queues that messages are forwarded to, when they are first needed: the
 * dead-letter queue of a queue, and a queue's inbox. May be repeated, and by several at once. Only
 * the controller can make topics. Thread-safe.
 */
public final class ForwardTopics {
  /** A queue's own topic keeps messages until they are settled, however long that takes. */
  private static final Map<String, String> KEPT =
      Map.of("retention.ms", "-1", "retention.bytes", "-1");

  /** The setting of a topic that names the queue or group that it was made for. */
  private static final String OWNER = "owner";

  private final ClusterStore cluster;

  public ForwardTopics(ClusterStore cluster) {
    this.cluster = cluster;
  }

  /**
   * Makes the queue that holds a queue's dead letters, its topic, and the binding between them.
   * Refused with {@code INVALID_QUEUE} where the names belong to another.
   */
  public CompletionStage<Void> deadLetterQueue(String queue, UUID id) {
    QueueImage owner = cluster.image().queues().get(queue);
    if (owner == null || !owner.id().equals(id)) {
      return unknown(queue);
    }
    if (owner.settings().deadLetters().stay()) {
      return failed("queue '" + queue + "' holds dead letters and has no dead-letter queue itself");
    }
    String name = QueueImage.deadLetterQueueOf(queue);
    String mark = "queue " + queue + " " + id;
    Map<String, String> configs = new HashMap<>(KEPT);
    configs.put(OWNER, mark);
    return makeTopic(name, replicationFactor(owner), configs)
        .thenCompose(
            made -> {
              TopicImage topic = cluster.image().topics().get(name);
              return topic != null && mark.equals(topic.configs().get(OWNER))
                  ? makeQueue(name, queue, id)
                  : taken("topic", name, queue);
            });
  }

  private CompletionStage<Void> makeQueue(String name, String owner, UUID ownerId) {
    QueueImage found = cluster.image().queues().get(name);
    if (found == null) {
      return cluster
          .createQueue(name, QueueSettings.DEFAULTS.ownedBy(ownerId), name, List.of(""))
          .thenApply(made -> null);
    }
    if (!ownerId.equals(found.settings().deadLetters().owner())) {
      return taken("queue", name, owner);
    }
    return cluster.rebindQueue(name, name, List.of(""), true).thenApply(bound -> null);
  }

  /** Makes a queue's inbox, and binds the queue to it. */
  public CompletionStage<Void> inbox(String queue, UUID id) {
    QueueImage found = cluster.image().queues().get(queue);
    if (found == null || !found.id().equals(id)) {
      return unknown(queue);
    }
    if (found.hasInbox()) {
      return CompletableFuture.completedFuture(null);
    }
    String name = QueueImage.inboxOf(queue);
    return makeTopic(name, replicationFactor(found), KEPT)
        .thenCompose(made -> cluster.rebindQueue(queue, name, List.of(""), true))
        .thenApply(bound -> null);
  }

  /** As many replicas as the queue's first source has. */
  private int replicationFactor(QueueImage queue) {
    for (QueueBinding binding : queue.bindings()) {
      TopicImage topic = cluster.image().topics().get(binding.exchange());
      if (topic != null && topic.id().equals(binding.exchangeId())) {
        return topic.partitions().get(0).replicas().size();
      }
    }
    return 1;
  }

  /** One that is there is taken: an earlier attempt made it. */
  private CompletionStage<Void> makeTopic(
      String name, int replicationFactor, Map<String, String> configs) {
    if (cluster.image().topics().containsKey(name)) {
      return CompletableFuture.completedFuture(null);
    }
    return cluster
        .createTopic(name, 1, replicationFactor, TopicType.LOG, configs)
        .handle(
            (made, error) -> {
              Throwable cause = error instanceof CompletionException ? error.getCause() : error;
              if (cause != null
                  && !(cause instanceof ClusterException known
                      && known.code() == ErrorCode.TOPIC_EXISTS)) {
                throw new CompletionException(cause);
              }
              return null;
            });
  }

  private static CompletionStage<Void> taken(String kind, String name, String queue) {
    return failed(
        "the "
            + kind
            + " '"
            + name
            + "' was not made for the dead letters of queue '"
            + queue
            + "': delete it, or make the queue with another dead-letter exchange");
  }

  private static CompletionStage<Void> failed(String message) {
    return CompletableFuture.failedFuture(new ClusterException(ErrorCode.INVALID_QUEUE, message));
  }

  private static CompletionStage<Void> unknown(String queue) {
    return CompletableFuture.failedFuture(
        new ClusterException(ErrorCode.UNKNOWN_QUEUE, "there is no queue '" + queue + "'"));
  }
}
