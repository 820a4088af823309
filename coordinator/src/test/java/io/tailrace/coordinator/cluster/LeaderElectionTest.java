package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.LeaderElection.Outcome;
import io.tailrace.coordinator.cluster.MetadataValue.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class LeaderElectionTest {
  private static final List<Integer> REPLICAS = List.of(1, 2, 3);

  /** Every member of a set joined it under an epoch below this one. */
  private static final int RESTARTED = 9;

  private final List<MetadataEntry> entries = new ArrayList<>();
  private int minInSync = 1;
  private Set<Integer> awaited = Set.of();

  private LeaderElectionTest broker(int id, int epoch, boolean live, int wholeSince) {
    return broker(id, epoch, live, directory(id), wholeSince);
  }

  private LeaderElectionTest broker(
      int id, int epoch, boolean live, UUID directory, int wholeSince) {
    entries.add(
        new MetadataEntry(
            new MetadataKey.Broker(id),
            new MetadataValue.Broker(Map.of(), "", directory, wholeSince),
            epoch,
            0));
    if (live) {
      entries.add(
          new MetadataEntry(
              new MetadataKey.Live(id),
              new MetadataValue.Holder(id, directory, new UUID(1, id), epoch),
              0,
              id));
    }
    return this;
  }

  private static UUID directory(int brokerId) {
    return new UUID(0, brokerId);
  }

  private LeaderElectionTest live(int id, int epoch) {
    return broker(id, epoch, true, 1);
  }

  private LeaderElectionTest away(int id, int epoch) {
    return broker(id, epoch, false, 1);
  }

  private LeaderElectionTest notWhole(int id) {
    return broker(id, RESTARTED, true, RESTARTED);
  }

  private LeaderElectionTest onNewDirectory(int id) {
    return broker(id, RESTARTED, true, new UUID(5, id), RESTARTED);
  }

  private LeaderElection.Result elect(Partition now) {
    ClusterState state = new ClusterState();
    state.reset(entries);
    return LeaderElection.elect(now, REPLICAS, minInSync, state, awaited);
  }

  private void elects(Partition expected, Partition now) {
    assertEquals(new LeaderElection.Result(expected, Outcome.LED), elect(now));
  }

  private void leaves(Partition now, Outcome outcome) {
    LeaderElection.Result result = elect(now);
    assertSame(now, result.partition());
    assertEquals(outcome, result.outcome());
  }

  private static Partition partition(int leader, int leaderEpoch, InSyncReplica... inSync) {
    return new Partition(leader, leaderEpoch, List.of(inSync));
  }

  private static InSyncReplica at(int brokerId, int epoch) {
    return new InSyncReplica(brokerId, epoch, directory(brokerId));
  }

  @Test
  void nothingChangesWhileEveryoneIsThere() {
    live(1, 5).broker(2, 6, true, 6).live(3, 7);
    leaves(partition(2, 4, at(1, 5), at(2, 6), at(3, 7)), Outcome.LED);
  }

  @Test
  void aFollowerThatIsGoneLeavesTheSetInTheSameLeaderEpoch() {
    live(1, 5).away(2, 6).live(3, 7);
    elects(partition(1, 4, at(1, 5), at(3, 7)), partition(1, 4, at(1, 5), at(2, 6), at(3, 7)));
  }

  @Test
  void theFirstReplicaThatIsInSyncFollowsALeaderThatIsGone() {
    away(1, 5).live(2, 6).live(3, 7);
    elects(partition(2, 5, at(3, 7), at(2, 6)), partition(1, 4, at(3, 7), at(1, 5), at(2, 6)));
  }

  @Test
  void aLeaderThatRegisteredAgainWithoutALossGoesOnInANewEpoch() {
    live(1, 8).live(2, 6);
    elects(partition(1, 5, at(1, 8), at(2, 6)), partition(1, 4, at(1, 5), at(2, 6)));
    elects(partition(2, 5, at(1, 8), at(2, 6)), partition(3, 4, at(1, 5), at(3, 1), at(2, 6)));
  }

  @Test
  void aLeaderThatRegisteredAgainWithALossLeadsNoMore() {
    notWhole(1).live(2, 6);
    elects(partition(2, 5, at(2, 6)), partition(1, 4, at(1, 5), at(2, 6)));
  }

  @Test
  void aFollowerThatRegisteredAgainWithoutALossStaysInTheSet() {
    live(1, 5).live(2, 9);
    elects(partition(1, 4, at(1, 5), at(2, 9)), partition(1, 4, at(1, 5), at(2, 6)));
    entries.clear();
    live(1, 5).notWhole(2);
    elects(partition(1, 4, at(1, 5)), partition(1, 4, at(1, 5), at(2, 6)));
  }

  @Test
  void nothingMovesWhenAllSessionsExpiredAndAllBrokersAreBack() {
    minInSync = 2;
    live(1, 15).live(2, 16).live(3, 17);
    elects(
        partition(2, 5, at(3, 17), at(2, 16), at(1, 15)),
        partition(2, 4, at(3, 7), at(2, 6), at(1, 5)));
  }

  @Test
  void membersThatAreAwaitedStayWhereTooFewWouldBeLeft() {
    minInSync = 2;
    awaited = Set.of(2, 3);
    live(1, 15).away(2, 6).away(3, 7);
    elects(
        partition(1, 5, at(1, 15), at(3, 7), at(2, 6)),
        partition(1, 4, at(3, 7), at(1, 5), at(2, 6)));
    entries.clear();
    live(1, 15).live(2, 16).away(3, 7);
    elects(partition(1, 5, at(1, 15), at(2, 16)), partition(1, 4, at(3, 7), at(1, 5), at(2, 6)));
    awaited = Set.of();
    entries.clear();
    live(1, 15).away(2, 6).away(3, 7);
    elects(
        partition(1, 5, List.of(at(1, 15)), at(3, 7), at(2, 6)),
        partition(1, 4, at(3, 7), at(1, 5), at(2, 6)));
  }

  @Test
  void theLastMemberStaysWhileItIsAway() {
    away(1, 5).live(2, 6);
    leaves(partition(1, 4, at(1, 5)), Outcome.AWAITS_MEMBER);
  }

  @Test
  void theOnlyMemberLeadsAgainWhenItIsBackAndWhole() {
    live(1, 6).live(2, 6);
    elects(partition(1, 5, at(1, 6)), partition(1, 4, at(1, 5)));
  }

  @Test
  void theOnlyMemberLeadsAgainAfterAPowerCutAndTheLossIsTold() {
    notWhole(1).live(2, 6);
    assertEquals(
        new LeaderElection.Result(partition(1, 5, at(1, RESTARTED)), Outcome.LED_WITH_LOSS),
        elect(partition(1, 4, at(1, 5))));
  }

  @Test
  void ofSeveralThatCameBackTheWholeOnesAreInSync() {
    notWhole(1).live(2, 9).live(3, 9);
    elects(partition(2, 5, at(2, 9), at(3, 9)), partition(1, 4, at(1, 5), at(2, 6), at(3, 7)));
  }

  @Test
  void aMemberIsWholeOnlyIfItJoinedSinceItsDirectoryLostSomething() {
    // Broker 1 lost something before its epoch 6, and was stopped in order and started since.
    broker(1, 12, true, 6);
    elects(partition(1, 5, at(1, 12)), partition(1, 4, at(1, 6)));
    assertEquals(Outcome.LED_WITH_LOSS, elect(partition(1, 4, at(1, 5))).outcome());
    away(2, 6);
    leaves(partition(1, 4, at(1, 5), at(2, 6)), Outcome.AWAITS_MEMBER);
  }

  @Test
  void aMemberThatIsNotWholeStaysListedWhileAnotherMayStillComeBackWhole() {
    notWhole(1).away(2, 6);
    leaves(partition(1, 4, at(1, 5), at(2, 6)), Outcome.AWAITS_MEMBER);
    leaves(partition(2, 4, at(1, 5), at(2, 6)), Outcome.AWAITS_MEMBER);
  }

  @Test
  void aMemberThatIsNotWholeLeavesASetThatHasAWholeMember() {
    notWhole(1).live(2, 9);
    elects(partition(2, 5, at(2, 9)), partition(1, 4, at(1, 5), at(2, 6)));
  }

  private static Partition reported(Partition partition, ReportedLogEnd... ends) {
    Partition reported = partition;
    for (ReportedLogEnd end : ends) {
      reported = reported.withLogEnd(end);
    }
    return reported;
  }

  private static ReportedLogEnd end(int brokerId, int lastEpoch, long logEndOffset) {
    return new ReportedLogEnd(brokerId, RESTARTED, lastEpoch, logEndOffset);
  }

  private void leadsWithLoss(int leader, Partition now) {
    assertEquals(
        new LeaderElection.Result(
            partition(leader, now.leaderEpoch() + 1, at(leader, RESTARTED)), Outcome.LED_WITH_LOSS),
        elect(now));
  }

  @Test
  void whenAllMembersAreBackAndNoneIsWholeTheLargestLogLeadsAlone() {
    notWhole(1).notWhole(2);
    Partition both = partition(1, 4, at(1, 5), at(2, 6));
    leadsWithLoss(2, reported(both, end(1, 4, 100), end(2, 4, 101)));
    leadsWithLoss(1, reported(both, end(1, 4, 102), end(2, 4, 101)));
  }

  @Test
  void aLaterLeaderEpochCountsMoreThanALongerLog() {
    notWhole(1).notWhole(2);
    leadsWithLoss(2, reported(partition(1, 4, at(1, 5), at(2, 6)), end(1, 3, 500), end(2, 4, 101)));
  }

  @Test
  void ofEqualLogsThePreferredLeads() {
    notWhole(1).notWhole(2);
    leadsWithLoss(1, reported(partition(2, 4, at(2, 6), at(1, 5)), end(2, 4, 100), end(1, 4, 100)));
    leadsWithLoss(1, reported(partition(2, 4, at(2, 6), at(1, 5)), end(2, -1, 0), end(1, -1, 0)));
  }

  @Test
  void nobodyLeadsBeforeAllHaveReportedUnderTheirRegistrations() {
    notWhole(1).notWhole(2);
    Partition both = partition(1, 4, at(1, 5), at(2, 6));
    leaves(both, Outcome.AWAITS_LOG_END);
    leaves(reported(both, end(1, 4, 100)), Outcome.AWAITS_LOG_END);
    ReportedLogEnd earlier = new ReportedLogEnd(2, RESTARTED - 1, 4, 300);
    leaves(reported(both, end(1, 4, 100), earlier), Outcome.AWAITS_LOG_END);
  }

  @Test
  void anElectionForgetsTheReports() {
    notWhole(1).live(2, 9);
    elects(
        partition(2, 5, at(2, 9)), reported(partition(1, 4, at(1, 5), at(2, 6)), end(1, 4, 100)));
  }

  @Test
  void logEndsAreAskedForWhereNoListedReplicaCanHoldAll() {
    notWhole(1).away(2, 6);
    Partition both = partition(1, 4, at(1, 5), at(2, 6));
    assertTrue(asks(1, both), "the one that is away may be not whole either");
    assertFalse(asks(2, both), "it is away");
    assertFalse(asks(1, reported(both, end(1, 4, 100))), "it has reported");
    ReportedLogEnd earlier = new ReportedLogEnd(1, RESTARTED - 1, 4, 300);
    assertTrue(asks(1, reported(both, earlier)), "under an earlier registration");
    assertFalse(asks(1, partition(1, 4, at(1, 5))), "it is the only one");
    assertTrue(asks(1, partition(1, 4, List.of(at(1, 5)), at(2, 6))), "one is eligible");
    live(3, 7);
    assertFalse(asks(1, partition(1, 4, at(1, 5), at(3, 7))), "one is current");
    assertFalse(asks(1, partition(1, 4, at(1, 5), at(3, 6))), "one is whole");
    assertFalse(asks(3, both), "it is not listed");
    entries.clear();
    notWhole(1).onNewDirectory(2);
    assertFalse(asks(1, both), "one is lost: only an operator decides");
  }

  private boolean asks(int brokerId, Partition now) {
    ClusterState state = new ClusterState();
    state.reset(entries);
    return LeaderElection.asksForLogEnd(now, brokerId, state);
  }

  @Test
  void aNewDirectoryNeverLeads() {
    onNewDirectory(1).live(2, 6);
    leaves(partition(1, 4, at(1, 5)), Outcome.MEMBER_LOST);
  }

  @Test
  void aNewDirectoryDoesNotSatisfyTheWaitForAllMembers() {
    onNewDirectory(1).notWhole(2);
    leaves(partition(1, 4, at(1, 5), at(2, 6)), Outcome.MEMBER_LOST);
  }

  @Test
  void aMemberOnANewDirectoryIsLostAlsoWhileItIsAway() {
    broker(1, RESTARTED, false, new UUID(5, 1), RESTARTED).notWhole(2);
    leaves(partition(1, 4, at(1, 5), at(2, 6)), Outcome.MEMBER_LOST);
  }

  @Test
  void aNewDirectoryLeavesASetThatHasAWholeMember() {
    onNewDirectory(1).live(2, 9);
    elects(partition(2, 5, at(2, 9)), partition(1, 4, at(1, 5), at(2, 6)));
  }

  @Test
  void theOldDirectoryThatIsBackLeadsAgain() {
    // Registered with another directory in between: it cannot be sure to be the newest copy.
    broker(1, 12, true, 12);
    assertEquals(Outcome.LED_WITH_LOSS, elect(partition(1, 4, at(1, 5))).outcome());
  }

  @Test
  void aPartitionWithoutLeaderGetsOneFromItsSet() {
    live(1, 5).live(2, 6);
    elects(partition(2, 5, at(2, 6)), partition(PartitionImage.NO_LEADER, 4, at(2, 6)));
  }

  // ---- eligible leader replicas ----

  private static Partition partition(
      int leader, int leaderEpoch, List<InSyncReplica> inSync, InSyncReplica... eligible) {
    return new Partition(leader, leaderEpoch, inSync, List.of(eligible));
  }

  @Test
  void membersThatAreGoneStayEligibleWhenFewerThanTheMinimumAreLeft() {
    minInSync = 2;
    live(1, 5).away(2, 6).live(3, 7);
    Partition two = partition(1, 4, List.of(at(1, 5), at(3, 7)));
    elects(two, partition(1, 4, at(1, 5), at(2, 6), at(3, 7)));
    entries.clear();
    live(1, 5).away(2, 6).away(3, 7);
    elects(partition(1, 4, List.of(at(1, 5)), at(3, 7)), two);
    elects(
        partition(1, 4, List.of(at(1, 5)), at(2, 6), at(3, 7)),
        partition(1, 4, at(1, 5), at(2, 6), at(3, 7)));
  }

  @Test
  void anEligibleReplicaLeadsWhenNoMemberIsThere() {
    minInSync = 2;
    away(1, 5).live(2, 9).away(3, 7);
    elects(
        partition(2, 5, List.of(at(2, 9)), at(3, 7), at(1, 5)),
        partition(1, 4, List.of(at(1, 5)), at(2, 6), at(3, 7)));
  }

  @Test
  void anEligibleReplicaLeadsBeforeAMemberThatLostPower() {
    minInSync = 2;
    notWhole(1).live(2, 6);
    elects(partition(2, 5, List.of(at(2, 6))), partition(1, 4, List.of(at(1, 5)), at(2, 6)));
  }

  @Test
  void aMemberLeadsBeforeAnEligibleReplica() {
    minInSync = 2;
    live(1, 9).live(2, 6);
    elects(
        partition(1, 5, List.of(at(1, 9)), at(2, 6)), partition(1, 4, List.of(at(1, 5)), at(2, 6)));
  }

  @Test
  void enoughMembersLeaveNobodyEligible() {
    minInSync = 2;
    away(1, 5).live(2, 9).live(3, 7);
    elects(
        partition(2, 5, at(2, 9), at(3, 7)),
        partition(1, 4, List.of(at(1, 5)), at(2, 6), at(3, 7)));
  }

  @Test
  void onlyTheLeaderRemovesEligibleReplicasWhileItsSetStays() {
    live(1, 5).live(2, 6);
    leaves(partition(1, 4, List.of(at(1, 5)), at(2, 6)), Outcome.LED);
  }

  @Test
  void anEligibleReplicaThatLostPowerOrItsDirectoryIsEligibleNoMore() {
    minInSync = 3;
    live(1, 5).notWhole(2).onNewDirectory(3);
    elects(partition(1, 4, at(1, 5)), partition(1, 4, List.of(at(1, 5)), at(2, 6), at(3, 7)));
    elects(partition(1, 4, at(1, 5)), partition(1, 4, at(1, 5), at(2, 6), at(3, 7)));
  }

  @Test
  void anEligibleReplicaThatIsAwayMayStillComeBackWithAll() {
    notWhole(1).away(2, 6);
    leaves(partition(1, 4, List.of(at(1, 5)), at(2, 6)), Outcome.AWAITS_MEMBER);
  }

  @Test
  void whenAllLostPowerTheEligibleAreWaitedForToo() {
    notWhole(1).notWhole(2);
    Partition now = partition(2, 4, List.of(at(2, 6)), at(1, 5));
    leaves(reported(now, end(2, 4, 100)), Outcome.AWAITS_LOG_END);
    leadsWithLoss(1, reported(now, end(2, 4, 100), end(1, 4, 101)));
  }

  @Test
  void anEligibleReplicaOnANewDirectoryDoesNotSatisfyTheWait() {
    notWhole(1).onNewDirectory(2);
    leaves(partition(1, 4, List.of(at(1, 5)), at(2, 6)), Outcome.MEMBER_LOST);
  }
}
