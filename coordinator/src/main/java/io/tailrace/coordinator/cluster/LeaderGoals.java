package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.Goal.Done;
import io.tailrace.coordinator.cluster.Goal.Refused;
import io.tailrace.coordinator.cluster.Goal.Step;
import io.tailrace.coordinator.cluster.Goal.Write;
import io.tailrace.protocol.error.ErrorCode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Leaders that an operator asks for. */
final class LeaderGoals {

  private LeaderGoals() {}

  /**
   * Whether a live broker leads the partition under the registration that is in the in-sync set.
   */
  private static boolean isLed(MetadataValue.Partition partition, ClusterState state) {
    return isCurrent(partition, partition.leader(), state);
  }

  private static boolean isCurrent(
      MetadataValue.Partition partition, int brokerId, ClusterState state) {
    ClusterState.Broker broker = state.broker(brokerId);
    return broker != null && broker.live() && partition.inSyncEpoch(brokerId) == broker.epoch();
  }

  /**
   * Every partition is led by the first of its replicas, where that one is in sync; only that moves
   * no leader to a replica which has to catch up. The result is how many leaders moved.
   */
  static final class Preferred implements Goal<Integer> {
    private final String name;
    private final int maxParts;
    private int moved;
    private int written;

    /**
     * @param name of the topic; empty = every topic
     */
    Preferred(String name, int maxParts) {
      this.name = name;
      this.maxParts = maxParts;
    }

    @Override
    public Step<Integer> next(ClusterState state) {
      WriteBatch batch = new WriteBatch(maxParts);
      Set<InSyncReplica> leaders = new LinkedHashSet<>();
      if (name.isEmpty()) {
        state.topics().forEach(topic -> collect(topic, state, batch, leaders));
      } else {
        TopicState topic = state.topic(name);
        if (topic == null || !topic.value().visible()) {
          return new Refused<>(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
        }
        collect(topic, state, batch, leaders);
      }
      if (batch.isEmpty()) {
        return new Done<>(moved);
      }
      written = batch.writes().size();
      for (InSyncReplica leader : leaders) {
        batch.addFirst(
            new MetadataWrite.Check(
                new MetadataKey.Broker(leader.brokerId()), leader.brokerEpoch()));
      }
      return new Write<>(batch.writes());
    }

    private static void collect(
        TopicState topic, ClusterState state, WriteBatch batch, Set<InSyncReplica> leaders) {
      if (!topic.value().visible()) {
        return;
      }
      List<List<Integer>> assignment = topic.value().assignment();
      for (int id = 0; id < assignment.size() && !batch.full(); id++) {
        ClusterState.Node<MetadataValue.Partition> node = topic.partition(id);
        int preferred = assignment.get(id).get(0);
        if (node != null
            && node.value().leader() != preferred
            && isLed(node.value(), state)
            && isCurrent(node.value(), preferred, state)) {
          leaders.add(state.broker(preferred).asInSync());
          batch.add(
              new MetadataWrite.Update(
                  topic.partitionKey(id),
                  node.value().ledBy(preferred, node.value().inSync(), node.value().eligible()),
                  node.version()));
        }
      }
    }

    @Override
    public void onWritten() {
      moved += written;
    }
  }

  /**
   * A partition that nobody leads is led by a replica outside its in-sync set, or by one that may
   * lack records: what that replica lacks is given up.
   */
  record Unclean(String name, int partition, int brokerId) implements Goal<Void> {

    @Override
    public Step<Void> next(ClusterState state) {
      TopicState topic = state.topic(name);
      if (topic == null || !topic.value().visible()) {
        return new Refused<>(ErrorCode.UNKNOWN_TOPIC, "there is no topic '" + name + "'");
      }
      ClusterState.Node<MetadataValue.Partition> node = topic.partition(partition);
      if (node == null || partition >= topic.value().assignment().size()) {
        return new Refused<>(
            ErrorCode.UNKNOWN_PARTITION, "topic '" + name + "' has no partition " + partition);
      }
      if (isLed(node.value(), state)) {
        return node.value().leader() == brokerId
            ? new Done<>(null)
            : refused("is led by broker " + node.value().leader());
      }
      if (!topic.value().assignment().get(partition).contains(brokerId)) {
        return refused("has no replica on broker " + brokerId);
      }
      ClusterState.Broker broker = state.broker(brokerId);
      if (broker == null || !broker.live()) {
        return refused("cannot be led by broker " + brokerId + ", which is not alive");
      }
      MetadataValue.Partition now = node.value();
      MetadataValue.Partition next =
          new MetadataValue.Partition(brokerId, now.leaderEpoch() + 1, List.of(broker.asInSync()));
      return new Write<>(
          List.of(
              new MetadataWrite.Check(new MetadataKey.Broker(brokerId), broker.epoch()),
              new MetadataWrite.Update(topic.partitionKey(partition), next, node.version())));
    }

    private Refused<Void> refused(String why) {
      return new Refused<>(ErrorCode.INVALID_REQUEST, name + "-" + partition + " " + why);
    }
  }
}
