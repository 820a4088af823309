package io.tailrace.coordinator.cluster;

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

  private record Pending(InSyncChange change, CompletableFuture<Boolean> answer) {}

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

  void add(InSyncChange change, CompletableFuture<Boolean> answer) {
    pending.add(new Pending(change, answer));
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
      switch (standing(next.change(), state, brokerEpoch)) {
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
          writes.add(update(next.change(), state));
          for (InSyncReplica member : next.change().members()) {
            checks.put(member.brokerId(), member.brokerEpoch());
            if (joins(next.change(), member, state)) {
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

  private Standing standing(InSyncChange change, ClusterState state, int brokerEpoch) {
    TopicState topic = state.topic(change.topic());
    ClusterState.Node<MetadataValue.Partition> node =
        topic == null || !topic.id().equals(change.topicId())
            ? null
            : topic.partition(change.partition());
    if (node == null
        || node.value().leader() != brokerId
        || node.value().leaderEpoch() != change.leaderEpoch()
        || node.value().inSyncEpoch(brokerId) != brokerEpoch) {
      return Standing.LOST;
    }
    if (node.version() != change.partitionVersion()) {
      boolean same =
          node.value().inSync().equals(change.members())
              && node.value().eligible().equals(change.eligible());
      return same && node.version() == change.partitionVersion() + 1
          ? Standing.DONE
          : Standing.LOST;
    }
    boolean holdsLeader = false;
    for (InSyncReplica member : change.members()) {
      ClusterState.Broker broker = state.broker(member.brokerId());
      if (broker == null || !broker.asInSync().equals(member)) {
        return Standing.LOST;
      }
      if (!broker.live() && joins(change, member, state)) {
        return Standing.LOST;
      }
      holdsLeader |= member.brokerId() == brokerId;
    }
    return holdsLeader ? Standing.POSSIBLE : Standing.LOST;
  }

  private static boolean joins(InSyncChange change, InSyncReplica member, ClusterState state) {
    MetadataValue.Partition now = state.topic(change.topic()).partition(change.partition()).value();
    return now.inSyncEpoch(member.brokerId()) != member.brokerEpoch();
  }

  private static MetadataWrite update(InSyncChange change, ClusterState state) {
    TopicState topic = state.topic(change.topic());
    ClusterState.Node<MetadataValue.Partition> node = topic.partition(change.partition());
    return new MetadataWrite.Update(
        topic.partitionKey(change.partition()),
        node.value().withReplicas(change.members(), change.eligible()),
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
