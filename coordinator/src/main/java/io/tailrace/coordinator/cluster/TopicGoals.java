package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.Goal.Done;
import io.tailrace.coordinator.cluster.Goal.Refused;
import io.tailrace.coordinator.cluster.Goal.Step;
import io.tailrace.coordinator.cluster.Goal.Write;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.topic.TopicName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * What only the controller does to topics. A topic with few partitions is made or removed by one
 * atomic write. One with many takes several, and is hidden meanwhile: it gets its assignment last,
 * and loses it first. What a controller that died left half done, the next one removes.
 */
final class TopicGoals {

  private TopicGoals() {}

  /** A topic that does not exist yet. */
  record Create(
      String name,
      UUID id,
      int partitions,
      int replicationFactor,
      TopicType type,
      Map<String, String> configs,
      Placement placement)
      implements Goal<Void> {

    @Override
    public Step<Void> next(ClusterState state) {
      if (state.unreadable(new MetadataKey.Topic(name))) {
        return unreadable(name);
      }
      TopicState topic = state.topic(name);
      if (topic != null && !topic.id().equals(id)) {
        return new Refused<>(ErrorCode.TOPIC_EXISTS, "topic '" + name + "' already exists");
      }
      if (topic != null && topic.value().visible()) {
        return new Done<>(null);
      }
      if (placement.isEmpty()) {
        Refused<Void> refusal = refusal(state);
        if (refusal != null) {
          return refusal;
        }
        placement.place(partitions, replicationFactor, state);
      }
      WriteBatch batch = placement.newBatch();
      boolean all = placement.fill(batch, name, id, topic, 0, state);
      MetadataValue.Topic value =
          new MetadataValue.Topic(id, type, all ? placement.all() : List.of(), configs, false);
      if (topic == null) {
        batch.addFirst(create(new MetadataKey.Partitions(name, id), MetadataValue.None.NONE));
        batch.addFirst(create(new MetadataKey.Topic(name), value));
      } else if (all) {
        batch.add(new MetadataWrite.Update(topic.key(), value, topic.version()));
      } else {
        batch.add(new MetadataWrite.Check(topic.key(), topic.version()));
      }
      return new Write<>(batch.writes());
    }

    private static MetadataWrite create(MetadataKey key, MetadataValue value) {
      return new MetadataWrite.Create(key, value, false);
    }

    private Refused<Void> refusal(ClusterState state) {
      String problem = TopicName.problem(name);
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_TOPIC_NAME, problem);
      }
      int brokers = state.liveBrokers().size();
      if (replicationFactor < 1 || replicationFactor > brokers) {
        return new Refused<>(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            "a replication factor of "
                + replicationFactor
                + " needs as many brokers; "
                + brokers
                + (brokers == 1 ? " is there" : " are there"));
      }
      problem = TopicRules.sizeProblem(partitions, replicationFactor);
      if (problem != null) {
        return new Refused<>(ErrorCode.INVALID_PARTITIONS, problem);
      }
      problem = TopicRules.configProblem(configs);
      return problem == null ? null : new Refused<>(ErrorCode.INVALID_CONFIG, problem);
    }
  }

  /** More partitions for a topic: their nodes first, then, in one write, the new assignment. */
  record Grow(String name, int partitions, Placement placement) implements Goal<Void> {

    @Override
    public Step<Void> next(ClusterState state) {
      TopicState topic = state.topic(name);
      if (state.unreadable(new MetadataKey.Topic(name))) {
        return unreadable(name);
      }
      if (topic == null || !topic.value().visible()) {
        return unknownTopic(name);
      }
      List<List<Integer>> existing = topic.value().assignment();
      if (existing.size() == partitions) {
        return new Done<>(null);
      }
      if (existing.size() > partitions) {
        return new Refused<>(
            ErrorCode.INVALID_PARTITIONS,
            "topic '"
                + name
                + "' has "
                + existing.size()
                + " partitions; they cannot become fewer");
      }
      if (placement.size() != partitions - existing.size()) {
        if (!topic.settled()) {
          return new Write<>(settle(topic, placement.maxParts));
        }
        int replicationFactor = existing.get(0).size();
        String problem = TopicRules.sizeProblem(partitions, replicationFactor);
        if (problem != null) {
          return new Refused<>(ErrorCode.INVALID_PARTITIONS, problem);
        }
        if (replicationFactor > state.liveBrokers().size()) {
          return new Refused<>(
              ErrorCode.INVALID_REPLICATION_FACTOR,
              "topic '"
                  + name
                  + "' has "
                  + replicationFactor
                  + " replicas per partition; that many brokers are not there now");
        }
        placement.place(partitions - existing.size(), replicationFactor, state);
      }
      WriteBatch batch = placement.newBatch();
      boolean all = placement.fill(batch, name, topic.id(), topic, existing.size(), state);
      if (!all) {
        batch.add(new MetadataWrite.Check(topic.key(), topic.version()));
        return new Write<>(batch.writes());
      }
      List<List<Integer>> assignment = new ArrayList<>(existing);
      assignment.addAll(placement.all());
      MetadataValue.Topic value = topic.value();
      batch.add(
          new MetadataWrite.Update(
              topic.key(),
              new MetadataValue.Topic(value.id(), value.type(), assignment, value.configs(), false),
              topic.version()));
      return new Write<>(batch.writes());
    }
  }

  /** No topic with this name, or at least not the one that had it at first. */
  static final class Delete implements Goal<Void> {
    private final String name;
    private final int maxParts;
    private UUID id;

    Delete(String name, int maxParts) {
      this.name = name;
      this.maxParts = maxParts;
    }

    @Override
    public Step<Void> next(ClusterState state) {
      TopicState topic = state.topic(name);
      if (id == null) {
        if (state.unreadable(new MetadataKey.Topic(name))) {
          return unreadable(name);
        }
        if (topic == null || !topic.value().visible()) {
          return unknownTopic(name);
        }
        id = topic.id();
      }
      return topic == null || !topic.id().equals(id)
          ? new Done<>(null)
          : new Write<>(removal(topic, maxParts));
    }
  }

  /** The next write that brings an unfinished topic to an end: gone, or without its extra nodes. */
  static List<MetadataWrite> settle(TopicState topic, int maxParts) {
    if (!topic.value().visible()) {
      return removal(topic, maxParts);
    }
    WriteBatch batch = new WriteBatch(maxParts);
    batch.add(new MetadataWrite.Check(topic.key(), topic.version()));
    removePartitions(batch, topic, topic.value().assignment().size());
    return batch.writes();
  }

  private static List<MetadataWrite> removal(TopicState topic, int maxParts) {
    WriteBatch batch = new WriteBatch(maxParts);
    if (topic.value().visible()) {
      // First in the write, so that it is read no later than the absence of the topic. A topic that
      // was never visible has no files anywhere.
      batch.add(
          new MetadataWrite.Create(new MetadataKey.Deletion(topic.id()), deletion(topic), false));
    }
    boolean all = removePartitions(batch, topic, 0);
    if (all) {
      batch.add(new MetadataWrite.Delete(topic.partitionsKey(), MetadataWrite.ANY_VERSION));
      batch.add(new MetadataWrite.Delete(topic.key(), topic.version()));
      return batch.writes();
    }
    if (topic.value().visible()) {
      MetadataValue.Topic value = topic.value();
      return List.of(
          new MetadataWrite.Create(new MetadataKey.Deletion(topic.id()), deletion(topic), false),
          new MetadataWrite.Update(
              topic.key(),
              new MetadataValue.Topic(
                  value.id(), value.type(), value.assignment(), value.configs(), true),
              topic.version()));
    }
    batch.add(new MetadataWrite.Check(topic.key(), topic.version()));
    return batch.writes();
  }

  private static MetadataValue.Deletion deletion(TopicState topic) {
    NavigableSet<Integer> brokers = new TreeSet<>();
    topic.value().assignment().forEach(brokers::addAll);
    return new MetadataValue.Deletion(topic.name(), List.copyOf(brokers));
  }

  private static boolean removePartitions(WriteBatch batch, TopicState topic, int from) {
    for (int partition = from; partition < topic.table().end(); partition++) {
      if (topic.partition(partition) != null) {
        if (batch.full()) {
          return false;
        }
        batch.add(
            new MetadataWrite.Delete(topic.partitionKey(partition), MetadataWrite.ANY_VERSION));
      }
    }
    return true;
  }

  static <T> Refused<T> unreadable(String name) {
    return new Refused<>(
        ErrorCode.INVALID_REQUEST,
        "the metadata of topic '"
            + name
            + "' is in ZooKeeper but cannot be read; restore or remove its znode first");
  }

  private static <T> Refused<T> unknownTopic(String name) {
    return new Refused<>(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
  }

  /** Where new partitions go; chosen once per goal, so that every step of it agrees. */
  static final class Placement {
    private final RandomGenerator random;
    private final int maxParts;
    private List<List<Integer>> assignment = List.of();

    /** Takes about so many parts per write at most. */
    Placement(RandomGenerator random, int maxParts) {
      this.random = random;
      this.maxParts = maxParts;
    }

    WriteBatch newBatch() {
      return new WriteBatch(maxParts);
    }

    boolean isEmpty() {
      return assignment.isEmpty();
    }

    int size() {
      return assignment.size();
    }

    List<List<Integer>> all() {
      return assignment;
    }

    void place(int partitions, int replicationFactor, ClusterState state) {
      assignment =
          ReplicaAssigner.assign(
              partitions,
              replicationFactor,
              state.liveBrokers(),
              ReplicaAssigner.racks(state),
              ReplicaAssigner.leaderships(state),
              random);
    }

    /**
     * Adds the partitions whose nodes are missing.
     *
     * @param topic null when it has no node yet
     * @param first the id of the first new partition
     * @return whether none will be missing after the batch
     */
    boolean fill(
        WriteBatch batch, String name, UUID id, TopicState topic, int first, ClusterState state) {
      for (int i = 0; i < assignment.size(); i++) {
        int partition = first + i;
        if (topic != null && topic.partition(partition) != null) {
          continue;
        }
        if (batch.full()) {
          return false;
        }
        batch.add(
            new MetadataWrite.Create(
                new MetadataKey.Partition(name, id, partition),
                initial(assignment.get(i), state),
                false));
      }
      return true;
    }

    /** All its replicas that are there are in sync, for there is nothing to be behind with. */
    private static MetadataValue.Partition initial(List<Integer> replicas, ClusterState state) {
      List<InSyncReplica> inSync = new ArrayList<>(replicas.size());
      for (int replica : replicas) {
        ClusterState.Broker broker = state.broker(replica);
        if (broker != null && broker.live()) {
          inSync.add(broker.asInSync());
        }
      }
      if (inSync.isEmpty()) {
        inSync.add(state.broker(replicas.get(0)).asInSync());
      }
      return new MetadataValue.Partition(inSync.get(0).brokerId(), 0, inSync);
    }
  }
}
