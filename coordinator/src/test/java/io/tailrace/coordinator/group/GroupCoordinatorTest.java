package io.tailrace.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.group.GroupCoordinator.Assignment;
import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GroupCoordinatorTest {
  private static final String G = "g";
  private static final int SESSION_MS = 10_000;
  private static final int REBALANCE_MS = 60_000;

  private MapTopics topics = new MapTopics().with("t", 4);
  private GroupsState state = new GroupsState();
  private GroupCoordinator coordinator = new GroupCoordinator(state);
  private OffsetCommits offsets = new OffsetCommits(state);
  private final List<GroupRecord> log = new ArrayList<>();
  private final Map<String, Long> sequences = new HashMap<>();
  private long nowMs;

  private Now now() {
    return new Now(nowMs, 1_000_000 + nowMs);
  }

  private static MemberInfo info(String instance, String... subscribed) {
    return new MemberInfo(Set.of(subscribed), "", "", instance, "c", SESSION_MS, REBALANCE_MS);
  }

  private <R> R apply(Decision<R> decision) {
    apply(decision.records());
    return decision.response();
  }

  private void apply(List<GroupRecord> records) {
    for (GroupRecord record : records) {
      try {
        GroupRecord read =
            GroupRecordCodec.read(GroupRecordCodec.key(record), GroupRecordCodec.value(record));
        assertEquals(record, read);
        state.replay(read);
        log.add(read);
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }
  }

  private GroupError heartbeat(
      String member, int epoch, MemberInfo info, Set<TopicIdPartition> owned) {
    long sequence = sequences.merge(member, 1L, Long::sum);
    return apply(
        coordinator.heartbeat(
            new HeartbeatQuery(G, member, sequence, epoch, false, info, owned),
            "connection of " + member,
            topics,
            now()));
  }

  private GroupError join(String member) {
    return heartbeat(member, 0, info("", "t"), Set.of());
  }

  private Assignment assignment(String member) {
    return coordinator.assignment(new MemberKey(G, member));
  }

  /** Tells the member what it may read, and lets it confirm that it reads nothing else. */
  private void confirm(String member) {
    Assignment told = assignment(member);
    assertNull(heartbeat(member, told.memberEpoch(), null, told.partitions()));
  }

  private Set<TopicIdPartition> revoking(String member) {
    return state.group(G).members().get(member).revoking().keySet();
  }

  private static TopicIdPartition t(int partition) {
    return new TopicIdPartition(MapTopics.idOf("t"), partition);
  }

  @Test
  void aPartitionIsRevokedAndThatConfirmedBeforeAnotherMemberGetsIt() {
    assertNull(join("a"));
    assertEquals(4, assignment("a").partitions().size());

    assertNull(join("b"));
    assertEquals(2, assignment("a").partitions().size());
    assertEquals(2, revoking("a").size());
    assertTrue(assignment("b").partitions().isEmpty(), "what is not given up is owned");
    Set<TopicIdPartition> all = Set.of(t(0), t(1), t(2), t(3));
    assertNull(heartbeat("a", assignment("a").memberEpoch(), null, all));
    assertTrue(assignment("b").partitions().isEmpty(), "a still reads them");

    confirm("a");
    assertEquals(2, assignment("b").partitions().size());
    assertEquals("stable", state.group(G).label());
  }

  @Test
  void aHeartbeatThatALaterOneOvertookConfirmsNothing() {
    join("a");
    sequences.put("a", 10L);
    confirm("a");
    join("b");
    Decision<GroupError> late =
        coordinator.heartbeat(
            new HeartbeatQuery(G, "a", 3, 0, false, null, Set.of()), "c", topics, now());
    assertEquals(ErrorCode.INVALID_REQUEST, late.response().code());
    assertTrue(late.records().isEmpty());
    assertEquals(2, revoking("a").size());
  }

  @Test
  void aSilentMemberIsRemovedAfterItsSessionAndOneWhoseConnectionWasClosedSooner() {
    join("a");
    join("b");
    confirm("a");
    nowMs = SESSION_MS / 2;
    confirm("b");
    nowMs = SESSION_MS - 1;
    apply(coordinator.onTick(topics, now()));
    assertEquals(2, state.group(G).members().size());
    nowMs = SESSION_MS;
    apply(coordinator.onTick(topics, now()));
    assertEquals(Set.of("b"), state.group(G).members().keySet());
    assertEquals(4, assignment("b").partitions().size());

    coordinator.onConnectionClosed(new MemberKey(G, "b"), "connection of b", now());
    nowMs += MemberSessions.GRACE_MS - 1;
    apply(coordinator.onTick(topics, now()));
    assertEquals(1, state.group(G).members().size());
    nowMs += 1;
    apply(coordinator.onTick(topics, now()));
    assertEquals("empty", state.group(G).label());
  }

  @Test
  void aClosedConnectionThatIsNotTheLastMeansNothing() {
    join("a");
    coordinator.onConnectionClosed(new MemberKey(G, "a"), "an older connection", now());
    coordinator.onConnectionClosed(new MemberKey(G, "a"), "connection of a", now());
    confirm("a"); // over another one
    nowMs = MemberSessions.GRACE_MS;
    apply(coordinator.onTick(topics, now()));
    assertEquals(1, state.group(G).members().size());
  }

  @Test
  void aNewCoordinatorGivesEveryMemberAWholeSession() {
    join("a");
    nowMs = SESSION_MS - 1;
    failOver();
    nowMs += SESSION_MS - 1;
    apply(coordinator.onTick(topics, now()));
    assertEquals(1, state.group(G).members().size());
    confirm("a"); // it goes on under its epoch
    nowMs += SESSION_MS;
    apply(coordinator.onTick(topics, now()));
    assertEquals(0, state.group(G).members().size());
  }

  @Test
  void aMemberThatTakesTooLongToGiveUpPartitionsIsRemoved() {
    join("a");
    join("b");
    Set<TopicIdPartition> all = Set.of(t(0), t(1), t(2), t(3));
    apply(coordinator.onTick(topics, now()));
    for (int i = 0; i < 10; i++) {
      nowMs += REBALANCE_MS / 10;
      heartbeat("a", assignment("a").memberEpoch(), null, all);
      confirm("b");
      apply(coordinator.onTick(topics, now()));
    }
    assertEquals(Set.of("b"), state.group(G).members().keySet());
    assertEquals(ErrorCode.UNKNOWN_MEMBER, heartbeat("a", 2, null, all).code());
  }

  @Test
  void aStaticMemberComesBackToItsPartitionsAndNobodyMoves() {
    heartbeat("a", 0, info("i1", "t"), Set.of());
    join("b");
    confirm("a");
    Set<TopicIdPartition> before = assignment("a").partitions();
    int others = assignment("b").memberEpoch();

    GroupError refused = heartbeat("a2", 0, info("i1", "t"), Set.of());
    assertEquals(ErrorCode.UNRELEASED_INSTANCE_ID, refused.code());
    coordinator.onConnectionClosed(new MemberKey(G, "a"), "connection of a", now());
    nowMs = MemberSessions.GRACE_MS * 2;
    apply(coordinator.onTick(topics, now()));
    assertNull(heartbeat("a2", 0, info("i1", "t"), Set.of()));

    assertEquals(before, assignment("a2").partitions());
    assertEquals(others, assignment("b").memberEpoch());
    assertEquals(ErrorCode.UNKNOWN_MEMBER, heartbeat("a", 2, null, before).code());
  }

  private void leave(String member) {
    apply(
        coordinator.heartbeat(
            new HeartbeatQuery(G, member, 99, 0, true, null, Set.of()), "c", topics, now()));
  }

  @Test
  void aStaticMemberThatDoesNotComeBackIsRemovedWhenItsSessionEnds() {
    heartbeat("a", 0, info("i1", "t"), Set.of());
    nowMs = 4_000;
    join("b");
    confirm("a");
    leave("a");
    nowMs = 4_000 + SESSION_MS - 1;
    confirm("b");
    apply(coordinator.onTick(topics, now()));
    assertEquals(2, state.group(G).members().size(), "it may come back");
    nowMs += 1;
    apply(coordinator.onTick(topics, now()));

    assertEquals(Set.of("b"), state.group(G).members().keySet());
    assertEquals(4, assignment("b").partitions().size());
  }

  @Test
  void aNewCoordinatorRefusesASecondProcessOfAnInstanceUntilTheSessionEnds() {
    heartbeat("a", 0, info("i1", "t"), Set.of());
    failOver();
    nowMs = SESSION_MS - 1;
    apply(coordinator.onTick(topics, now()));
    assertEquals(
        ErrorCode.UNRELEASED_INSTANCE_ID, heartbeat("a2", 0, info("i1", "t"), Set.of()).code());
    nowMs = SESSION_MS;
    apply(coordinator.onTick(topics, now()));
    assertNull(heartbeat("a2", 0, info("i1", "t"), Set.of()));

    assertEquals(Set.of("a2"), state.group(G).members().keySet());
    assertEquals(ErrorCode.UNKNOWN_MEMBER, heartbeat("a", 1, null, Set.of()).code());
  }

  /** Another broker leads, and knows what the log says. */
  private void failOver() {
    state = new GroupsState();
    log.forEach(state::replay);
    coordinator = new GroupCoordinator(state);
    offsets = new OffsetCommits(state);
    coordinator.onLeading(now());
  }

  @Test
  void theMomentFromWhichOffsetsExpireSurvivesFailovers() {
    topics = topics.with("u", 1);
    heartbeat("a", 0, info("", "t", "u"), Set.of());
    TopicIdPartition u = new TopicIdPartition(MapTopics.idOf("u"), 0);
    assertNull(commit("a", assignment("a").memberEpoch(), u));
    assertNull(commit("a", assignment("a").memberEpoch(), t(0)));
    nowMs = 1_000;
    heartbeat("a", assignment("a").memberEpoch(), info("", "t"), Set.of(t(0)));
    nowMs = 1_500;
    failOver();
    apply(offsets.expire(1_000, now()));
    assertEquals(2, state.group(G).offsets().size());
    nowMs = 2_000;
    apply(offsets.expire(1_000, now()));
    assertEquals(Set.of(t(0)), state.group(G).offsets().keySet(), "nobody subscribes since 1000");

    leave("a");
    nowMs = 2_900;
    failOver();
    apply(offsets.expire(1_000, now()));
    assertEquals(Set.of(t(0)), state.group(G).offsets().keySet());
    nowMs = 3_000;
    failOver();
    apply(offsets.expire(1_000, now()));
    assertNull(state.group(G), "empty since 2000");
  }

  @Test
  void aCommitCountsForWhatTheMemberHasOwnedSinceItsEpoch() {
    join("a");
    int early = assignment("a").memberEpoch();
    join("b");
    assertNull(commit("a", early, t(0)));
    Set<TopicIdPartition> going = Set.copyOf(revoking("a"));
    TopicIdPartition moving = going.iterator().next();
    assertNull(commit("a", early, moving), "not given up yet");
    confirm("a");
    assertEquals(
        ErrorCode.STALE_MEMBER_EPOCH, commit("a", assignment("a").memberEpoch(), moving).code());
    apply(
        coordinator.heartbeat(
            new HeartbeatQuery(G, "b", 99, 0, true, null, Set.of()), "c", topics, now()));
    assertTrue(assignment("a").partitions().contains(moving));
    assertEquals(
        ErrorCode.STALE_MEMBER_EPOCH, commit("a", early, moving).code(), "of an earlier time");
    assertNull(commit("a", assignment("a").memberEpoch(), moving));
    assertEquals(ErrorCode.FENCED_MEMBER_EPOCH, commit("a", 99, moving).code());
    assertEquals(ErrorCode.UNKNOWN_MEMBER, commit("b", 1, moving).code());
    assertEquals(ErrorCode.GROUP_NOT_EMPTY, commit("", 0, moving).code());
  }

  private GroupError commit(String member, int epoch, TopicIdPartition partition) {
    OffsetCommits.Outcome outcome =
        apply(
            offsets.commit(
                G,
                member,
                epoch,
                List.of(new OffsetCommits.Part(partition, 5, -1, "")),
                topics,
                now()));
    return outcome.error() != null ? outcome.error() : outcome.parts().get(0);
  }

  @Test
  void offsetsExpireOnceTheGroupIsEmptyOrNobodySubscribesAndNeverInUse() {
    topics = topics.with("u", 1);
    heartbeat("a", 0, info("", "t", "u"), Set.of());
    assertNull(commit("a", assignment("a").memberEpoch(), t(0)));
    TopicIdPartition u = new TopicIdPartition(MapTopics.idOf("u"), 0);
    assertNull(commit("a", assignment("a").memberEpoch(), u));
    nowMs = 5_000;
    apply(offsets.expire(1_000, now()));
    assertEquals(2, state.group(G).offsets().size(), "both are in use");

    heartbeat("a", assignment("a").memberEpoch(), info("", "t"), Set.of(t(0)));
    nowMs += 999;
    apply(offsets.expire(1_000, now()));
    assertEquals(2, state.group(G).offsets().size());
    nowMs += 1;
    apply(offsets.expire(1_000, now()));
    assertEquals(Set.of(t(0)), state.group(G).offsets().keySet());

    apply(
        coordinator.heartbeat(
            new HeartbeatQuery(G, "a", 99, 0, true, null, Set.of()), "c", topics, now()));
    nowMs += 1_000;
    apply(offsets.expire(1_000, now()));
    assertNull(state.group(G), "nothing of it is left");
  }

  @Test
  void newPartitionsAndTopicsReachMembersAndDeletedOnesLeaveThem() {
    heartbeat("a", 0, info("", "t", "later"), Set.of());
    topics = topics.with("t", 6).with("later", 2);
    apply(coordinator.onTopics(topics, now()));
    assertEquals(8, assignment("a").partitions().size());
    assertTrue(coordinator.onTopics(topics, now()).isEmpty(), "nothing has changed");
    topics = topics.without("t");
    apply(coordinator.onTopics(topics, now()));
    assertEquals(2, assignment("a").partitions().size());
  }

  @Test
  void whatAPatternMatchesStaysAsItIsUntilThatIsKnown() {
    topics = topics.with("u", 2);
    MemberInfo info = new MemberInfo(Set.of(), "[tu]", "", "", "c", SESSION_MS, REBALANCE_MS);
    heartbeat("a", 0, info, Set.of());
    assertEquals(6, assignment("a").partitions().size());
    MapTopics unknown = topics.unmatched();
    assertTrue(coordinator.onTopics(unknown, now()).isEmpty(), "as a new coordinator knows them");
    topics = topics.with("u", 3);
    apply(coordinator.onTopics(topics, now()));
    assertEquals(7, assignment("a").partitions().size());
  }

  @Test
  void aSnapshotHoldsTheWholeState() throws InvalidProtocolBufferException {
    join("a");
    join("b");
    commit("a", assignment("a").memberEpoch(), t(0));
    GroupsState loaded = new GroupsState();
    GroupRecordCodec.load(GroupRecordCodec.snapshot(state), loaded);
    assertEquals(state.records(), loaded.records());
    assertNotEquals(List.of(), loaded.records());
  }

  @Test
  void aTombstoneWithoutItsGroupIsIgnored() {
    state.replay(new GroupRecord.Member("gone", "m", null));
    state.replay(new GroupRecord.Offset("gone", t(0), null));
    state.replay(new GroupRecord.Header("gone", null));
    assertNull(state.group("gone"));
  }
}
