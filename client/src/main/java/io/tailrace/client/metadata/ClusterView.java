package io.tailrace.client.metadata;

import io.tailrace.client.network.BrokerAddress;
import io.tailrace.protocol.message.BrokerEndpoint;
import io.tailrace.protocol.message.MetadataResponse;
import io.tailrace.protocol.message.PartitionMetadata;
import io.tailrace.protocol.message.TopicMetadata;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The client's view of the cluster. Immutable.
 *
 * @param controller the controller's id; -1 when none is known
 * @param brokers those that are alive, by id
 * @param topics those that the client is interested in and the cluster has, by name
 * @param gone the last views of topics that a broker has reported as unknown, so that a response of
 *     a broker that lags behind cannot bring back a lower leader epoch
 */
public record ClusterView(
    String clusterId,
    int controller,
    Map<Integer, BrokerAddress> brokers,
    Map<String, TopicView> topics,
    Map<String, TopicView> gone) {

  /** Before anything is known. */
  public static final ClusterView EMPTY = new ClusterView("", -1, Map.of(), Map.of(), Map.of());

  /** Whether any broker has told anything yet. */
  public boolean known() {
    return !brokers.isEmpty();
  }

  /** The topic's view, or null. */
  public TopicView topic(String name) {
    return topics.get(name);
  }

  /** The partition's view, or null. */
  public PartitionView partition(String topic, int partition) {
    TopicView view = topics.get(topic);
    return view == null ? null : view.partition(partition);
  }

  /**
   * This view as a response changes it. A partition keeps its view when the response has a lower
   * leader epoch: the broker that sent it lags behind. Topics that are not in the response stay.
   */
  public ClusterView merge(MetadataResponse response) {
    Map<Integer, BrokerAddress> newBrokers = new HashMap<>();
    for (BrokerEndpoint broker : response.getBrokersList()) {
      newBrokers.put(
          broker.getId(),
          new BrokerAddress(broker.getId(), broker.getHost(), broker.getPort(), broker.getRack()));
    }
    Map<String, TopicView> newTopics = new HashMap<>(topics);
    Map<String, TopicView> newGone = new HashMap<>(gone);
    for (TopicMetadata topic : response.getTopicsList()) {
      if (topic.getErrorCode() == 0) {
        TopicView before = newTopics.getOrDefault(topic.getName(), gone.get(topic.getName()));
        newTopics.put(topic.getName(), merge(before, topic));
        newGone.remove(topic.getName());
      } else {
        TopicView before = newTopics.remove(topic.getName());
        if (before != null) {
          newGone.put(topic.getName(), before);
        }
      }
    }
    return new ClusterView(
        response.getClusterId(),
        response.getControllerIdPlusOne() - 1,
        // Sorted: the order in which brokers are asked must not differ from process to process.
        Collections.unmodifiableMap(new TreeMap<>(newBrokers)),
        Collections.unmodifiableMap(new TreeMap<>(newTopics)),
        Map.copyOf(newGone));
  }

  private static TopicView merge(TopicView known, TopicMetadata topic) {
    boolean same = known != null && known.id().equals(topic.getTopicId());
    List<PartitionView> partitions = new ArrayList<>(topic.getPartitionsCount());
    for (PartitionMetadata partition : topic.getPartitionsList()) {
      PartitionView old = same ? known.partition(partition.getId()) : null;
      partitions.add(
          old != null && old.leaderEpoch() > partition.getLeaderEpoch() ? old : of(partition));
    }
    partitions.sort(Comparator.comparingInt(PartitionView::id));
    if (same) {
      // A broker that lags behind may not know the newest partitions yet.
      for (int id = partitions.size(); id < known.partitions().size(); id++) {
        partitions.add(known.partitions().get(id));
      }
    }
    return new TopicView(
        topic.getName(), topic.getTopicId(), topic.getType(), List.copyOf(partitions));
  }

  private static PartitionView of(PartitionMetadata partition) {
    return new PartitionView(
        partition.getId(),
        partition.getLeaderIdPlusOne() - 1,
        partition.getLeaderEpoch(),
        List.copyOf(partition.getReplicasList()),
        List.copyOf(partition.getInSyncReplicasList()));
  }
}
