package io.tailrace.coordinator.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.InSyncReplica;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * A leader's state under random events of a small cluster, beside a naive model that works the high
 * watermark out anew from all that has happened, and beside the real logs: whichever member of the
 * stored in-sync set is elected, it holds everything that was acknowledged.
 */
class ReplicaStatePropertyTest {
  private static final int LEADER = 0;
  private static final int REPLICAS = 4;
  private static final int LAG_MS = 50;

  /** The model: what each replica holds and has reported, and what the store holds. */
  private static final class World {
    final Random random;
    final boolean synced;
    final long[] end = new long[REPLICAS];
    final long[] syncedEnd = new long[REPLICAS];
    final int[] brokerEpoch = new int[REPLICAS];
    final Map<Integer, long[]> reported = new HashMap<>();
    Map<Integer, Integer> stored = new TreeMap<>();
    long version = 1;
    int epoch = 1;
    int min;
    long nowMs;
    long highWatermark;
    Map<Integer, Integer> confirmed = new TreeMap<>();
    List<InSyncReplica> eligible = List.of();
    boolean confirmedEligible;
    ProposedInSyncSet proposal;

    /** The store has written the proposal, and its answer is on its way. */
    boolean written;

    ReplicaState state;

    World(long seed) {
      random = new Random(seed);
      synced = random.nextBoolean();
      min = 1 + random.nextInt(3);
      for (int i = 0; i < REPLICAS; i++) {
        if (i == LEADER || random.nextBoolean()) {
          stored.put(i, 0);
        }
      }
      state = new ReplicaState(LEADER, synced, LAG_MS);
      takeOver();
      state.onLogOpened(0, 0, 0, 0);
    }

    PartitionMetadata metadata() {
      List<InSyncReplica> members = new ArrayList<>();
      stored.forEach((id, at) -> members.add(new InSyncReplica(id, at, new UUID(0, id))));
      return new PartitionMetadata(
          LEADER, epoch, version, List.of(0, 1, 2, 3), members, eligible, min);
    }

    void takeOver() {
      state.onMetadata(metadata(), nowMs);
      if (proposal != null && proposal.version() < version) {
        proposal = null;
      }
      confirm();
    }

    void confirm() {
      confirmed = new TreeMap<>(stored);
      confirmedEligible = !eligible.isEmpty();
    }

    long acknowledged(long[] ends) {
      return synced ? Math.min(ends[0], ends[1]) : ends[0];
    }

    void step() {
      nowMs += random.nextInt(10);
      int replica = 1 + random.nextInt(REPLICAS - 1);
      switch (random.nextInt(14)) {
        case 0, 1, 2 -> {
          end[LEADER] += random.nextInt(3);
          leaderProgress();
        }
        case 3 -> {
          syncedEnd[LEADER] += random.nextLong(end[LEADER] - syncedEnd[LEADER] + 1);
          leaderProgress();
        }
        case 4, 5, 6 -> {
          end[replica] += random.nextLong(end[LEADER] - end[replica] + 1);
          syncedEnd[replica] += random.nextLong(end[replica] - syncedEnd[replica] + 1);
          report(replica);
        }
        case 7 -> report(replica);
        case 8, 9 -> propose();
        case 10 -> answer();
        case 11 -> bounce(replica);
        case 12 -> {
          if (random.nextInt(10) == 0) {
            epoch++;
            version++;
            reported.clear();
            proposal = null;
            takeOver();
          } else if (written) {
            takeOver(); // the image comes before the answer
          }
        }
        default -> {
          if (random.nextInt(5) == 0) {
            min = 1 + random.nextInt(3);
            // The same entry of the store, or one that the state has not heard of.
            state.onMetadata(metadata(), nowMs);
            if (proposal != null && proposal.version() < version) {
              proposal = null;
            }
            confirm();
          }
        }
      }
      advance();
    }

    private void leaderProgress() {
      state.onLogProgress(end[LEADER], syncedEnd[LEADER], nowMs);
    }

