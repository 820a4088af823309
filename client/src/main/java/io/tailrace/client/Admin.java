package io.tailrace.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Creates, describes, changes and deletes. Made by {@link TailraceClient#admin}; thread-safe.
 *
 * <p>Every future completes within the client's request timeout; until then errors that may pass
 * are retried, such as a controller that has just moved. It fails with a {@link TailraceException}.
 * Futures are completed on the client's network thread; what depends on them must not block.
 *
 * <p>{@code REQUEST_TIMED_OUT} and {@code OUTCOME_UNKNOWN} leave open whether a change took place:
 * describe the thing to find out.
 */
public interface Admin {

  /** Creates a topic. Fails with {@code TOPIC_EXISTS} when there is one of that name. */
  CompletableFuture<CreatedTopic> createTopic(Topic topic);

  /** Describes every topic, in the order of their names. */
  CompletableFuture<List<TopicDescription>> listTopics();

  /** Describes a topic. Fails with {@code UNKNOWN_TOPIC} when there is none. */
  CompletableFuture<TopicDescription> describeTopic(String topic);

  /**
   * Deletes a topic and all its records. Fails with {@code UNKNOWN_TOPIC} when there is none, and
   * with {@code EXCHANGE_IN_USE} when queues are bound to it.
   */
  CompletableFuture<Void> deleteTopic(String topic);

  /** As {@link #deleteTopic(String)}, also when queues are bound to the topic. */
  CompletableFuture<Void> forceDeleteTopic(String topic);

  /**
   * Creates a queue; completes when every message that is published from then on reaches it. Fails
   * with {@code QUEUE_EXISTS}, {@code INVALID_QUEUE}, or {@code UNKNOWN_TOPIC} for its exchange.
   */
  CompletableFuture<Void> createQueue(Queue queue);

  /** Every queue, in the order of their names, without what it holds. */
  CompletableFuture<List<QueueDescription>> listQueues();

  /** Describes a queue and counts what it holds. Fails with {@code UNKNOWN_QUEUE}. */
  CompletableFuture<QueueDescription> describeQueue(String queue);

  /** Deletes a queue with what it holds, and ends its receives. */
  CompletableFuture<Void> deleteQueue(String queue);

  /**
   * Binds a queue to an exchange; completes when every matching message that is published from then
   * on reaches it. May be repeated.
   */
  CompletableFuture<Void> bindQueue(String queue, String exchange, List<String> bindingKeys);

  /**
   * Binds a queue to an exchange and delivers what the exchange has from a position on as well, as
   * far as older bindings of the queue did not match it; completes when that has begun on every
   * partition. May be repeated: nothing is filled in twice.
   *
   * @return what is filled in; {@link QueueDescription#ranges} tells how far that is
   */
  CompletableFuture<List<QueueRange>> bindQueue(
      String queue, String exchange, List<String> bindingKeys, Position from);

  /**
   * Delivers once more what the queue's bindings have matched and the queue has delivered, from a
   * position on; completes when that has begun on every partition. Messages that consumers hold
   * stay theirs, and answers to earlier deliveries mean nothing for the new ones.
   *
   * @return what is replayed; {@link QueueDescription#ranges} tells how far that is
   */
  CompletableFuture<List<QueueRange>> replayQueue(String queue, Position from);

  /** Ends all replays and back-fills of a queue; completes with how many there were. */
  CompletableFuture<Integer> cancelReplays(String queue);

  /** Undoes {@link #bindQueue}; what was published before stays in the queue. */
  CompletableFuture<Void> unbindQueue(String queue, String exchange, List<String> bindingKeys);

  /**
   * Drops the messages of a queue that are ready or delayed, and not those that consumers hold.
   *
   * @return how many
   */
  CompletableFuture<Long> purgeQueue(String queue);

  /**
   * The dead-letter queues, in the order of their names, with what they hold. Each holds what one
   * queue's consumers rejected, or failed at too often.
   */
  CompletableFuture<List<QueueDescription>> listDeadLetterQueues();

  /**
   * The dead-letter queue of a queue; that queue itself when it is one. Fails with {@code
   * UNKNOWN_QUEUE} when there is none: the first dead letter makes it.
   */
  CompletableFuture<QueueDescription> deadLetterQueue(String queue);

  /**
   * The oldest messages of a queue, which are neither taken nor counted: consumers get them as if
   * nobody had looked. Messages of one partition come in the order of their offsets.
   *
   * @param max how many at most
   */
  CompletableFuture<List<BrowsedMessage>> browseQueue(String queue, int max);

  /**
   * Sends dead letters back to the queue that they died in, or to another one. Each arrives once;
   * failures count from 0 again, and other queues and consumer groups do not see it. Ends at the
   * end that the dead-letter queue has when it begins, and completes when all have arrived. When it
   * fails, those that were sent are where they should be, and it can be repeated. Takes as long as
   * the messages take: the request timeout counts for each step. Fails with {@code UNKNOWN_QUEUE}
   * when a queue that messages died in is gone, unless another one is named.
   *
   * @return how many
   */
  CompletableFuture<Long> redrive(Redrive redrive);

  /**
   * Gives a topic more partitions. Records of a key may be in another partition from then on.
   *
   * @param partitions the new number, larger than the present one
   */
  CompletableFuture<Void> alterTopic(String topic, int partitions);

  /** The settings of a topic or broker, in the order of their names. */
  CompletableFuture<List<ConfigSetting>> describeConfigs(ConfigResource resource);

  /**
   * Changes settings of a topic or broker; those that are not named stay as they are.
   *
   * @param configs new values; an empty one goes back to the default
   */
  CompletableFuture<Void> alterConfigs(ConfigResource resource, Map<String, String> configs);

  /**
   * Deletes the oldest records of partitions: those below an offset can be read no more, and their
   * space is freed segment by segment. Fails when one of the deletions fails, with {@code
   * OFFSET_OUT_OF_RANGE} for an offset beyond the high watermark; others may have taken place then.
   *
   * @param beforeOffsets for each partition the first offset that stays
   * @return for each partition the first offset that can be read now: the one that was given, or a
   *     later one where the records before that had gone already
   */
  CompletableFuture<Map<TopicPartition, Long>> deleteRecords(
      Map<TopicPartition, Long> beforeOffsets);

  /** The brokers that are alive, and the controller. */
  CompletableFuture<ClusterDescription> describeCluster();

  /** Finds a position in each partition of a topic. */
  CompletableFuture<Map<TopicPartition, PartitionOffset>> listOffsets(
      String topic, Position position);

  /**
   * Finds a position in each of several partitions. Fails when one of them fails. {@link
   * Position#offset} is answered as it is, without asking anybody.
   */
  CompletableFuture<Map<TopicPartition, PartitionOffset>> listOffsets(
      Map<TopicPartition, Position> positions);

  /**
   * The logs of these topics on all brokers, one entry for each replica; of every topic when none
   * is named. Brokers that do not answer within the request timeout make it fail.
   */
  CompletableFuture<List<ReplicaLog>> describeLogs(Collection<String> topics);

  /**
   * Moves leadership to the first replica of each partition, where that one is in sync.
   *
   * @param topic empty = every topic
   * @return how many leaders moved
   */
  CompletableFuture<Integer> electPreferredLeaders(String topic);

  /**
   * Makes a replica the leader of a partition without one, whatever it lacks: records that only
   * other replicas hold are given up. Fails with {@code INVALID_REQUEST} when a broker leads.
   *
   * @param broker the id of a broker that is alive and has a replica
   */
  CompletableFuture<Void> electUncleanLeader(TopicPartition partition, int broker);

  /**
   * Some of the record batches that one broker's replica of a partition holds, without their
   * records, also above the high watermark: for comparing replicas.
   *
   * @param broker the id of a broker that is alive and has a replica
   * @param fromOffset the first batch is the one that holds it; below the log start = from there
   */
  CompletableFuture<ReplicaBatches> describeBatches(
      int broker, TopicPartition partition, long fromOffset);

  /** The consumer groups of the cluster, in the order of their names. */
  CompletableFuture<List<GroupSummary>> listGroups();

  /** Describes a consumer group. Fails with {@code UNKNOWN_GROUP} when there is none. */
  CompletableFuture<GroupDescription> describeGroup(String group);

  /**
   * The offsets that a consumer group has committed: of each partition the next one to be read.
   * Partitions without a committed offset are left out, and so are deleted topics.
   */
  CompletableFuture<Map<TopicPartition, Long>> groupOffsets(String group);

  /**
   * Commits offsets for a consumer group. Fails with {@code GROUP_NOT_EMPTY} while it has members.
   */
  CompletableFuture<Void> setGroupOffsets(String group, Map<TopicPartition, Long> offsets);

  /**
   * Deletes a consumer group and its committed offsets. Fails with {@code UNKNOWN_GROUP} when there
   * is none, and with {@code GROUP_NOT_EMPTY} while it has members.
   */
  CompletableFuture<Void> deleteGroup(String group);
}
