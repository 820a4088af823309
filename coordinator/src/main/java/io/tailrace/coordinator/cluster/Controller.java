package io.tailrace.coordinator.cluster;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.ToIntFunction;

/**
 * What the cluster's controller does by itself: gives partitions their leaders as brokers come and
 * go, and finishes what an earlier controller left half done. Pure: the metadata in, the next
 * atomic write out; it remembers only where it has looked already. Confined to the thread of its
 * {@link ClusterMember}.
 */
final class Controller {
  private final int controllerEpoch;
  private final int maxParts;
  private final ToIntFunction<Map<String, String>> minInSync;
  private final Set<String> due = new LinkedHashSet<>();
  private final ElectionReport report = new ElectionReport();
  private long brokersSeen = -1;
  private Set<Integer> awaitedSeen = Set.of();

  /**
   * @param controllerEpoch the epoch in which this process was elected; the writes of this
   *     controller do nothing in any other
   * @param maxParts about as many parts has a write at most
   * @param minInSync the {@code min.insync.replicas} of a topic with these settings
   */
  Controller(int controllerEpoch, int maxParts, ToIntFunction<Map<String, String>> minInSync) {
    this.controllerEpoch = controllerEpoch;
    this.maxParts = maxParts;
    this.minInSync = minInSync;
  }

  int epoch() {
    return controllerEpoch;
  }

  /**
   * The write that ends the registrations of brokers that have died or hang; nothing happens where
   * one of them has registered again meanwhile.
   *
   * @param dead ids of live brokers
   */
  List<MetadataWrite> removals(ClusterState state, List<Integer> dead) {
    List<MetadataWrite> writes = new ArrayList<>();
    dead.forEach(id -> writes.addAll(Membership.end(state, id)));
    return fenced(writes);
  }

  /**
   * The write that makes leaders right; empty when they are.
   *
   * @param awaited ids of brokers that are not live: what they led waits for them
   */
  Optional<List<MetadataWrite>> elections(ClusterState state, Set<Integer> awaited) {
    due.addAll(state.takeTouched());
    if (brokersSeen != state.brokersVersion() || !awaitedSeen.equals(awaited)) {
      brokersSeen = state.brokersVersion();
      awaitedSeen = awaited;
      for (TopicState topic : state.topics()) {
        due.add(topic.name());
      }
    }
    WriteBatch batch = new WriteBatch(maxParts);
    Set<InSyncReplica> members = new HashSet<>();
    // Partitions that nobody leads do not wait for those whose in-sync sets change only.
    for (Change change : Change.values()) {
      electAll(change, state, batch, members);
    }
    if (due.isEmpty()) {
      report.log(state);
    }
    // A member that has registered again since may lack records: others must not leave for it.
    for (InSyncReplica member : members) {
      batch.addFirst(
          new MetadataWrite.Check(new MetadataKey.Broker(member.brokerId()), member.brokerEpoch()));
    }
    return batch.isEmpty() ? Optional.empty() : Optional.of(fenced(batch.writes()));
  }

  /** What an election changes, the most urgent first. */
  private enum Change {
    /** Another leader, or the same one in a new epoch. */
    LEADER,
    IN_SYNC_SET;

    static Change of(MetadataValue.Partition before, MetadataValue.Partition after) {
      return before.leaderEpoch() == after.leaderEpoch() ? IN_SYNC_SET : LEADER;
    }
  }

  /** Adds what must change in this way, until the batch is full. */
  private void electAll(
      Change change, ClusterState state, WriteBatch batch, Set<InSyncReplica> members) {
    List<String> right = new ArrayList<>();
    for (String name : due) {
      if (batch.full()) {
        break;
      }
      TopicState topic = state.topic(name);
      if (topic == null
          || !topic.value().visible()
          || elect(change, topic, state, batch, members)) {
        right.add(name);
      }
    }
    right.forEach(due::remove);
  }

  /**
   * Adds what must change in this way, and the members of the sets that change; says whether
   * nothing must, in any way.
   */
  private boolean elect(
      Change change,
      TopicState topic,
      ClusterState state,
      WriteBatch batch,
      Set<InSyncReplica> members) {
    boolean right = true;
    List<List<Integer>> assignment = topic.value().assignment();
    int minimum = minInSync.applyAsInt(topic.value().configs());
    for (int id = 0; id < assignment.size() && !batch.full(); id++) {
      ClusterState.Node<MetadataValue.Partition> node = topic.partition(id);
      if (node == null || awaitedSeen.contains(node.value().leader())) {
        continue;
      }
      List<Integer> replicas = assignment.get(id);
      LeaderElection.Result result =
          LeaderElection.elect(
              node.value(), replicas, Math.min(minimum, replicas.size()), state, awaitedSeen);
      report.add(topic, id, node.value(), result);
      MetadataValue.Partition next = result.partition();
      if (!next.equals(node.value())) {
        right = false;
        if (Change.of(node.value(), next) != change) {
          continue;
        }
        members.addAll(next.inSync());
        for (ReportedLogEnd end : node.value().logEnds()) {
          if (result.outcome() == LeaderElection.Outcome.LED_WITH_LOSS) {
            members.add(state.broker(end.brokerId()).asInSync()); // the reports must still count
          }
        }
        batch.add(new MetadataWrite.Update(topic.partitionKey(id), next, node.version()));
      }
    }
    return right;
  }

  /**
   * The write that finishes a topic which is half made or half removed, or removes the record of a
   * deletion which every broker has confirmed; empty when there is nothing of the kind.
   */
  Optional<List<MetadataWrite>> cleanUp(ClusterState state) {
    TopicState topic = state.anyUnsettled();
    if (topic != null) {
      return Optional.of(fenced(TopicGoals.settle(topic, maxParts)));
    }
    UUID deleted = state.anyConfirmedDeletion();
    return deleted == null
        ? Optional.empty()
        : Optional.of(
            fenced(
                List.of(
                    new MetadataWrite.Delete(
                        new MetadataKey.Deletion(deleted), state.deletion(deleted).version()))));
  }

  /** The same write, which does nothing unless this controller is still the newest. */
  List<MetadataWrite> fenced(List<MetadataWrite> writes) {
    List<MetadataWrite> fenced = new ArrayList<>(writes.size() + 1);
    fenced.add(new MetadataWrite.Check(MetadataKey.Single.CONTROLLER_EPOCH, controllerEpoch));
    fenced.addAll(writes);
    return fenced;
  }
}