    private void report(int replica) {
      Integer member = confirmed.get(replica);
      long[] ends = {end[replica], syncedEnd[replica]};
      boolean counts =
          state.onFollowerReport(
              new InSyncReplica(replica, brokerEpoch[replica], new UUID(0, replica)),
              ends[0],
              ends[1],
              nowMs);
      assertTrue(counts || (member != null && member > brokerEpoch[replica]));
      if (counts) {
        reported.put(replica, ends);
      }
    }

    private void propose() {
      ProposedInSyncSet made = state.propose(nowMs);
      if (made == null) {
        return;
      }
      assertEquals(null, proposal, "one at a time");
      proposal = made;
      written = false;
      for (InSyncReplica member : made.inSync()) {
        if (!confirmed.containsKey(member.brokerId())) {
          assertTrue(acknowledged(reported.get(member.brokerId())) >= highWatermark);
        }
      }
      if (made.version() == version && made.leaderEpoch() == epoch && random.nextInt(4) > 0) {
        stored = new TreeMap<>();
        made.inSync().forEach(member -> stored.put(member.brokerId(), member.brokerEpoch()));
        eligible = made.eligible();
        version++;
        written = true;
      }
    }

    private void answer() {
      if (proposal == null) {
        return;
      }
      if (written) {
        state.onProposalConfirmed(proposal, version);
        confirm();
      } else {
        state.onProposalRefused(proposal);
      }
      proposal = null;
      written = false;
    }

    /**
     * A broker comes back under a new registration; it may have lost a tail that it had not synced.
     */
    private void bounce(int replica) {
      if (random.nextInt(4) > 0) {
        return;
      }
      brokerEpoch[replica]++;
      if (!stored.containsKey(replica)
          && eligible.stream().noneMatch(each -> each.brokerId() == replica)
          && (proposal == null
              || proposal.inSync().stream().noneMatch(m -> m.brokerId() == replica))) {
        end[replica] = syncedEnd[replica] + random.nextLong(end[replica] - syncedEnd[replica] + 1);
      }
    }

    private void advance() {
      Set<Integer> needed = new TreeSet<>(confirmed.keySet());
      if (proposal != null) {
        proposal.inSync().forEach(member -> needed.add(member.brokerId()));
      }
      if (confirmed.size() >= Math.min(min, REPLICAS) && !confirmedEligible) {
        long smallest = acknowledged(new long[] {end[LEADER], syncedEnd[LEADER]});
        for (int member : needed) {
          if (member != LEADER) {
            smallest =
                Math.min(
                    smallest, acknowledged(reported.getOrDefault(member, new long[] {-1, -1})));
          }
        }
        highWatermark = Math.max(highWatermark, smallest);
      }
    }

    void check() {
      assertEquals(highWatermark, state.highWatermark());
      Set<Integer> electable = new TreeSet<>(stored.keySet());
      eligible.forEach(replica -> electable.add(replica.brokerId()));
      for (int member : electable) {
        assertTrue(
            acknowledged(new long[] {end[member], syncedEnd[member]}) >= highWatermark,
            () -> "replica " + member + " could be elected and lacks what was acknowledged");
      }
      long smallest =
          stored.keySet().stream()
              .map(member -> end[member])
              .min(Comparator.naturalOrder())
              .orElseThrow();
      for (long offset : new long[] {0, highWatermark, smallest, smallest + 1, end[LEADER]}) {
        Acknowledgement given = state.acknowledgement(epoch, offset);
        assertEquals(offset <= highWatermark, given == Acknowledgement.GIVEN);
        assertEquals(Acknowledgement.EPOCH_ENDED, state.acknowledgement(epoch - 1, offset));
      }
    }
  }

  @Test
  void whatIsAcknowledgedIsHeldByWhomeverTheStoreMayElect() {
    for (long seed = 0; seed < 2_000; seed++) {
      World world = new World(seed);
      int step = 0;
      try {
        for (; step < 300; step++) {
          world.step();
          world.check();
        }
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ", step " + step, e);
      }
    }
  }
}
