package io.tailrace.coordinator.cluster;

import io.tailrace.coordinator.cluster.MetadataValue.InSyncReplica;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/**
 * The in-sync sets that this broker's partitions have proposed and that are not decided yet. Many
 * travel in one atomic write. Whether a proposal is still possible is decided from the metadata as
 * it was read, before every write: so a proposal that lost its race is answered {@code false} and
 * fails none of the others, and a write whose outcome is unknown needs nothing but the next
 * reading.
 *
 * <p>A proposal has no timeout: until it is decided, its leader must count with both sets. Confined
 * to the thread of its {@link ClusterMember}.
 */
final class InSyncChanges {
  private final int brokerId;
  private final int maxParts;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private List<Pending> written = List.of();

  private record Pending(InSyncProposal proposal, CompletableFuture<Boolean> answer) {}

  private enum Standing {
    /** May be written. */
    POSSIBLE,
    /** The metadata says what the proposal wants. */
    DONE,
    /** The metadata says something else, or a member is not there as named. */
    LOST
  }

  InSyncChanges(int brokerId, int maxParts) {
    this.brokerId = brokerId;
    this.maxParts = maxParts;
  }

  void add(InSyncProposal proposal, CompletableFuture<Boolean> answer) {
    pending.add(new Pending(proposal, answer));
  }

  /**
   * The next write; null when there is nothing to write. Answers the proposals that are decided.
   *
   * @param brokerEpoch the epoch of this broker's registration
   */
  List<MetadataWrite> next(ClusterState state, int brokerEpoch) {
    written = List.of();
    List<Pending> batch = new ArrayList<>();
    WriteBatch writes = new WriteBatch(maxParts);
    Map<Integer, Integer> checks = new TreeMap<>();
    Set<Integer> joining = new TreeSet<>();
    List<Pending> done = new ArrayList<>();
    List<Pending> lost = new ArrayList<>();
    for (Iterator<Pending> each = pending.iterator(); each.hasNext() && !writes.full(); ) {
      Pending next = each.next();
      switch (standing(next.proposal(), state, brokerEpoch)) {
        case DONE -> {
          each.remove();
          done.add(next);
        }
        case LOST -> {
          each.remove();
          lost.add(next);
        }
        case POSSIBLE -> {
          batch.add(next);
          writes.add(update(next.proposal(), state));
          for (InSyncProposal.Member member : next.proposal().members()) {
            checks.put(member.brokerId(), member.brokerEpoch());
            if (joins(next.proposal(), member, state)) {
              joining.add(member.brokerId());
            }
          }
        }
      }
    }
    // Last, for the callers may propose again from within.
    done.forEach(each -> each.answer().complete(true));
    lost.forEach(each -> each.answer().complete(false));
    if (batch.isEmpty()) {
      return null;
    }
    checks.put(brokerId, brokerEpoch);
    checks.forEach(
        (id, epoch) -> writes.addFirst(new MetadataWrite.Check(new MetadataKey.Broker(id), epoch)));
    for (int id : joining) {
      // A broker whose session has ended keeps its epoch until it registers again.
      writes.addFirst(new MetadataWrite.Check(new MetadataKey.Live(id), MetadataWrite.ANY_VERSION));
    }
    written = batch;
    return writes.writes();
  }

  private Standing standing(InSyncProposal proposal, ClusterState state, int brokerEpoch) {
    TopicState topic = state.topic(proposal.topic());
    ClusterState.Node<MetadataValue.Partition> node =
        topic == null || !topic.id().equals(proposal.topicId())
            ? null
            : topic.partition(proposal.partition());
    if (node == null
        || node.value().leader() != brokerId
        || node.value().leaderEpoch() != proposal.leaderEpoch()
        || node.value().inSyncEpoch(brokerId) != brokerEpoch) {
      return Standing.LOST;
    }
    if (node.version() != proposal.partitionVersion()) {
      boolean same = node.value().inSync().equals(replicas(proposal));
      return same && node.version() == proposal.partitionVersion() + 1
          ? Standing.DONE
          : Standing.LOST;
    }
    boolean holdsLeader = false;
    for (InSyncProposal.Member member : proposal.members()) {
      ClusterState.Broker broker = state.broker(member.brokerId());
      if (broker == null || broker.epoch() != member.brokerEpoch()) {
        return Standing.LOST;
      }
      if (!broker.live() && joins(proposal, member, state)) {
        return Standing.LOST;
      }
      holdsLeader |= member.brokerId() == brokerId;
    }
    return holdsLeader ? Standing.POSSIBLE : Standing.LOST;
  }

  private static boolean joins(
      InSyncProposal proposal, InSyncProposal.Member member, ClusterState state) {
    MetadataValue.Partition now =
        state.topic(proposal.topic()).partition(proposal.partition()).value();
    return now.inSyncEpoch(member.brokerId()) != member.brokerEpoch();
  }

  private static List<InSyncReplica> replicas(InSyncProposal proposal) {
    return proposal.members().stream()
        .map(member -> new InSyncReplica(member.brokerId(), member.brokerEpoch()))
        .toList();
  }

  private static MetadataWrite update(InSyncProposal proposal, ClusterState state) {
    TopicState topic = state.topic(proposal.topic());
    ClusterState.Node<MetadataValue.Partition> node = topic.partition(proposal.partition());
    return new MetadataWrite.Update(
        topic.partitionKey(proposal.partition()),
        new MetadataValue.Partition(
            node.value().leader(), node.value().leaderEpoch(), replicas(proposal)),
        node.version());
  }

  /** The last write happened: its proposals are in the metadata. */
  void onWritten() {
    List<Pending> happened = written;
    written = List.of();
    pending.removeAll(happened);
    happened.forEach(each -> each.answer().complete(true));
  }

  /** Ends: what becomes of the proposals is not known. */
  void close() {
    List<Pending> left = new ArrayList<>(pending);
    pending.clear();
    left.forEach(
        each ->
            each.answer()
                .completeExceptionally(
                    new ClusterException(
                        ErrorCode.OUTCOME_UNKNOWN, "the broker is leaving the cluster")));
  }
}
