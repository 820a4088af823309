package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How leaders change the in-sync sets of their partitions, and when they cannot. */
class InSyncChangeTest {
  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom random = new SplittableRandom(1);
  private final InMemoryMetadata metadata = new InMemoryMetadata("cluster");
  private final Map<Integer, Broker> brokers = new TreeMap<>();

  private final class Broker {
    final int id;
    final SimulatedTime.SimulatedThread network = time.thread(random.split(), 2);
    final SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    final InMemoryMetadata.Session session = metadata.open(network.to(thread));
    final ClusterMember member;

    Broker(int id) {
      this.id = id;
      member = new ClusterMember(id, session, thread, random.split(), 1_000, 100);
      member.start();
      get(
          member.register(
              new BrokerRegistration(id, Map.of(), "", DirectoryReport.ofNew(new UUID(0, id)))));
    }

    PartitionImage partition(int partition) {
      return member.image().topics().get("orders").partitions().get(partition);
    }

    int epoch(int broker) {
      return member.image().brokers().get(broker).epoch();
    }

    CompletionStage<Boolean> propose(int partition, int version, List<Integer> members) {
      List<InSyncReplica> set = new ArrayList<>();
      members.forEach(
          member -> set.add(new InSyncReplica(member, epoch(member), new UUID(0, member))));
      return propose(partition, version, partition(partition).leaderEpoch(), set);
    }

    CompletionStage<Boolean> propose(
        int partition, int version, int leaderEpoch, List<InSyncReplica> members) {
      UUID topic = member.image().topics().get("orders").id();
      return member.proposeInSync(
          new InSyncChange("orders", topic, partition, leaderEpoch, version, members, List.of()));
    }
  }

  @BeforeEach
  void startBrokersAndATopicOfSixPartitions() {
    for (int id = 1; id <= 3; id++) {
      brokers.put(id, new Broker(id));
    }
    get(brokers.get(1).member.createTopic("orders", 6, 3, TopicType.LOG, Map.of()));
    runFor(50);
  }

  private void runFor(long ms) {
    long until = time.nowMs() + ms;
    boolean more = true;
    while (more) {
      more = time.stepUntil(until);
    }
  }

  private <T> T get(CompletionStage<T> answer) {
    CompletableFuture<T> future = answer.toCompletableFuture();
    for (int i = 0; i < 2_000 && !future.isDone(); i++) {
      runFor(1);
    }
    assertTrue(future.isDone(), "no answer");
    return future.join();
  }

  private Broker leaderOf(int partition) {
    return brokers.get(brokers.get(1).partition(partition).leader());
  }

  private List<Integer> without(List<Integer> ids, int id) {
    List<Integer> left = new ArrayList<>(ids);
    left.remove(Integer.valueOf(id));
    return left;
  }

  private int follower(Broker leader) {
    return leader.id % 3 + 1;
  }

  @Test
  void aLeaderShrinksAndGrowsItsSet() {
    Broker leader = leaderOf(0);
    PartitionImage before = leader.partition(0);
    assertEquals(3, before.inSyncReplicas().size());
    List<Integer> fewer = without(before.inSyncReplicas(), follower(leader));
    assertTrue(get(leader.propose(0, before.version(), fewer)));
    PartitionImage shrunk = leader.partition(0);
    assertEquals(fewer, shrunk.inSyncReplicas());
    assertEquals(before.leaderEpoch(), shrunk.leaderEpoch());
    assertTrue(shrunk.version() > before.version());
    assertTrue(get(leader.propose(0, shrunk.version(), before.inSyncReplicas())));
    assertEquals(before.inSyncReplicas(), leader.partition(0).inSyncReplicas());
  }

