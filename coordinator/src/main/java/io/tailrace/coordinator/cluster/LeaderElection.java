package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.MetadataValue.InSyncReplica;
import java.util.ArrayList;
import java.util.List;

/**
 * Decides what a partition's node must say, given which brokers are there. Pure.
 *
 * <p>A member of the in-sync set counts while its broker is there under the registration with which
 * it got into the set.
 *
 * <ul>
 *   <li>Some count: the others leave the set; the leader stays if it counts, else the first replica
 *       that does leads, in the next leader epoch.
 *   <li>None counts, and none is there: nothing changes. The set remembers who may lead.
 *   <li>None counts, but some came back under a newer registration. Who closed its log cleanly has
 *       everything that was ever committed: these are the set, and one of them leads. Who did not
 *       may have lost the end of its log to a power failure: it leaves the set, unless that would
 *       empty it; the last one leads, with what its log recovered.
 * </ul>
 */
final class LeaderElection {

  private LeaderElection() {}

  /**
   * The node's next value; the same object when it is right as it is.
   *
   * @param replicas in the order of preference
   */
  static MetadataValue.Partition elect(
      MetadataValue.Partition now, List<Integer> replicas, ClusterState state) {
    List<InSyncReplica> counting = new ArrayList<>();
    List<InSyncReplica> back = new ArrayList<>();
    List<InSyncReplica> backUncleanly = new ArrayList<>();
    List<InSyncReplica> away = new ArrayList<>();
    for (InSyncReplica member : now.inSync()) {
      ClusterState.Broker broker = state.broker(member.brokerId());
      if (broker == null || !broker.live()) {
        away.add(member);
      } else if (broker.epoch() == member.brokerEpoch()) {
        counting.add(member);
      } else {
        (broker.value().clean() ? back : backUncleanly)
            .add(new InSyncReplica(member.brokerId(), broker.epoch()));
      }
    }
    if (!counting.isEmpty()) {
      return lead(now, counting, replicas);
    }
    if (!back.isEmpty()) {
      return lead(now, back, replicas);
    }
    if (backUncleanly.isEmpty()) {
      return now;
    }
    if (away.isEmpty()) {
      return lead(now, List.of(preferred(backUncleanly, replicas)), replicas);
    }
    int leader = inSync(away, now.leader()) ? now.leader() : PartitionImage.NO_LEADER;
    return new MetadataValue.Partition(
        leader, now.leaderEpoch() + (leader == now.leader() ? 0 : 1), away);
  }

  private static MetadataValue.Partition lead(
      MetadataValue.Partition now, List<InSyncReplica> inSync, List<Integer> replicas) {
    boolean stays =
        now.leader() != PartitionImage.NO_LEADER
            && now.inSync().stream()
                .anyMatch(member -> member.brokerId() == now.leader() && inSync.contains(member));
    if (stays) {
      return inSync.equals(now.inSync())
          ? now
          : new MetadataValue.Partition(now.leader(), now.leaderEpoch(), inSync);
    }
    return new MetadataValue.Partition(
        preferred(inSync, replicas).brokerId(), now.leaderEpoch() + 1, inSync);
  }

  private static InSyncReplica preferred(List<InSyncReplica> members, List<Integer> replicas) {
    for (int replica : replicas) {
      for (InSyncReplica member : members) {
        if (member.brokerId() == replica) {
          return member;
        }
      }
    }
    return members.get(0);
  }

  private static boolean inSync(List<InSyncReplica> members, int brokerId) {
    return members.stream().anyMatch(member -> member.brokerId() == brokerId);
  }
}
