package io.tailrace.coordinator.replica;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.ReplicaState.Role;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReplicaStateTest {
  private static final int ME = 1;
  private static final int LAG_MS = 30_000;
  private static final int EPOCH = 5;

  private final ReplicaState state = new ReplicaState(ME, false, LAG_MS);
  private long version = 10;

  private static InSyncReplica at(int brokerId, int brokerEpoch) {
    return new InSyncReplica(brokerId, brokerEpoch, new UUID(0, brokerId));
  }

  private static List<InSyncReplica> set(int... brokerIds) {
    return Arrays.stream(brokerIds).mapToObj(id -> at(id, 100 + id)).toList();
  }

  private static PartitionMetadata metadata(
      int leader, int epoch, long version, int replicas, int min, int... inSync) {
    List<Integer> ids = java.util.stream.IntStream.rangeClosed(1, replicas).boxed().toList();
    return new PartitionMetadata(leader, epoch, version, ids, set(inSync), min);
  }

  private void lead(int replicas, int min, int... inSync) {
    state.onMetadata(metadata(ME, EPOCH, version, replicas, min, inSync), 0);
  }

  private boolean report(int follower, long end, long nowMs) {
    return state.onFollowerReport(at(follower, 100 + follower), end, end, nowMs);
  }

  @Test
  void aLeaderThatIsTheWholeSetAdvancesToItsRecoveredLogEndAtOnce() {
    lead(1, 1, ME);

    state.onLogOpened(3, 20, 3, 7);

    assertEquals(20, state.highWatermark());
    assertTrue(state.isLatestKnown());
  }

  @Test
  void whereSyncedRecordsAreAcknowledgedARecoveredTailIsNotUntilItIsSynced() {
    state.acknowledgeSynced(true);
    lead(1, 1, ME);
    state.onLogOpened(0, 20, 12, 7);

    assertEquals(12, state.highWatermark());
    assertFalse(state.isLatestKnown());
    assertEquals(Acknowledgement.AWAITED, state.acknowledgement(EPOCH, 20));

    state.onLogProgress(20, 20, 2);
    assertEquals(Acknowledgement.GIVEN, state.acknowledgement(EPOCH, 20));
    assertTrue(state.isLatestKnown());
  }

  @Test
  void theCheckpointIsClampedToWhatTheLogHolds() {
    state.onLogOpened(5, 20, 20, 90);
    assertEquals(20, state.highWatermark());
    state.onLogOpened(5, 20, 20, 0);
    assertEquals(5, state.highWatermark());
  }

  @Test
  void theHighWatermarkIsTheSmallestEndOfTheInSyncReplicas() {
    lead(3, 1, ME, 2, 3);
    state.onLogOpened(0, 20, 0, 0);
    assertEquals(0, state.highWatermark());

    assertTrue(report(2, 15, 1));
    assertEquals(0, state.highWatermark(), "nothing is known of the third");
    assertTrue(report(3, 12, 1));
    assertEquals(12, state.highWatermark());
    assertTrue(report(3, 18, 2));
    assertEquals(15, state.highWatermark());
    assertEquals(18, state.logEndOf(3));
  }

  @Test
  void aFollowersSyncedEndCountsWhereSyncedRecordsAreAcknowledged() {
    state.acknowledgeSynced(true);
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 20, 20, 0);

    state.onFollowerReport(at(2, 102), 20, 8, 1);

    assertEquals(8, state.highWatermark());
    assertEquals(8, state.syncedEndOf(2));
  }

  @Test
  void belowTheMinimumTheHighWatermarkStaysAndWhatWasAppendedIsUnknown() {
    lead(3, 2, ME);
    state.onLogOpened(0, 20, 20, 4);

    assertFalse(state.hasEnoughInSync());
    assertEquals(4, state.highWatermark());
    assertEquals(Acknowledgement.GIVEN, state.acknowledgement(EPOCH, 4));
    assertEquals(Acknowledgement.TOO_FEW_IN_SYNC, state.acknowledgement(EPOCH, 5));
  }

  @Test
  void theMinimumIsAtMostTheReplicationFactor() {
    lead(1, 3, ME);
    state.onLogOpened(0, 20, 20, 4);

    assertTrue(state.hasEnoughInSync());
    assertEquals(20, state.highWatermark());
  }

  @Test
  void aSmallerMinimumLetsTheHighWatermarkAdvance() {
    lead(3, 2, ME);
    state.onLogOpened(0, 20, 20, 4);

    assertFalse(state.onMetadata(metadata(ME, EPOCH, version, 3, 1, ME), 1));

    assertEquals(20, state.highWatermark());
  }

  @Test
  void everyNewEpochEndsWhatIsAwaitedAlsoUnderTheSameLeader() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 8, 1);

    assertTrue(state.onMetadata(metadata(ME, EPOCH + 1, version + 1, 2, 1, ME, 2), 2));

    assertEquals(Acknowledgement.EPOCH_ENDED, state.acknowledgement(EPOCH, 8));
    assertEquals(Acknowledgement.EPOCH_ENDED, state.acknowledgement(EPOCH, 20));
    assertEquals(Acknowledgement.GIVEN, state.acknowledgement(EPOCH + 1, 8), "a duplicate");
    assertEquals(-1, state.logEndOf(2), "the new epoch has heard nothing of it");
  }

  @Test
  void olderMetadataIsIgnored() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 20, 20, 0);

    assertFalse(state.onMetadata(metadata(2, EPOCH - 1, version + 5, 2, 1, ME, 2), 1));
    assertFalse(state.onMetadata(metadata(ME, EPOCH, version - 1, 2, 1, ME), 1));

    assertEquals(Role.LEADER, state.role());
    assertEquals(set(ME, 2), state.metadata().inSync());
  }

  @Test
  void aLeaderOutsideItsInSyncSetIsRefused() {
    lead(2, 1, 2);
    state.onLogOpened(0, 20, 20, 0);

    assertEquals(Role.NONE, state.role());
    assertTrue(state.isRefusedLeader());
    assertEquals(0, state.highWatermark());
    assertEquals(Acknowledgement.EPOCH_ENDED, state.acknowledgement(EPOCH, 0));
  }

  @Test
  void latestIsKnownOnlyBehindTheLogEndAtTheElection() {
    state.onMetadata(metadata(2, EPOCH, version, 2, 1, ME, 2), 0);
    state.onLogOpened(0, 20, 20, 5);
    state.onMetadata(metadata(ME, EPOCH + 1, version + 1, 2, 1, ME, 2), 1);

    assertFalse(state.isLatestKnown());
    assertEquals(20, state.logEndAtElection());
    report(2, 19, 2);
    assertFalse(state.isLatestKnown());
    report(2, 20, 3);
    assertTrue(state.isLatestKnown());
  }

  @Test
  void aFollowersHighWatermarkIsItsLeadersAsFarAsItsLogReaches() {
    state.onMetadata(metadata(2, EPOCH, version, 2, 1, ME, 2), 0);
    state.onLogOpened(0, 20, 20, 5);

    state.onLeaderHighWatermark(12);
    assertEquals(12, state.highWatermark());
    state.onLeaderHighWatermark(90);
    assertEquals(20, state.highWatermark());
    state.onLeaderHighWatermark(3);
    assertEquals(20, state.highWatermark(), "never back");
    assertEquals(Acknowledgement.EPOCH_ENDED, state.acknowledgement(EPOCH, 1));
  }

  @Test
  void truncationBelowTheHighWatermarkTakesItAlong() {
    state.onMetadata(metadata(2, EPOCH, version, 2, 1, ME, 2), 0);
    state.onLogOpened(0, 20, 20, 18);

    state.onLogTruncated(0, 15, 15);
    assertEquals(15, state.highWatermark());
    state.onLogTruncated(40, 40, 40);
    assertEquals(40, state.highWatermark());
  }

  @Test
  void proposesAFollowerThatHasTheHighWatermarkAndTheEpochsStart() {
    lead(3, 1, ME, 2);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 10, 1);
    report(3, 10, 1);
    assertNull(state.propose(1), "it lacks what the log held at the election");

    report(3, 20, 2);

    assertEquals(new ProposedInSyncSet(EPOCH, version, set(ME, 2, 3), List.of()), state.propose(2));
    assertNull(state.propose(3), "one at a time");
  }

  @Test
  void doesNotProposeAFollowerBelowTheHighWatermark() {
    lead(2, 1, ME);
    state.onLogOpened(0, 20, 20, 0);
    state.onLogProgress(30, 30, 2);
    report(2, 25, 1);

    assertNull(state.propose(1));
  }

  @Test
  void untilAProposalIsConfirmedTheHighWatermarkNeedsBothSetsAndTheMinimumTheConfirmedOne() {
    lead(2, 2, ME);
    state.onLogOpened(0, 20, 20, 5);
    report(2, 20, 1);
    ProposedInSyncSet grow = state.propose(1);
    assertEquals(set(ME, 2), grow.inSync());
    assertEquals(5, state.highWatermark(), "the confirmed set is below its minimum");

    state.onProposalConfirmed(grow, version + 1);
    assertEquals(20, state.highWatermark());

    state.onLogProgress(30, 30, 2);
    ProposedInSyncSet shrink = state.propose(LAG_MS + 3);
    assertEquals(set(ME), shrink.inSync());
    assertEquals(version + 1, shrink.version());
    assertEquals(20, state.highWatermark(), "the larger set counts until the store has answered");
    state.onProposalConfirmed(shrink, version + 2);
    assertFalse(state.hasEnoughInSync());
    assertEquals(20, state.highWatermark());
  }

  @Test
  void aProposedMemberHoldsTheHighWatermark() {
    lead(2, 1, ME);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);
    ProposedInSyncSet grow = state.propose(1);

    state.onLogProgress(30, 30, 2);
    assertEquals(20, state.highWatermark());

    state.onProposalRefused(grow);
    assertEquals(30, state.highWatermark());
  }

  @Test
  void aProposalIsStillUnderWayWhenTheLeaderIsShownAgainUnderTheSameVersion() {
    lead(3, 1, ME);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);
    ProposedInSyncSet proposed = state.propose(1);
    PartitionMetadata before = state.metadata();

    // The metadata was another cluster's for a while: nobody led.
    state.onMetadata(before.leaderless(), 2);
    state.onMetadata(before, 3);
    state.onLogProgress(25, 25, 4);

    assertEquals(20, state.highWatermark(), "the second may be a member already");
    assertNull(state.propose(4), "the first one is not decided");
    state.onProposalConfirmed(proposed, version + 1);
    assertEquals(set(ME, 2), state.metadata().inSync());
    assertEquals(20, state.highWatermark());
  }

  @Test
  void aStaleAnswerOfTheStoreIsIgnored() {
    lead(2, 1, ME);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);
    ProposedInSyncSet grow = state.propose(1);
    state.onMetadata(metadata(ME, EPOCH + 1, version + 1, 2, 1, ME), 2);

    state.onProposalConfirmed(grow, version + 2);

    assertEquals(set(ME), state.metadata().inSync());
    assertNull(state.proposal());
  }

  @Test
  void newerMetadataDecidesAProposalWhoseOutcomeIsUnknown() {
    lead(2, 1, ME);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);
    assertNotNull(state.propose(1));

    state.onMetadata(metadata(ME, EPOCH, version + 1, 2, 1, ME, 2), 2);

    assertNull(state.proposal());
    assertEquals(set(ME, 2), state.metadata().inSync());
    state.onLogProgress(30, 30, 2);
    assertEquals(20, state.highWatermark(), "the same epoch keeps what its followers reported");
  }

  @Test
  void aNewLeaderGivesEachFollowerAFullLagPeriod() {
    lead(3, 1, ME, 2, 3);
    state.onLogOpened(0, 20, 20, 0);
    long electedMs = 5 * LAG_MS;
    state.onMetadata(metadata(ME, EPOCH + 1, version + 1, 3, 1, ME, 2, 3), electedMs);

    assertNull(state.propose(electedMs + LAG_MS));
    assertEquals(set(ME), state.propose(electedMs + LAG_MS + 1).inSync());
  }

  @Test
  void aFollowerThatFollowsASteadyLoadWithinTheLagTimeStaysInSync() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 10, 10, 0);
    for (int second = 1; second < 300; second++) {
      state.onLogProgress(10 + 100L * second, 0, 1_000L * second);
      report(2, 10 + 100L * (second - 1), 1_000L * second); // never at the leader's end
      assertNull(state.propose(1_000L * second));
    }
    assertEquals(298_000, state.caughtUpMsOf(2));
  }

  @Test
  void aFollowerAtTheEndOfAnIdleLogStaysAndHasAFullLagPeriodFromTheNextAppendOn() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 10, 10, 0);
    report(2, 10, 1);

    assertNull(state.propose(50 * LAG_MS));
    state.onLogProgress(11, 11, 50 * LAG_MS);

    assertNull(state.propose(51 * LAG_MS));
    assertEquals(set(ME), state.propose(51 * LAG_MS + 1).inSync());
  }

  @Test
  void aFollowerThatFallsBehindLeavesThoughItFetches() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 10, 10, 0);
    int second = 1;
    while (state.propose(1_000L * second) == null) {
      second++;
      state.onLogProgress(10 + 100L * second, 0, 1_000L * second);
      report(2, 10 + 10L * second, 1_000L * second);
      assertTrue(second < 100);
    }
    assertEquals(set(ME), state.proposal().inSync());
  }

  @Test
  void aBrokerThatRegisteredAgainHasToCatchUpBeforeItIsAMemberUnderItsNewEpoch() {
    lead(2, 1, ME, 2);
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);

    assertTrue(state.onFollowerReport(at(2, 150), 4, 4, 2));
    assertFalse(report(2, 20, 3), "a request of its earlier registration");
    assertEquals(4, state.logEndOf(2));
    assertEquals(20, state.highWatermark());
    assertNull(state.propose(3));

    state.onFollowerReport(at(2, 150), 20, 20, 4);
    assertEquals(List.of(at(ME, 101), at(2, 150)), state.propose(4).inSync());
  }

  @Test
  void aStrangersReportDoesNotCount() {
    lead(2, 1, ME, 2);
    assertFalse(report(2, 5, 1), "the log is not open");
    state.onLogOpened(0, 20, 20, 0);
    assertFalse(report(9, 5, 1));
    assertFalse(
        state.onFollowerReport(at(2, 99), 20, 20, 1), "older than the member's registration");
    state.onMetadata(metadata(2, EPOCH + 1, version + 1, 2, 1, ME, 2), 2);
    assertFalse(report(2, 5, 3), "this broker does not lead");
  }

  @Test
  void aLogThatIsOfflineAcknowledgesNothingMore() {
    lead(1, 1, ME);
    state.onLogOpened(0, 20, 20, 0);

    state.onLogOffline();
    state.onLogProgress(30, 30, 2);

    assertEquals(20, state.highWatermark());
    assertEquals(Acknowledgement.LOG_OFFLINE, state.acknowledgement(EPOCH, 30));
    assertFalse(state.isLatestKnown());
  }

  @Test
  void theHighWatermarkStaysWhenRecordsAreAcknowledgedOnlySyncedFromNowOn() {
    lead(1, 1, ME);
    state.onLogOpened(0, 20, 3, 0);

    state.acknowledgeSynced(true);
    state.onLogProgress(25, 3, 2);
    assertEquals(20, state.highWatermark());
    state.onLogProgress(25, 25, 2);
    assertEquals(25, state.highWatermark());
  }

  // ---- eligible leader replicas ----

  private static PartitionMetadata withEligible(
      int min, long version, List<InSyncReplica> inSync, int... eligible) {
    return new PartitionMetadata(ME, EPOCH, version, List.of(1, 2, 3), inSync, set(eligible), min);
  }

  @Test
  void aMemberThatLeavesBelowTheMinimumIsProposedAsEligible() {
    lead(3, 2, ME, 2, 3);
    state.onLogOpened(0, 20, 20, 0);
    state.onLogProgress(30, 30, 1);
    report(3, 30, LAG_MS);

    ProposedInSyncSet two = state.propose(LAG_MS + 2);
    assertEquals(new ProposedInSyncSet(EPOCH, version, set(ME, 3), List.of()), two);
    state.onProposalConfirmed(two, version + 1);
    state.onLogProgress(40, 40, LAG_MS + 3);

    ProposedInSyncSet alone = state.propose(3 * LAG_MS);
    assertEquals(new ProposedInSyncSet(EPOCH, version + 1, set(ME), set(3)), alone);
    state.onProposalConfirmed(alone, version + 2);
    assertEquals(set(3), state.metadata().eligible());
    assertNull(state.propose(3 * LAG_MS + 1));
  }

  @Test
  void nothingIsCommittedWhileReplicasAreEligibleWhateverTheMinimumIs() {
    state.onMetadata(withEligible(1, version, set(ME), 2, 3), 0);
    state.onLogOpened(0, 20, 20, 5);

    assertEquals(5, state.highWatermark());
    assertEquals(Acknowledgement.AWAITED, state.acknowledgement(EPOCH, 20));

    ProposedInSyncSet nobody = state.propose(1);
    assertEquals(new ProposedInSyncSet(EPOCH, version, set(ME), List.of()), nobody);
    assertEquals(5, state.highWatermark(), "until the store has confirmed");
    state.onProposalConfirmed(nobody, version + 1);
    assertEquals(20, state.highWatermark());
  }

  @Test
  void aMemberThatJoinsIsEligibleNoMoreAndEnoughMembersLeaveNobodyEligible() {
    state.onMetadata(withEligible(3, version, set(ME), 2, 3), 0);
    state.onLogOpened(0, 20, 20, 20);
    report(2, 20, 1);

    ProposedInSyncSet two = state.propose(1);
    assertEquals(new ProposedInSyncSet(EPOCH, version, set(ME, 2), set(3)), two);
    state.onProposalConfirmed(two, version + 1);
    report(3, 20, 2);

    assertEquals(
        new ProposedInSyncSet(EPOCH, version + 1, set(ME, 2, 3), List.of()), state.propose(2));
  }

  // ---- the second log of a partition ----

  private ReplicaState joinSecond() {
    ReplicaState second = new ReplicaState(ME, false, LAG_MS);
    second.onMetadata(state.metadata(), 0);
    state.joinedBy(second);
    return second;
  }

  @Test
  void aFollowerJoinsOnceItHasCaughtUpWithBothLogs() {
    lead(2, 1, ME);
    ReplicaState second = joinSecond();
    state.onLogOpened(0, 20, 20, 0);
    report(2, 20, 1);
    assertNull(state.propose(1), "what the second log holds is not known yet");

    second.onLogOpened(0, 5, 5, 0);
    second.onFollowerReport(at(2, 102), 4, 4, 2);
    assertNull(state.propose(2));

    second.onFollowerReport(at(2, 101), 5, 5, 3);
    assertNull(state.propose(3), "that was said under another registration");

    second.onFollowerReport(at(2, 102), 5, 5, 4);
    assertEquals(set(ME, 2), state.propose(4).inSync());
  }

  @Test
  void aFollowerThatLagsInTheSecondLogLeaves() {
    lead(2, 1, ME, 2);
    ReplicaState second = joinSecond();
    state.onLogOpened(0, 20, 20, 0);
    second.onLogOpened(0, 5, 5, 0);
    report(2, 20, LAG_MS);

    assertNull(state.propose(LAG_MS));
    assertEquals(set(ME), state.propose(LAG_MS + 1).inSync());
  }

  @Test
  void whileAProposalIsUnderWayTheSecondLogNeedsBothSetsToo() {
    lead(2, 1, ME);
    ReplicaState second = joinSecond();
    state.onLogOpened(0, 20, 20, 0);
    second.onLogOpened(0, 5, 5, 0);
    report(2, 20, 1);
    second.onFollowerReport(at(2, 102), 5, 5, 1);
    ProposedInSyncSet proposal = state.propose(1);

    second.onLogProgress(8, 8, 2);
    assertEquals(5, second.highWatermark());
    state.onProposalRefused(proposal);
    assertEquals(8, second.highWatermark());

    second.onFollowerReport(at(2, 102), 8, 8, 2);
    proposal = state.propose(3);
    state.onProposalConfirmed(proposal, ++version);
    second.onLogProgress(9, 9, 4);
    assertEquals(8, second.highWatermark());
    assertEquals(set(ME, 2), second.metadata().inSync());
    second.onFollowerReport(at(2, 102), 9, 9, 5);
    assertEquals(9, second.highWatermark());
  }
}
