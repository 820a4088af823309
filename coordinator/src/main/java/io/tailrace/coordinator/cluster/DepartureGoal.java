package io.tailrace.coordinator.cluster;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A replica that has found damaged records is not recorded as one that holds all that is committed
 * any more: it leaves the in-sync set and the eligible leader replicas, and hands leadership over
 * if it leads. The result is whether it may discard records: false when it holds what no other
 * replica is known to hold now.
 *
 * <p>The leader epoch grows in any case. So nothing that the replica has reported before counts any
 * more, and no leader takes it back before it has reported what it holds after discarding.
 *
 * @param name of the topic
 * @param brokerId the replica
 * @param leaderEpoch in which the replica has reported what it held
 */
record DepartureGoal(String name, UUID topicId, int partition, int brokerId, int leaderEpoch)
    implements Goal<Boolean> {

  @Override
  public Step<Boolean> next(ClusterState state) {
    TopicState topic = state.topic(name);
    ClusterState.Node<MetadataValue.Partition> node =
        topic == null || !topic.id().equals(topicId) || !topic.value().visible()
            ? null
            : topic.partition(partition);
    if (node == null || partition >= topic.value().assignment().size()) {
      return new Refused<>(
          ErrorCode.UNKNOWN_PARTITION, "there is no partition " + name + "-" + partition);
    }
    MetadataValue.Partition now = node.value();
    boolean listed =
        Stream.concat(now.inSync().stream(), now.eligible().stream())
            .anyMatch(member -> member.brokerId() == brokerId);
    if (!listed && now.leaderEpoch() > leaderEpoch) {
      return new Done<>(true);
    }
    List<InSyncReplica> inSync = others(now.inSync());
    List<InSyncReplica> eligible = others(now.eligible());
    InSyncReplica leader;
    if (now.leader() == brokerId) {
      List<Integer> preference = topic.value().assignment().get(partition);
      leader = preferred(inSync, preference, state);
      if (leader == null) {
        leader = preferred(eligible, preference, state);
        if (leader != null) {
          eligible.remove(leader);
          eligible.addAll(inSync); // they are away, and hold all that is committed
          inSync = List.of(leader);
        }
      }
    } else {
      int current = now.leader();
      leader =
          inSync.stream()
              .filter(member -> member.brokerId() == current && isCurrent(member, state))
              .findFirst()
              .orElse(null);
    }
    if (leader == null) {
      return new Done<>(false);
    }
    // A new leader that registers again at this moment may lack records.
    return new Write<>(
        List.of(
            new MetadataWrite.Check(
                new MetadataKey.Broker(leader.brokerId()), leader.brokerEpoch()),
            new MetadataWrite.Update(
                topic.partitionKey(partition),
                now.ledBy(leader.brokerId(), inSync, eligible),
                node.version())));
  }

  private List<InSyncReplica> others(List<InSyncReplica> members) {
    List<InSyncReplica> others = new ArrayList<>(members);
    others.removeIf(member -> member.brokerId() == brokerId);
    return others;
  }

  private static InSyncReplica preferred(
      List<InSyncReplica> members, List<Integer> preference, ClusterState state) {
    for (int replica : preference) {
      for (InSyncReplica member : members) {
        if (member.brokerId() == replica && isCurrent(member, state)) {
          return member;
        }
      }
    }
    return null;
  }

  private static boolean isCurrent(InSyncReplica member, ClusterState state) {
    ClusterState.Broker broker = state.broker(member.brokerId());
    return broker != null && broker.live() && broker.asInSync().equals(member);
  }
}
