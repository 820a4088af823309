package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides what a partition's node must say, given which brokers are registered. Pure.
 *
 * <pre>
 *   member of the in-sync set   its broker now
 *   --------------------------  ----------------------------------------------------------------
 *   CURRENT                     live under the registration with which it joined the set
 *   WHOLE                       live again on the same directory, which lost nothing since it joined
 *   NOT_WHOLE                   live again on the same directory, which may lack the end of its logs
 *   LOST                        registered on another directory since
 *   AWAY                        not live
 *
 *   first rule that applies            in-sync set            leader
 *   ---------------------------------  ---------------------  ------------------------------------
 *   1 some members are CURRENT         these                  as before if CURRENT, else preferred
 *   2 some members are WHOLE           these, re-registered   preferred of them
 *   3 all members are NOT_WHOLE        the leader alone       preferred; records may be lost
 *   4 otherwise                        unchanged              unchanged; nobody leads
 * </pre>
 *
 * <p>A CURRENT or WHOLE member holds everything that was ever committed. A NOT_WHOLE one stays in
 * the set as long as the set has no such member: one that is AWAY may still turn out to be WHOLE. A
 * LOST member never leads.
 */
final class LeaderElection {

  /** What became of a partition. */
  enum Outcome {
    /** A member that holds every committed record leads. */
    LED,
    /** The members are all back, and each may lack records: one leads, records may be lost. */
    LED_WITH_LOSS,
    /** Nobody leads until a member comes back. */
    AWAITS_MEMBER,
    /** Nobody leads: a member is on another directory, and none that is back is whole. */
    MEMBER_LOST
  }

  /**
   * @param partition the node's next value; the same object when it is right as it is
   */
  record Result(MetadataValue.Partition partition, Outcome outcome) {}

  private enum Presence {
    CURRENT,
    WHOLE,
    NOT_WHOLE,
    LOST,
    AWAY
  }

  private LeaderElection() {}

  /**
   * @param replicas in the order of preference
   */
  static Result elect(MetadataValue.Partition now, List<Integer> replicas, ClusterState state) {
    List<InSyncReplica> current = new ArrayList<>();
    List<InSyncReplica> whole = new ArrayList<>();
    List<InSyncReplica> notWhole = new ArrayList<>();
    boolean lost = false;
    for (InSyncReplica member : now.inSync()) {
      ClusterState.Broker broker = state.broker(member.brokerId());
      switch (presence(member, broker)) {
        case CURRENT -> current.add(member);
        case WHOLE -> whole.add(broker.asInSync());
        case NOT_WHOLE -> notWhole.add(broker.asInSync());
        case LOST -> lost = true;
        case AWAY -> {}
      }
    }
    if (!current.isEmpty()) {
      return new Result(lead(now, current, replicas), Outcome.LED);
    }
    if (!whole.isEmpty()) {
      return new Result(lead(now, whole, replicas), Outcome.LED);
    }
    if (!notWhole.isEmpty() && notWhole.size() == now.inSync().size()) {
      List<InSyncReplica> leader = List.of(preferred(notWhole, replicas));
      return new Result(lead(now, leader, replicas), Outcome.LED_WITH_LOSS);
    }
    return new Result(now, lost ? Outcome.MEMBER_LOST : Outcome.AWAITS_MEMBER);
  }

  private static Presence presence(InSyncReplica member, ClusterState.Broker broker) {
    if (broker == null) {
      return Presence.AWAY;
    }
    if (!broker.value().directoryId().equals(member.directoryId())) {
      return Presence.LOST;
    }
    if (!broker.live()) {
      return Presence.AWAY;
    }
    if (broker.epoch() == member.brokerEpoch()) {
      return Presence.CURRENT;
    }
    return member.brokerEpoch() >= broker.value().wholeSince()
        ? Presence.WHOLE
        : Presence.NOT_WHOLE;
  }

  private static MetadataValue.Partition lead(
      MetadataValue.Partition now, List<InSyncReplica> inSync, List<Integer> replicas) {
    boolean stays =
        now.leader() != PartitionImage.NO_LEADER
            && now.inSync().stream()
                .anyMatch(member -> member.brokerId() == now.leader() && inSync.contains(member));
    if (stays) {
      return inSync.equals(now.inSync()) ? now : now.withInSync(inSync);
    }
    return now.ledBy(preferred(inSync, replicas).brokerId(), inSync);
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
}