  @Test
  void aLostRaceFailsNoneOfItsNeighbours() {
    Broker leader = leaderOf(0);
    List<CompletionStage<Boolean>> answers = new ArrayList<>();
    List<Boolean> expected = new ArrayList<>();
    for (int id = 0; id < 6; id++) {
      PartitionImage partition = leader.partition(id);
      if (partition.leader() != leader.id) {
        continue;
      }
      boolean stale = id == 0;
      int version = stale ? partition.version() - 1 : partition.version();
      answers.add(
          leader.propose(id, version, without(partition.inSyncReplicas(), follower(leader))));
      expected.add(!stale);
    }
    assertTrue(answers.size() > 1);
    assertEquals(expected, answers.stream().map(this::get).toList());
  }

  @Test
  void aBrokerThatRegisteredAgainDoesNotJoinUnderItsEarlierRegistration() {
    Broker leader = leaderOf(0);
    int follower = follower(leader);
    PartitionImage before = leader.partition(0);
    int earlier = leader.epoch(follower);
    assertTrue(
        get(leader.propose(0, before.version(), without(before.inSyncReplicas(), follower))));
    int version = leader.partition(0).version();
    brokers.get(follower).session.expire();
    List<InSyncReplica> set = new ArrayList<>();
    before
        .inSyncReplicas()
        .forEach(
            id ->
                set.add(
                    new InSyncReplica(
                        id, id == follower ? earlier : leader.epoch(id), new UUID(0, id))));
    // The proposal leaves before the leader hears of the new registration.
    CompletionStage<Boolean> answer = leader.propose(0, version, before.leaderEpoch(), set);
    assertFalse(get(answer));
    assertFalse(leader.partition(0).inSyncReplicas().contains(follower));
  }

  @Test
  void aMemberOnAnotherDirectoryThanItsRegistrationNamesIsRefused() {
    Broker leader = leaderOf(0);
    int follower = follower(leader);
    PartitionImage before = leader.partition(0);
    List<InSyncReplica> set = new ArrayList<>();
    before
        .inSync()
        .forEach(
            member ->
                set.add(
                    member.brokerId() == follower
                        ? new InSyncReplica(follower, member.brokerEpoch(), new UUID(9, 9))
                        : member));
    assertFalse(get(leader.propose(0, before.version(), before.leaderEpoch(), set)));
    assertEquals(before, leader.partition(0));
  }

  @Test
  void aWriteWhoseAnswerIsLostIsDecidedByWhatTheStoreHolds() {
    for (boolean happens : new boolean[] {true, false}) {
      Broker leader = leaderOf(0);
      PartitionImage before = leader.partition(0);
      List<Integer> set =
          happens ? without(before.inSyncReplicas(), follower(leader)) : before.replicas();
      leader.session.loseNextWrite(happens);
      assertTrue(get(leader.propose(0, before.version(), set)), "happens " + happens);
      assertEquals(set.size(), leader.partition(0).inSyncReplicas().size());
      assertEquals(before.version() + 1, leader.partition(0).version());
    }
  }

  @Test
  void aProposalWaitsWhileTheStoreIsAway() {
    Broker leader = leaderOf(0);
    PartitionImage before = leader.partition(0);
    leader.session.disconnect();
    CompletionStage<Boolean> answer =
        leader.propose(0, before.version(), without(before.inSyncReplicas(), follower(leader)));
    runFor(5_000);
    assertFalse(answer.toCompletableFuture().isDone());
    leader.session.reconnect();
    assertTrue(get(answer));
  }

  @Test
  void aLeaderWhoseSessionExpiredChangesNothing() {
    Broker leader = leaderOf(0);
    PartitionImage before = leader.partition(0);
    leader.session.disconnect();
    CompletionStage<Boolean> answer =
        leader.propose(0, before.version(), without(before.inSyncReplicas(), follower(leader)));
    leader.session.expire();
    runFor(100);
    leader.session.reconnect();
    assertFalse(get(answer));
  }

  @Test
  void aSetWithoutItsLeaderIsRefused() {
    Broker leader = leaderOf(0);
    PartitionImage before = leader.partition(0);
    assertFalse(
        get(leader.propose(0, before.version(), without(before.inSyncReplicas(), leader.id))));
  }
}
