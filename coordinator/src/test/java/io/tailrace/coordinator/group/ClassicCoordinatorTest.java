package io.tailrace.coordinator.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.coordinator.group.ClassicAnswer.Joined;
import io.tailrace.coordinator.group.ClassicAnswer.Plain;
import io.tailrace.coordinator.group.ClassicAnswer.Synced;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassicCoordinatorTest {
  private static final int SESSION_MS = 10_000;
  private static final int REBALANCE_MS = 30_000;

  private final List<GroupRecord> log = new ArrayList<>();
  private final Map<String, ClassicAnswer> answers = new HashMap<>();
  private GroupsState state = new GroupsState();
  private ClassicCoordinator<String> coordinator = new ClassicCoordinator<>(state);
  private long nowMs = 1_000;

  private Now now() {
    return new Now(nowMs, nowMs);
  }

  private void take(Decision<List<ClassicReply<String>>> decision) {
    for (GroupRecord record : decision.records()) {
      log.add(record);
      state.replay(record);
    }
    for (ClassicReply<String> reply : decision.response()) {
      assertNull(answers.put(reply.waiter(), reply.answer()), "answered twice: " + reply.waiter());
    }
  }

  private void after(long ms) {
    nowMs += ms;
    take(coordinator.onTick(now()));
  }

  private static ByteString bytes(String text) {
    return ByteString.copyFromUtf8(text);
  }

  private static ClassicJoin joining(String memberId, String newId, String instance) {
    return new ClassicJoin(
        "g",
        memberId,
        newId,
        instance,
        "client",
        false,
        "consumer",
        List.of(new ClassicJoin.Protocol("range", bytes("metadata"))),
        SESSION_MS,
        REBALANCE_MS);
  }

  private void join(String waiter, String memberId, String newId) {
    take(coordinator.join(joining(memberId, newId, ""), waiter, now()));
  }

  private void sync(String waiter, String member, int generation, Map<String, ByteString> given) {
    take(
        coordinator.sync(
            new ClassicRequest("g", member, "", generation), "", "", given, waiter, now()));
  }

  private ClassicError heartbeat(String member, int generation) {
    String waiter = "heartbeat-" + answers.size();
    take(coordinator.heartbeat(new ClassicRequest("g", member, "", generation), waiter, now()));
    return assertInstanceOf(Plain.class, answers.get(waiter)).error();
  }

  private Joined joined(String waiter) {
    return assertInstanceOf(Joined.class, answers.get(waiter));
  }

  private ClassicError refused(String waiter) {
    return assertInstanceOf(Plain.class, answers.get(waiter)).error();
  }

  /** Members a and b, of generation 1, of which a leads. */
  private void twoMembers() {
    join("join-a", "", "a");
    join("join-b", "", "b");
    after(ClassicGroup.INITIAL_DELAY_MS);
    sync("sync-b", "b", 1, Map.of());
    sync("sync-a", "a", 1, Map.of("a", bytes("for a"), "b", bytes("for b")));
  }

  @Test
  void theFirstMembersWaitForOneAnother() {
    join("join-a", "", "a");
    join("join-b", "", "b");
    assertTrue(answers.isEmpty());
    after(ClassicGroup.INITIAL_DELAY_MS);
    assertEquals(1, joined("join-a").generation());
    assertEquals("a", joined("join-a").leader());
    assertEquals(2, joined("join-a").members().size());
    assertEquals(1, joined("join-b").generation());
    assertEquals(List.of(), joined("join-b").members());
  }

  @Test
  void membersGetWhatTheLeaderGivesThem() {
    join("join-a", "", "a");
    join("join-b", "", "b");
    after(ClassicGroup.INITIAL_DELAY_MS);
    sync("sync-b", "b", 1, Map.of());
    assertFalse(answers.containsKey("sync-b"));
    sync("sync-a", "a", 1, Map.of("a", bytes("for a"), "b", bytes("for b")));
    assertEquals(
        bytes("for a"), assertInstanceOf(Synced.class, answers.get("sync-a")).assignment());
    assertEquals(
        bytes("for b"), assertInstanceOf(Synced.class, answers.get("sync-b")).assignment());
    assertEquals(ClassicError.NONE, heartbeat("a", 1));
    assertEquals("Stable", coordinator.describe("g", now()).phase());
  }

  @Test
  void aNewMemberIsGivenItsIdFirst() {
    ClassicJoin first =
        new ClassicJoin(
            "g",
            "",
            "new",
            "",
            "client",
            true,
            "consumer",
            List.of(new ClassicJoin.Protocol("range", bytes(""))),
            SESSION_MS,
            REBALANCE_MS);
    take(coordinator.join(first, "1", now()));
    assertEquals(new Plain(ClassicError.MEMBER_ID_REQUIRED, "new"), answers.get("1"));
    join("2", "new", "unused");
    join("3", "other", "unused");
    assertEquals(ClassicError.UNKNOWN_MEMBER, refused("3"));
    after(ClassicGroup.INITIAL_DELAY_MS);
    assertEquals("new", joined("2").memberId());
  }

  @Test
  void everyMemberJoinsAgainWhenOneIsNew() {
    twoMembers();
    join("join-c", "", "c");
    assertEquals(ClassicError.REBALANCE_IN_PROGRESS, heartbeat("a", 1));
    join("again-a", "a", "unused");
    assertFalse(answers.containsKey("join-c"));
    join("again-b", "b", "unused");
    assertEquals(2, joined("join-c").generation());
    assertEquals(3, joined("again-a").members().size());
    assertEquals(ClassicError.ILLEGAL_GENERATION, heartbeat("b", 1));
  }

  @Test
  void aMemberThatDoesNotJoinAgainInTimeIsLeftOut() {
    twoMembers();
    join("join-c", "", "c");
    join("again-a", "a", "unused");
    for (int i = 0; i < REBALANCE_MS / 1_000; i++) {
      heartbeat("b", 1);
      after(1_000);
    }
    assertEquals(2, joined("again-a").members().size());
    assertEquals(ClassicError.UNKNOWN_MEMBER, heartbeat("b", 1));
  }

  @Test
  void aSilentMemberIsRemoved() {
    twoMembers();
    after(SESSION_MS - 1);
    assertEquals(ClassicError.NONE, heartbeat("a", 1));
    after(1);
    assertEquals(ClassicError.REBALANCE_IN_PROGRESS, heartbeat("a", 1));
    assertEquals(ClassicError.UNKNOWN_MEMBER, heartbeat("b", 1));
    join("again-a", "a", "unused");
    assertEquals(1, joined("again-a").members().size());
  }

  @Test
  void aMemberThatDoesNotSyncIsRemoved() {
    join("join-a", "", "a");
    join("join-b", "", "b");
    after(ClassicGroup.INITIAL_DELAY_MS);
    sync("sync-b", "b", 1, Map.of());
    for (int i = 0; i < REBALANCE_MS / 1_000; i++) {
      heartbeat("a", 1);
      after(1_000);
    }
    assertEquals(ClassicError.REBALANCE_IN_PROGRESS, refused("sync-b"));
    assertEquals(ClassicError.UNKNOWN_MEMBER, heartbeat("a", 1));
  }

  @Test
  void theGroupIsEmptyWhenTheLastHasLeft() {
    twoMembers();
    List<ClassicError> outcomes = new ArrayList<>();
    take(
        coordinator.leave(
            "g",
            List.of(
                new ClassicRequest("g", "a", "", -1),
                new ClassicRequest("g", "b", "", -1),
                new ClassicRequest("g", "c", "", -1)),
            outcomes,
            now()));
    assertEquals(
        List.of(ClassicError.NONE, ClassicError.NONE, ClassicError.UNKNOWN_MEMBER), outcomes);
    assertFalse(coordinator.hasMembers("g"));
    assertFalse(state.group("g").hasMembers());
    assertEquals("empty", state.group("g").label());
    after(1_000);
    join("join-c", "", "c");
    after(ClassicGroup.INITIAL_DELAY_MS);
    assertEquals(3, joined("join-c").generation());
  }

  @Test
  void anotherCoordinatorGoesOnWithTheGeneration() {
    twoMembers();
    fail();
    assertEquals(ClassicError.NONE, heartbeat("a", 1));
    sync("resync-b", "b", 1, Map.of());
    assertEquals(
        bytes("for b"), assertInstanceOf(Synced.class, answers.get("resync-b")).assignment());
  }

  @Test
  void aGenerationThatWasNotAssignedIsFollowedByAnother() {
    join("join-a", "", "a");
    after(ClassicGroup.INITIAL_DELAY_MS);
    fail();
    assertEquals(ClassicError.REBALANCE_IN_PROGRESS, heartbeat("a", 1));
    join("again-a", "a", "unused");
    assertEquals(2, joined("again-a").generation());
  }

  /** The state is what the log says, and what waited is lost. */
  private void fail() {
    state = new GroupsState();
    for (GroupRecord record : log) {
      try {
        state.replay(
            GroupRecordCodec.read(GroupRecordCodec.key(record), GroupRecordCodec.value(record)));
      } catch (InvalidProtocolBufferException e) {
        throw new AssertionError(e);
      }
    }
    coordinator = new ClassicCoordinator<>(state);
    coordinator.onLeading(now());
  }

  @Test
  void onlyMembersOfTheGenerationCommit() {
    ClassicRequest simple = new ClassicRequest("g", "", "", -1);
    assertEquals(ClassicError.NONE, coordinator.checkCommit(simple, now()));
    twoMembers();
    assertEquals(ClassicError.UNKNOWN_MEMBER, coordinator.checkCommit(simple, now()));
    assertEquals(
        ClassicError.NONE, coordinator.checkCommit(new ClassicRequest("g", "a", "", 1), now()));
    assertEquals(
        ClassicError.ILLEGAL_GENERATION,
        coordinator.checkCommit(new ClassicRequest("g", "a", "", 0), now()));
    join("join-c", "", "c");
    join("again-a", "a", "unused");
    assertEquals(
        ClassicError.NONE, coordinator.checkCommit(new ClassicRequest("g", "b", "", 1), now()));
    join("again-b", "b", "unused");
    assertEquals(
        ClassicError.REBALANCE_IN_PROGRESS,
        coordinator.checkCommit(new ClassicRequest("g", "b", "", 2), now()));
  }

  @Test
  void aGroupHasMembersOfOneKind() {
    MemberInfo info = new MemberInfo(Set.of("t"), "", "", "", "client", SESSION_MS, REBALANCE_MS);
    GroupMember other =
        new GroupMember("n", info, 1, new TreeMap<>(), new TreeMap<>(), new TreeSet<>());
    state.replay(new GroupRecord.Member("g", "n", other));
    join("join-a", "", "a");
    assertEquals(ClassicError.INCONSISTENT_PROTOCOL, refused("join-a"));
    state.replay(new GroupRecord.Member("g", "n", null));
    join("join-b", "", "b");
    after(ClassicGroup.INITIAL_DELAY_MS);
    assertEquals(1, joined("join-b").generation());
  }

  @Test
  void aMemberWithoutACommonProtocolIsRefused() {
    twoMembers();
    ClassicJoin sticky =
        new ClassicJoin(
            "g",
            "",
            "c",
            "",
            "client",
            false,
            "consumer",
            List.of(new ClassicJoin.Protocol("sticky", bytes(""))),
            SESSION_MS,
            REBALANCE_MS);
    take(coordinator.join(sticky, "join-c", now()));
    assertEquals(ClassicError.INCONSISTENT_PROTOCOL, refused("join-c"));
    assertEquals(ClassicError.NONE, heartbeat("a", 1));
  }

  @Test
  void aStaticMemberComesBackIntoTheSameGeneration() {
    join("join-a", "", "a");
    take(coordinator.join(joining("", "b", "instance"), "join-b", now()));
    after(ClassicGroup.INITIAL_DELAY_MS);
    sync("sync-a", "a", 1, Map.of("b", bytes("for b")));
    take(coordinator.join(joining("", "b2", "instance"), "again-b", now()));
    assertEquals(1, joined("again-b").generation());
    sync("sync-b", "b2", 1, Map.of());
    assertEquals(
        bytes("for b"), assertInstanceOf(Synced.class, answers.get("sync-b")).assignment());
    take(coordinator.heartbeat(new ClassicRequest("g", "b", "instance", 1), "fenced", now()));
    assertEquals(ClassicError.FENCED_INSTANCE, refused("fenced"));
    fail();
    assertEquals(ClassicError.NONE, heartbeat("b2", 1));
  }

  @Test
  void aWaitingMemberWhoseConnectionEndsHasTheRestOfASession() {
    twoMembers();
    join("join-c", "", "c");
    coordinator.forget("g", "join-c", now());
    join("again-a", "a", "unused");
    join("again-b", "b", "unused");
    assertFalse(answers.containsKey("again-a"));
    after(SESSION_MS);
    assertEquals(2, joined("again-a").members().size());
  }

  /** Whatever happens: generations only grow, and each has one leader and one assignment. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void generationsGrowAndHaveOneLeader(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Map<Integer, String> leaders = new HashMap<>();
    List<String> ids = new ArrayList<>(List.of("m0"));
    int waiter = 0;
    for (int i = 0; i < 3_000; i++) {
      String member = ids.get(ids.size() - 1 - random.nextInt(Math.min(4, ids.size())));
      GroupState group = state.group("g");
      int generation = group == null || group.classic() == null ? 0 : group.classic().generation();
      String token = "w" + waiter++;
      switch (random.nextInt(8)) {
        case 0, 1 -> join(token, member, "unused");
        case 2 -> {
          if (random.nextInt(4) == 0) {
            ids.add("m" + ids.size());
            join(token, "", ids.get(ids.size() - 1));
          }
        }
        case 3, 4 ->
            sync(token, member, generation - random.nextInt(2), Map.of(member, bytes(token)));
        case 5 ->
            take(
                coordinator.leave(
                    "g",
                    List.of(new ClassicRequest("g", member, "", -1)),
                    new ArrayList<>(),
                    now()));
        case 6 -> after(random.nextInt(SESSION_MS / 2));
        default -> {
          if (random.nextInt(20) == 0) {
            fail();
          }
        }
      }
    }
    int newest = 0;
    for (GroupRecord record : log) {
      ClassicGeneration value = ((GroupRecord.Classic) record).value();
      assertTrue(value.generation() >= newest, "generation " + value.generation());
      newest = value.generation();
      if (!value.leader().isEmpty()) {
        String before = leaders.putIfAbsent(value.generation(), value.leader());
        assertTrue(before == null || before.equals(value.leader()), "two leaders of " + newest);
      }
    }
    assertTrue(newest > 10, "the seed does something");
  }
}
