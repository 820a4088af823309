package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * Decides what a partition's node must say, given which brokers are registered. Pure.
 *
 * <pre>
 *   member of the in-sync set,    its broker now
 *   or eligible leader replica
 *   ----------------------------  --------------------------------------------------------------
 *   CURRENT                       live under the registration with which it is recorded
 *   WHOLE                         live again on the same directory, which lost nothing since then
 *   NOT_WHOLE                     live again on the same directory, which may lack records
 *   LOST                          registered on another directory since
 *   AWAY                          not live
 *
 *   first rule that applies                    in-sync set              leader
 *   -----------------------------------------  -----------------------  --------------------------
 *   1 some members are CURRENT or WHOLE        these, re-registered     as before if one of them,
 *                                                                       else preferred, CURRENT
 *                                                                       before WHOLE
 *   2 some eligible are CURRENT or WHOLE       these, re-registered     preferred of them
 *   3 all members and eligible are NOT_WHOLE,  the leader alone         that with the largest (last
 *     and have reported their log ends                                  leader epoch, log end);
 *                                                                       records may be lost
 *   4 otherwise                                unchanged                unchanged; nobody leads
 * </pre>
 *
 * <p>A broker that lost its session and returns is WHOLE: it goes on leading, in a new epoch, and
 * stays in the sets of others. So nothing moves because the metadata store was away. Members that
 * are awaited (see {@link ExpiredBrokers}) stay by rule 1, too, where without them fewer than the
 * minimum would be left, with which nothing is accepted.
 *
 * <p>A CURRENT or WHOLE replica holds everything that was ever committed. A NOT_WHOLE one stays
 * listed as long as no listed replica holds everything: one that is AWAY may still turn out to be
 * WHOLE. A LOST one never leads. Where there is only one listed replica, its log end is not asked
 * for: it leads whatever it has.
 *
 * <p><b>Eligible leader replicas</b> (KIP-966). A leader commits nothing while its partition has
 * any. So a member that leaves the in-sync set holds all that is committed for as long as it is
 * recorded as eligible, whatever the reason for which it left; and the minimum that is given here
 * decides only whether that is worth recording.
 */
final class LeaderElection {

  /** What became of a partition. */
  enum Outcome {
    /** A member that holds every committed record leads. */
    LED,
    /** The members are all back, and each may lack records: one leads, records may be lost. */
    LED_WITH_LOSS,
    /** The same, but some have not reported yet where their logs end. */
    AWAITS_LOG_END,
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
   * @param minInSync with fewer members than this nothing is committed
   * @param awaited ids of brokers that are AWAY, and expected to return at any moment
   */
  static Result elect(
      MetadataValue.Partition now,
      List<Integer> replicas,
      int minInSync,
      ClusterState state,
      Set<Integer> awaited) {
    Listed members = Listed.of(now.inSync(), state);
    Listed eligible = Listed.of(now.eligible(), state);
    List<InSyncReplica> complete =
        members.complete.isEmpty() ? eligible.complete : members.complete;
    if (!complete.isEmpty()) {
      InSyncReplica leader =
          leader(now, complete, members.current.isEmpty() ? complete : members.current, replicas);
      List<InSyncReplica> inSync = new ArrayList<>(complete);
      if (!members.complete.isEmpty() && inSync.size() < minInSync) {
        members.away.stream()
            .filter(member -> awaited.contains(member.brokerId()))
            .forEach(inSync::add);
      }
      List<InSyncReplica> left = remaining(now, inSync, members, eligible, minInSync);
      return new Result(lead(now, leader, inSync, left), Outcome.LED);
    }
    List<InSyncReplica> notWhole = new ArrayList<>(members.notWhole);
    notWhole.addAll(eligible.notWhole);
    if (!notWhole.isEmpty() && notWhole.size() == now.inSync().size() + now.eligible().size()) {
      InSyncReplica leader = largest(notWhole, now, replicas);
      return leader == null
          ? new Result(now, Outcome.AWAITS_LOG_END)
          : new Result(
              now.ledBy(leader.brokerId(), List.of(leader), List.of()), Outcome.LED_WITH_LOSS);
    }
    boolean lost = members.lost || eligible.lost;
    return new Result(now, lost ? Outcome.MEMBER_LOST : Outcome.AWAITS_MEMBER);
  }

