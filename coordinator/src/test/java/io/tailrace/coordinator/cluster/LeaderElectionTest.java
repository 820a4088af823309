package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tailrace.coordinator.cluster.MetadataValue.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataValue.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LeaderElectionTest {
  private static final List<Integer> REPLICAS = List.of(1, 2, 3);

  private final List<MetadataEntry> entries = new ArrayList<>();

  private LeaderElectionTest broker(int id, int epoch, boolean live, boolean clean) {
    entries.add(
        new MetadataEntry(
            new MetadataKey.Broker(id), new MetadataValue.Broker("h", 1, "", clean), epoch, 0));
    if (live) {
      entries.add(
          new MetadataEntry(
              new MetadataKey.Live(id),
              new MetadataValue.Holder(id, new UUID(0, id), new UUID(1, id), epoch),
              0,
              id));
    }
    return this;
  }

  private Partition elect(Partition now) {
    ClusterState state = new ClusterState();
    state.reset(entries);
    return LeaderElection.elect(now, REPLICAS, state);
  }

  private static Partition partition(int leader, int leaderEpoch, InSyncReplica... inSync) {
    return new Partition(leader, leaderEpoch, List.of(inSync));
  }

  private static InSyncReplica at(int brokerId, int epoch) {
    return new InSyncReplica(brokerId, epoch);
  }

  @Test
  void nothingChangesWhileEveryoneIsThere() {
    broker(1, 5, true, true).broker(2, 6, true, false).broker(3, 7, true, true);
    Partition now = partition(2, 4, at(1, 5), at(2, 6), at(3, 7));
    assertSame(now, elect(now));
  }

  @Test
  void aFollowerThatIsGoneLeavesTheSetInTheSameLeaderEpoch() {
    broker(1, 5, true, true).broker(2, 6, false, true).broker(3, 7, true, true);
    assertEquals(
        partition(1, 4, at(1, 5), at(3, 7)), elect(partition(1, 4, at(1, 5), at(2, 6), at(3, 7))));
  }

  @Test
  void theFirstReplicaThatIsInSyncFollowsALeaderThatIsGone() {
    broker(1, 5, false, true).broker(2, 6, true, true).broker(3, 7, true, true);
    assertEquals(
        partition(2, 5, at(3, 7), at(2, 6)), elect(partition(1, 4, at(3, 7), at(1, 5), at(2, 6))));
  }

  @Test
  void aBouncedLeaderDoesNotLeadUnderItsOldRegistration() {
    broker(1, 8, true, true).broker(2, 6, true, true);
    assertEquals(partition(2, 5, at(2, 6)), elect(partition(1, 4, at(1, 5), at(2, 6))));
  }

  @Test
  void aBouncedFollowerLeavesTheSet() {
    broker(1, 5, true, true).broker(2, 9, true, true);
    assertEquals(partition(1, 4, at(1, 5)), elect(partition(1, 4, at(1, 5), at(2, 6))));
  }

  @Test
  void theLastMemberStaysWhileItIsAway() {
    broker(1, 5, false, true).broker(2, 6, true, true);
    Partition now = partition(1, 4, at(1, 5));
    assertSame(now, elect(now));
  }

  @Test
  void theOnlyMemberLeadsAgainEvenAfterAnUncleanEnd() {
    broker(1, 6, true, false).broker(2, 6, true, true);
    assertEquals(partition(1, 5, at(1, 6)), elect(partition(1, 4, at(1, 5))));
  }

  @Test
  void ofSeveralWhoCameBackTheCleanOnesAreInSync() {
    broker(1, 9, true, false).broker(2, 9, true, true).broker(3, 9, true, true);
    assertEquals(
        partition(2, 5, at(2, 9), at(3, 9)), elect(partition(1, 4, at(1, 5), at(2, 6), at(3, 7))));
  }

  @Test
  void whoComesBackUncleanlyLeavesTheSetWhileAnotherMayStillCome() {
    broker(1, 9, true, false).broker(2, 6, false, true);
    assertEquals(
        partition(PartitionImage.NO_LEADER, 5, at(2, 6)),
        elect(partition(1, 4, at(1, 5), at(2, 6))));
    assertEquals(partition(2, 4, at(2, 6)), elect(partition(2, 4, at(1, 5), at(2, 6))));
  }

  @Test
  void theLastOfSeveralWhoCameBackUncleanlyLeads() {
    broker(1, 9, true, false).broker(2, 10, true, false);
    assertEquals(partition(1, 5, at(1, 9)), elect(partition(2, 4, at(2, 6), at(1, 5))));
    assertEquals(
        partition(2, 6, at(2, 10)), elect(partition(PartitionImage.NO_LEADER, 5, at(2, 6))));
  }

  @Test
  void aPartitionWithoutLeaderGetsOneFromItsSet() {
    broker(1, 5, true, true).broker(2, 6, true, true);
    assertEquals(
        partition(2, 5, at(2, 6)), elect(partition(PartitionImage.NO_LEADER, 4, at(2, 6))));
  }
}
