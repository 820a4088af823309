package io.tailrace.broker.group;

import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterException;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.group.GroupError;
import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Makes the topic {@code __consumer_offsets} when it is needed for the first time, with as many
 * replicas as {@code offsets.replication.factor} says and never fewer. Thread-safe.
 */
final class GroupTopicCreation {
  private final ClusterStore cluster;
  private final IntSupplier replicationFactor;

  GroupTopicCreation(ClusterStore cluster, IntSupplier replicationFactor) {
    this.cluster = cluster;
    this.replicationFactor = replicationFactor;
  }

  /**
   * Makes the topic, if this broker is the controller and there are brokers enough.
   *
   * @param done gets null when the topic is there, an error that may pass otherwise; on any thread
   */
  void create(int brokerId, Consumer<GroupError> done) {
    ClusterImage image = cluster.image();
    int factor = replicationFactor.getAsInt();
    long live = image.brokers().values().stream().filter(BrokerImage::live).count();
    if (image.controllerId() != brokerId) {
      done.accept(
          unavailable(
              "the topic " + OffsetsTopic.NAME + " is not there yet; the controller makes it"));
    } else if (live < factor) {
      done.accept(
          unavailable(
              "the topic "
                  + OffsetsTopic.NAME
                  + " cannot be made yet: offsets.replication.factor asks for "
                  + factor
                  + " brokers, "
                  + live
                  + " are there"));
    } else {
      cluster
          .createTopic(
              OffsetsTopic.NAME,
              OffsetsTopic.PARTITIONS,
              factor,
              TopicType.LOG,
              OffsetsTopic.CONFIGS)
          .whenComplete((topic, error) -> done.accept(error == null ? null : toError(error)));
    }
  }

  private static GroupError toError(Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (cause instanceof ClusterException known && known.code() == ErrorCode.TOPIC_EXISTS) {
      return null;
    }
    return unavailable("the topic " + OffsetsTopic.NAME + " cannot be made: " + cause.getMessage());
  }

  private static GroupError unavailable(String message) {
    return new GroupError(ErrorCode.COORDINATOR_NOT_AVAILABLE, message);
  }
}