  /**
   * Whether a broker should report where its log of a partition ends: nobody leads, the broker's
   * replica is NOT_WHOLE, and each of the others is that too, or AWAY.
   */
  static boolean asksForLogEnd(MetadataValue.Partition now, int brokerId, ClusterState state) {
    ClusterState.Broker broker = state.broker(brokerId);
    if (broker == null || now.inSync().size() + now.eligible().size() < 2) {
      return false;
    }
    boolean asked = false;
    for (List<InSyncReplica> listed : List.of(now.inSync(), now.eligible())) {
      for (InSyncReplica replica : listed) {
        switch (presence(replica, state.broker(replica.brokerId()))) {
          case NOT_WHOLE -> asked |= replica.brokerId() == brokerId;
          case AWAY -> {}
          case CURRENT, WHOLE, LOST -> {
            return false;
          }
        }
      }
    }
    return asked && now.logEnd(brokerId, broker.epoch()) == null;
  }

  /**
   * The one that has most of the newest leader's records, the preferred one of equals; null while
   * one of them has not reported.
   */
  private static InSyncReplica largest(
      List<InSyncReplica> all, MetadataValue.Partition now, List<Integer> replicas) {
    if (all.size() == 1) {
      return all.get(0);
    }
    List<ReportedLogEnd> ends = new ArrayList<>();
    for (InSyncReplica replica : all) {
      ReportedLogEnd end = now.logEnd(replica.brokerId(), replica.brokerEpoch());
      if (end == null) {
        return null;
      }
      ends.add(end);
    }
    ReportedLogEnd largest = Collections.max(ends, ReportedLogEnd.BY_RECORDS);
    List<InSyncReplica> equals = new ArrayList<>(all);
    equals.removeIf(
        replica ->
            ReportedLogEnd.BY_RECORDS.compare(
                    now.logEnd(replica.brokerId(), replica.brokerEpoch()), largest)
                < 0);
    return preferred(equals, replicas);
  }

  /** Recorded replicas, by what their brokers are now. */
  private static final class Listed {
    private final List<InSyncReplica> current = new ArrayList<>();

    /** CURRENT ones, and WHOLE ones under their new registrations. */
    private final List<InSyncReplica> complete = new ArrayList<>();

    private final List<InSyncReplica> notWhole = new ArrayList<>();
    private final List<InSyncReplica> away = new ArrayList<>();

    /** CURRENT, WHOLE and AWAY ones as they are recorded. */
    private final List<InSyncReplica> keeping = new ArrayList<>();

    private boolean lost;

    static Listed of(List<InSyncReplica> recorded, ClusterState state) {
      Listed listed = new Listed();
      for (InSyncReplica replica : recorded) {
        ClusterState.Broker broker = state.broker(replica.brokerId());
        switch (presence(replica, broker)) {
          case CURRENT -> {
            listed.current.add(replica);
            listed.complete.add(replica);
            listed.keeping.add(replica);
          }
          case WHOLE -> {
            listed.complete.add(broker.asInSync());
            listed.keeping.add(replica);
          }
          case AWAY -> {
            listed.away.add(replica);
            listed.keeping.add(replica);
          }
          case NOT_WHOLE -> listed.notWhole.add(broker.asInSync());
          case LOST -> listed.lost = true;
        }
      }
      return listed;
    }
  }

  /** The eligible replicas beside the in-sync set that is chosen. */
  private static List<InSyncReplica> remaining(
      MetadataValue.Partition now,
      List<InSyncReplica> inSync,
      Listed members,
      Listed eligible,
      int minInSync) {
    boolean sameSet = inSync.equals(now.inSync());
    if (!sameSet && inSync.size() >= minInSync) {
      return List.of();
    }
    // As long as the set stays, its leader alone knows when it begins to commit again.
    List<InSyncReplica> remaining = new ArrayList<>(eligible.keeping);
    if (!sameSet) {
      remaining.addAll(members.keeping);
    }
    remaining.removeIf(
        replica -> inSync.stream().anyMatch(each -> each.brokerId() == replica.brokerId()));
    return remaining;
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

  /** The leader before, if it is one of the complete ones; else the preferred of the candidates. */
  private static InSyncReplica leader(
      MetadataValue.Partition now,
      List<InSyncReplica> complete,
      List<InSyncReplica> candidates,
      List<Integer> replicas) {
    return complete.stream()
        .filter(member -> member.brokerId() == now.leader())
        .findFirst()
        .orElseGet(() -> preferred(candidates, replicas));
  }

  /** The same epoch only where the leader is the same, under the same registration. */
  private static MetadataValue.Partition lead(
      MetadataValue.Partition now,
      InSyncReplica leader,
      List<InSyncReplica> inSync,
      List<InSyncReplica> eligible) {
    if (leader.brokerId() != now.leader() || !now.inSync().contains(leader)) {
      return now.ledBy(leader.brokerId(), inSync, eligible);
    }
    return inSync.equals(now.inSync()) && eligible.equals(now.eligible())
        ? now
        : now.withReplicas(inSync, eligible);
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
