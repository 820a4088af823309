package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What the metadata store holds, as far as this process has read it, with the versions that
 * conditional writes need; turns into a {@link ClusterImage} for everyone else. Changes only by
 * {@link #reset} and {@link #apply}. Confined to its {@link ClusterMember}'s thread.
 */
final class ClusterState {

  /** A node that exists. */
  record Node<V extends MetadataValue>(V value, int version, long owner) {}

  /** A broker that has ever registered. */
  record Broker(int id, MetadataValue.Broker value, int epoch, boolean live) {

    /** The member of an in-sync set that it is under its newest registration. */
    InSyncReplica asInSync() {
      return new InSyncReplica(id, epoch, value.directoryId());
    }
  }

  private String clusterId = "";
  private int controllerEpoch = -1;
  private Node<MetadataValue.Holder> controller;
  private Node<MetadataValue.ProducerIds> producerIds;
  private final NavigableMap<Integer, Node<MetadataValue.Broker>> brokers = new TreeMap<>();
  private final NavigableMap<Integer, Node<MetadataValue.Holder>> live = new TreeMap<>();
  private final Map<String, Node<MetadataValue.Configs>> brokerConfigs = new HashMap<>();
  private final Map<String, TopicState> topics = new TreeMap<>();
  private final Map<UUID, PartitionTable> tables = new HashMap<>();
  private final Map<UUID, Node<MetadataValue.Deletion>> deletions = new HashMap<>();
  private final Map<String, Node<MetadataValue.Queue>> queues = new HashMap<>();

  /** Nodes that exist but cannot be read; otherwise they count as absent. */
  private final Set<MetadataKey> unreadable = new HashSet<>();

  /** Topics whose image may differ from what {@link #image} made last. */
  private final Set<String> stale = new LinkedHashSet<>();

  /** Topics that changed since the controller looked. */
  private final Set<String> touched = new LinkedHashSet<>();

  /** Topics that are half made, half deleted, or have partitions beyond their assignment. */
  private final Set<String> unsettled = new LinkedHashSet<>();

  private final Set<Integer> staleBrokers = new LinkedHashSet<>();
  private final Set<String> staleConfigs = new LinkedHashSet<>();
  private final Set<String> staleQueues = new LinkedHashSet<>();
  private boolean allStale;
  private boolean staleDeletions;
  private long brokersVersion;
  private int ownId = PartitionImage.NO_LEADER;
  private int ownEpoch = -1;

  /**
   * Says which broker this process is: it leads under its own registration only, whatever an
   * earlier run of it may still be recorded for.
   *
   * @param epoch -1 before it has registered
   */
  void self(int brokerId, int epoch) {
    if (ownId != brokerId || ownEpoch != epoch) {
      ownId = brokerId;
      ownEpoch = epoch;
      allStale = true;
    }
  }

  /** Forgets everything and holds what the store was read to hold. */
  void reset(List<MetadataEntry> entries) {
    staleBrokers.addAll(brokers.keySet());
    staleConfigs.addAll(brokerConfigs.keySet());
    stale.addAll(topics.keySet());
    staleQueues.addAll(queues.keySet());
    clusterId = "";
    controllerEpoch = -1;
    controller = null;
    producerIds = null;
    brokers.clear();
    live.clear();
    brokerConfigs.clear();
    topics.clear();
    tables.clear();
    deletions.clear();
    queues.clear();
    unreadable.clear();
    staleDeletions = true;
    unsettled.clear();
    touched.clear();
    brokersChanged();
    apply(entries);
  }

  /** Takes over nodes as they are now. */
  void apply(List<MetadataEntry> entries) {
    for (MetadataEntry entry : entries) {
      apply(entry);
    }
  }

  private void apply(MetadataEntry read) {
    MetadataKey key = read.key();
    MetadataEntry entry = read;
    if (read.value() == MetadataValue.Unreadable.UNREADABLE) {
      unreadable.add(key);
      entry = MetadataEntry.absent(key);
    } else {
      unreadable.remove(key);
    }
    if (key instanceof MetadataKey.Partition partition) {
      applyPartition(partition, node(entry, MetadataValue.Partition.class));
    } else if (key instanceof MetadataKey.Topic topic) {
      applyTopic(topic.name(), node(entry, MetadataValue.Topic.class));
    } else if (key instanceof MetadataKey.Broker broker) {
      put(brokers, broker.id(), node(entry, MetadataValue.Broker.class));
      staleBrokers.add(broker.id());
      brokersChanged();
    } else if (key instanceof MetadataKey.Live holder) {
      put(live, holder.brokerId(), node(entry, MetadataValue.Holder.class));
      staleBrokers.add(holder.brokerId());
      brokersChanged();
    } else if (key instanceof MetadataKey.Deletion deletion) {
      put(deletions, deletion.topicId(), node(entry, MetadataValue.Deletion.class));
      staleDeletions = true;
    } else if (key instanceof MetadataKey.Queue queue) {
      put(queues, queue.name(), node(entry, MetadataValue.Queue.class));
      staleQueues.add(queue.name());
    } else if (key instanceof MetadataKey.BrokerConfigs configs) {
      put(brokerConfigs, configs.broker(), node(entry, MetadataValue.Configs.class));
      staleConfigs.add(configs.broker());
    } else if (key == Single.CONTROLLER) {
      controller = node(entry, MetadataValue.Holder.class);
    } else if (key == Single.CONTROLLER_EPOCH) {
      controllerEpoch = entry.version();
    } else if (key == Single.PRODUCER_IDS) {
      producerIds = node(entry, MetadataValue.ProducerIds.class);
    } else if (key == Single.CLUSTER) {
      Node<MetadataValue.Cluster> node = node(entry, MetadataValue.Cluster.class);
      clusterId = node == null ? "" : node.value().clusterId();
    }
  }

  private static <V extends MetadataValue> Node<V> node(MetadataEntry entry, Class<V> type) {
    return entry.value() == null
        ? null
        : new Node<>(type.cast(entry.value()), entry.version(), entry.owner());
  }

  private static <K, V> void put(Map<K, V> map, K key, V value) {
    if (value == null) {
      map.remove(key);
    } else {
      map.put(key, value);
    }
  }

  /**
   * A broker's epoch and whether it is live decide which leaders lead, so that every topic may look
   * different.
   */
  private void brokersChanged() {
    brokersVersion++;
    allStale = true;
  }

  private void applyTopic(String name, Node<MetadataValue.Topic> node) {
    if (node == null) {
      topics.remove(name);
    } else {
      topics.put(name, new TopicState(name, node, table(node.value().id())));
    }
    touch(name);
  }

  private void applyPartition(MetadataKey.Partition key, Node<MetadataValue.Partition> node) {
    PartitionTable table = table(key.topicId());
    table.set(key.id(), node);
    TopicState topic = topics.get(key.topic());
    if (table.size() == 0 && (topic == null || !topic.id().equals(key.topicId()))) {
      tables.remove(key.topicId());
    }
    touch(key.topic());
  }

  private PartitionTable table(UUID topicId) {
    return tables.computeIfAbsent(topicId, id -> new PartitionTable());
  }

  private void touch(String name) {
    stale.add(name);
    touched.add(name);
    TopicState topic = topics.get(name);
    if (topic != null && !topic.settled()) {
      unsettled.add(name);
    } else {
      unsettled.remove(name);
    }
  }

  /** The id of the cluster that the store holds; empty when it holds none that can be read. */
  String clusterId() {
    return clusterId;
  }

  /** Whether the node exists but cannot be read; by all else it counts as absent. */
  boolean unreadable(MetadataKey key) {
    return unreadable.contains(key);
  }

  /** The next image is worked out anew for every topic: the last one was not made here. */
  void topicsChanged() {
    allStale = true;
  }

  /** The data version of the controller epoch's node; -1 before it was read. */
  int controllerEpoch() {
    return controllerEpoch;
  }

  /** Null when there is no controller. */
  Node<MetadataValue.Holder> controller() {
    return controller;
  }

  Node<MetadataValue.ProducerIds> producerIds() {
    return producerIds;
  }

  /** Null when it never registered. */
  Broker broker(int id) {
    Node<MetadataValue.Broker> node = brokers.get(id);
    return node == null ? null : new Broker(id, node.value(), node.version(), live.containsKey(id));
  }

  /** Null when no process is this broker now. */
  Node<MetadataValue.Holder> live(int brokerId) {
    return live.get(brokerId);
  }

  /** The ids of the brokers that are there now, ascending. */
  List<Integer> liveBrokers() {
    List<Integer> ids = new ArrayList<>(live.keySet());
    ids.retainAll(brokers.keySet());
    return ids;
  }

  /** Grows whenever a broker comes, goes or registers again. */
  long brokersVersion() {
    return brokersVersion;
  }

  /** The queue with this name, or null. */
  Node<MetadataValue.Queue> queue(String name) {
    return queues.get(name);
  }

  /** The queues that are bound to the topic with this id. */
  List<String> boundTo(UUID topicId) {
    return queues.entrySet().stream()
        .filter(
            queue ->
                queue.getValue().value().bindings().stream()
                    .anyMatch(each -> each.active() && each.exchangeId().equals(topicId)))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  Node<MetadataValue.Configs> brokerConfigs(String broker) {
    return brokerConfigs.get(broker);
  }

  /** The topic with this name, however unfinished, or null. */
  TopicState topic(String name) {
    return topics.get(name);
  }

  Iterable<TopicState> topics() {
    return topics.values();
  }

  /** A topic that is half made, half deleted or has partitions too many, or null. */
  TopicState anyUnsettled() {
    return unsettled.isEmpty() ? null : topics.get(unsettled.iterator().next());
  }

  /** The recorded deletion of the topic with this id, or null. */
  Node<MetadataValue.Deletion> deletion(UUID topicId) {
    return deletions.get(topicId);
  }

  /** A topic whose recorded deletion every broker has confirmed, or null. */
  UUID anyConfirmedDeletion() {
    for (Map.Entry<UUID, Node<MetadataValue.Deletion>> deletion : deletions.entrySet()) {
      if (deletion.getValue().value().pending().isEmpty()) {
        return deletion.getKey();
      }
    }
    return null;
  }

  /** The topics that changed since the last call. */
  List<String> takeTouched() {
    List<String> names = List.copyOf(touched);
    touched.clear();
    return names;
  }

  /**
   * The image of what is held now.
   *
   * @param previous what this method returned last, or the empty image at first; returned again
   *     when nothing differs
   */
  ClusterImage image(ClusterImage previous) {
    ClusterImageBuilder builder =
        new ClusterImageBuilder(previous)
            .clusterId(clusterId)
            .controller(controller == null ? -1 : controller.value().brokerId());
    for (int id : staleBrokers) {
      Broker broker = broker(id);
      if (broker == null) {
        builder.removeBroker(id);
      } else {
        MetadataValue.Broker value = broker.value();
        builder.putBroker(
            new BrokerImage(
                id,
                broker.epoch(),
                value.endpoints(),
                value.rack(),
                value.directoryId(),
                broker.live()));
      }
    }
    for (String name : staleConfigs) {
      Node<MetadataValue.Configs> node = brokerConfigs.get(name);
      builder.brokerConfigs(name, node == null ? Map.of() : node.value().configs());
    }
    for (String name : staleQueues) {
      Node<MetadataValue.Queue> node = queues.get(name);
      if (node == null) {
        builder.removeQueue(name);
      } else {
        MetadataValue.Queue value = node.value();
        builder.putQueue(
            new QueueImage(name, value.id(), node.version(), value.settings(), value.bindings()));
      }
    }
    if (staleDeletions) {
      Map<UUID, MetadataValue.Deletion> recorded = new HashMap<>();
      deletions.forEach((id, node) -> recorded.put(id, node.value()));
      builder.deletions(recorded);
    }
    if (allStale) {
      stale.addAll(topics.keySet());
    }
    for (String name : stale) {
      topicImage(name, previous.topics().get(name), builder);
    }
    staleBrokers.clear();
    staleConfigs.clear();
    staleQueues.clear();
    stale.clear();
    allStale = false;
    staleDeletions = false;
    return builder.build();
  }

  private void topicImage(String name, TopicImage before, ClusterImageBuilder builder) {
    TopicState topic = topics.get(name);
    if (topic == null || !topic.value().visible()) {
      builder.removeTopic(name);
      return;
    }
    if (!topic.complete() && damaged(topic)) {
      builder.removeTopic(name);
      return;
    }
    if (!topic.complete()) {
      // Its partitions are still being read: no image may show only some of them.
      if (before != null && !before.id().equals(topic.id())) {
        builder.removeTopic(name);
      }
      return;
    }
    List<List<Integer>> assignment = topic.value().assignment();
    boolean same =
        before != null
            && before.id().equals(topic.id())
            && before.configs().equals(topic.value().configs())
            && before.partitions().size() == assignment.size();
    List<PartitionImage> partitions = new ArrayList<>(assignment.size());
    for (int id = 0; id < assignment.size(); id++) {
      PartitionImage was =
          before != null && id < before.partitions().size() ? before.partitions().get(id) : null;
      PartitionImage now = partitionImage(id, assignment.get(id), topic.partition(id), was);
      same &= now.equals(was);
      partitions.add(now);
    }
    if (!same) {
      builder.putTopic(
          new TopicImage(
              name,
              topic.id(),
              topic.value().type(),
              Collections.unmodifiableList(partitions),
              topic.value().configs()));
    }
  }

  /** Whether the node of one of its partitions exists but cannot be read. */
  private boolean damaged(TopicState topic) {
    for (MetadataKey key : unreadable) {
      if (key instanceof MetadataKey.Partition partition
          && partition.topicId().equals(topic.id())) {
        return true;
      }
    }
    return false;
  }

  private PartitionImage partitionImage(
      int id, List<Integer> replicas, Node<MetadataValue.Partition> node, PartitionImage was) {
    MetadataValue.Partition value = node.value();
    int leader = leads(value) ? value.leader() : PartitionImage.NO_LEADER;
    int asked =
        ownEpoch >= 0
                && leader == PartitionImage.NO_LEADER
                && broker(ownId).epoch() == ownEpoch
                && LeaderElection.asksForLogEnd(value, ownId, this)
            ? ownEpoch
            : PartitionImage.NOT_ASKED;
    if (was != null
        && was.leader() == leader
        && was.leaderEpoch() == value.leaderEpoch()
        && was.version() == node.version()
        && was.logEndAskedUnder() == asked
        && was.inSync().equals(value.inSync())
        && was.eligibleLeaderReplicas().equals(value.eligible())
        && was.replicas().equals(replicas)) {
      return was;
    }
    return new PartitionImage(
        id,
        leader,
        value.leaderEpoch(),
        replicas,
        value.inSync(),
        value.eligible(),
        node.version(),
        asked);
  }

  /** Whether the recorded leader is live, and under the registration with which it was elected. */
  private boolean leads(MetadataValue.Partition partition) {
    int leader = partition.leader();
    if (leader == PartitionImage.NO_LEADER) {
      return false;
    }
    Broker broker = broker(leader);
    int epoch = partition.inSyncEpoch(leader);
    return broker != null
        && broker.live()
        && broker.epoch() == epoch
        && (leader != ownId || epoch == ownEpoch);
  }
}
