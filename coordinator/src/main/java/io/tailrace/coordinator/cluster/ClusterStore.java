package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.queue.QueueSettings;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionStage;

/**
 * The port to the cluster's metadata: a local image of it, and conditional writes to it.
 * Thread-safe; no method blocks but {@link #close()}. Futures complete on the store's own thread,
 * exceptionally with a {@link ClusterException}: {@code METADATA_UNAVAILABLE} when the store cannot
 * be reached in time, {@code OUTCOME_UNKNOWN} when a write may have happened.
 */
public interface ClusterStore extends AutoCloseable {

  /** Told of every new image, in order, on the store's own thread; must not block. */
  @FunctionalInterface
  interface Listener {
    void onImage(ClusterImage image);
  }

  /** The newest image. */
  ClusterImage image();

  /** Adds a listener and tells it the newest image. */
  void addListener(Listener listener);

  /** How this process stands with the metadata store now. */
  ClusterStatus status();

  /**
   * Finds out which cluster the metadata store holds, as soon as it answers.
   *
   * @return the cluster's id; {@code INVALID_REQUEST} when the process belongs to another cluster,
   *     or the store holds none and the process may not make one
   */
  CompletionStage<String> clusterId();

  /**
   * Joins the cluster and takes part in electing the controller. A broker that loses its session
   * joins again by itself. Until it has joined, and while it is not yet the leader under its new
   * epoch, its own image shows it as the leader of nothing, whatever an earlier process of it led.
   *
   * @return the broker epoch; {@code INVALID_REQUEST} when another live broker has the same id
   */
  CompletionStage<Integer> register(BrokerRegistration registration);

  /**
   * Says to the other brokers that this one leaves, so that they lead in its place while it still
   * serves. Does not register again from now on.
   *
   * @return completes when its registration has ended, or no other broker is there to end it
   */
  CompletionStage<Void> leave();

  /**
   * Makes a topic and chooses leaders. Answered by the controller only ({@code NOT_CONTROLLER});
   * completes when the topic and all its partitions' leaders are in {@link #image()}.
   *
   * @param partitions at least 1
   * @param replicationFactor from 1 to the number of live brokers ({@code
   *     INVALID_REPLICATION_FACTOR})
   * @return the topic as made; {@code TOPIC_EXISTS}
   */
  CompletionStage<TopicImage> createTopic(
      String name,
      int partitions,
      int replicationFactor,
      TopicType type,
      Map<String, String> configs);

  /**
   * Deletes a topic and records that; completes when the topic is out of {@link #image()}. The
   * record is in {@link ClusterImage#deletions()} until every broker that had a replica has
   * {@linkplain #confirmDeletion confirmed}. Controller only; {@code UNKNOWN_TOPIC}.
   */
  CompletionStage<Void> deleteTopic(String name);

  /**
   * Says that this broker's files of a deleted topic are gone. Any broker; done at once when
   * nothing is recorded that waits for it.
   */
  CompletionStage<Void> confirmDeletion(UUID topicId);

  /**
   * Adds partitions up to the given number. Controller only; {@code UNKNOWN_TOPIC}, {@code
   * INVALID_PARTITIONS}.
   */
  CompletionStage<Void> setPartitions(String name, int partitions);

  /**
   * Makes a queue, bound to an exchange or to nothing. Any broker; {@code QUEUE_EXISTS}, {@code
   * INVALID_QUEUE}, {@code UNKNOWN_TOPIC}.
   *
   * @param exchange empty = none
   * @return the queue as made, which is in {@link #image()} then
   */
  CompletionStage<QueueImage> createQueue(
      String name, QueueSettings settings, String exchange, List<String> bindingKeys);

  /**
   * Binds a queue to an exchange or, for what is published from now on, unbinds it. Any broker;
   * {@code UNKNOWN_QUEUE}, {@code UNKNOWN_TOPIC}, {@code INVALID_QUEUE}.
   *
   * @return the queue as it is then in {@link #image()}
   */
  CompletionStage<QueueImage> rebindQueue(
      String name, String exchange, List<String> bindingKeys, boolean bind);

  /** Deletes a queue. Any broker; {@code UNKNOWN_QUEUE}. */
  CompletionStage<Void> deleteQueue(String name);

  /**
   * Moves leadership to the first replica of each partition, where that one is in sync. Controller
   * only; {@code UNKNOWN_TOPIC}.
   *
   * @param topic empty = every topic
   * @return how many leaders moved
   */
  CompletionStage<Integer> electPreferredLeaders(String topic);

  /**
   * Makes a live replica the leader of a partition that nobody leads, whatever it lacks. Controller
   * only; {@code UNKNOWN_TOPIC}, {@code UNKNOWN_PARTITION}; {@code INVALID_REQUEST} when a broker
   * leads it, or this one cannot.
   */
  CompletionStage<Void> electUncleanLeader(String topic, int partition, int brokerId);

  /**
   * Sets or, with an empty value, unsets settings of a topic. Any broker; {@code UNKNOWN_TOPIC}.
   */
  CompletionStage<Void> alterTopicConfigs(String name, Map<String, String> changes);

  /**
   * Sets or, with an empty value, unsets settings of a broker or of {@code "default"}. Any broker.
   */
  CompletionStage<Void> alterBrokerConfigs(String broker, Map<String, String> changes);

  /**
   * Proposes the in-sync set of a partition that this broker leads. Many proposals travel in one
   * write; one that loses its race fails none of the others.
   *
   * @return whether the set is in the metadata now; false when it is not and never will be by this
   *     proposal. Never completes while the metadata store is away; exceptionally with {@code
   *     OUTCOME_UNKNOWN} when the broker leaves the cluster first
   */
  CompletionStage<Boolean> proposeInSync(InSyncChange change);

  /**
   * Reports where the log of one of this broker's replicas ends, which it was {@linkplain
   * PartitionImage#logEndAskedUnder() asked} for. All replicas that could lead may lack records;
   * when all have reported, the one that has most of them leads. Is written as soon as the metadata
   * store takes it, unless it is not asked for any more.
   */
  void reportLogEnd(LogEndReport report);

  /**
   * Takes a damaged replica of this broker out of the in-sync set and the eligible leader replicas
   * of a partition, in a new leader epoch, and lets another replica lead if this broker does. Any
   * broker; {@code UNKNOWN_PARTITION}.
   *
   * @param leaderEpoch the newest one that the replica knows
   * @return whether the metadata says so, in a later epoch; false when no live replica is known to
   *     hold all that is committed, but this one
   */
  CompletionStage<Boolean> depart(String topic, UUID topicId, int partition, int leaderEpoch);

  /**
   * Tells which brokers answer this one. The controller ends the registrations of those that have
   * died or hang, sooner than their sessions end.
   */
  void reachable(Reachability reachability);

  /** Takes the next block of producer ids; returns its first. */
  CompletionStage<Long> allocateProducerIds(int count);

  /**
   * Leaves the cluster, so that others notice at once, and ends the session. May block for some
   * seconds.
   */
  @Override
  void close();
}
