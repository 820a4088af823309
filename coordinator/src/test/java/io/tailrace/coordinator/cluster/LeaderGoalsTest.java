package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A topic whose one partition has replicas on brokers 1, 2 and 3. */
class LeaderGoalsTest {
  private static final UUID ID = new UUID(1, 2);

  private final ClusterState state = new ClusterState();

  @BeforeEach
  void topicIsThere() {
    for (int id = 1; id <= 3; id++) {
      brokerIsThere(id, 4);
    }
    state.apply(
        List.of(
            new MetadataEntry(
                new MetadataKey.Topic("orders"),
                new MetadataValue.Topic(
                    ID, TopicType.LOG, List.of(List.of(1, 2, 3)), Map.of(), false),
                3,
                0)));
  }

  private static UUID directory(int broker) {
    return new UUID(0, broker);
  }

  private void brokerIsThere(int id, int epoch) {
    state.apply(
        List.of(
            new MetadataEntry(
                new MetadataKey.Broker(id),
                new MetadataValue.Broker(Map.of(), "", directory(id), 1),
                epoch,
                0),
            new MetadataEntry(
                new MetadataKey.Live(id),
                new MetadataValue.Holder(id, directory(id), new UUID(9, id), epoch),
                0,
                5)));
  }

  private void brokerIsAway(int id) {
    state.apply(List.of(MetadataEntry.absent(new MetadataKey.Live(id))));
  }

  private static InSyncReplica member(int broker, int epoch) {
    return new InSyncReplica(broker, epoch, directory(broker));
  }

  private void partitionSays(MetadataValue.Partition value, int version) {
    state.apply(
        List.of(new MetadataEntry(new MetadataKey.Partition("orders", ID, 0), value, version, 0)));
  }

  @Test
  void thePreferredReplicaLeadsWhereItIsInSync() {
    List<InSyncReplica> inSync = List.of(member(1, 4), member(2, 4));
    partitionSays(new MetadataValue.Partition(2, 6, inSync), 8);
    Goal<Integer> goal = new LeaderGoals.Preferred("", 100);

    Goal.Write<?> write = assertInstanceOf(Goal.Write.class, goal.next(state));

    MetadataValue.Partition next = new MetadataValue.Partition(1, 7, inSync);
    assertEquals(
        List.of(
            new MetadataWrite.Check(new MetadataKey.Broker(1), 4),
            new MetadataWrite.Update(new MetadataKey.Partition("orders", ID, 0), next, 8)),
        write.writes());
    goal.onWritten();
    partitionSays(next, 9);
    assertEquals(new Goal.Done<>(1), goal.next(state));
  }

  @Test
  void noLeaderMovesToAReplicaThatIsNotInSyncUnderItsNewestRegistration() {
    partitionSays(new MetadataValue.Partition(2, 6, List.of(member(2, 4), member(3, 4))), 8);
    assertEquals(new Goal.Done<>(0), new LeaderGoals.Preferred("orders", 100).next(state));

    partitionSays(new MetadataValue.Partition(2, 6, List.of(member(1, 3), member(2, 4))), 9);
    assertEquals(new Goal.Done<>(0), new LeaderGoals.Preferred("orders", 100).next(state));

    partitionSays(new MetadataValue.Partition(2, 6, List.of(member(1, 4), member(2, 4))), 10);
    brokerIsAway(1);
    assertEquals(new Goal.Done<>(0), new LeaderGoals.Preferred("orders", 100).next(state));
  }

  @Test
  void anUncleanLeaderBeginsANewInSyncSetOfItself() {
    partitionSays(new MetadataValue.Partition(2, 6, List.of(member(2, 4))), 8);
    brokerIsAway(2);
    Goal<Void> goal = new LeaderGoals.Unclean("orders", 0, 3);

    Goal.Write<?> write = assertInstanceOf(Goal.Write.class, goal.next(state));

    MetadataValue.Partition next = new MetadataValue.Partition(3, 7, List.of(member(3, 4)));
    assertEquals(
        List.of(
            new MetadataWrite.Check(new MetadataKey.Broker(3), 4),
            new MetadataWrite.Update(new MetadataKey.Partition("orders", ID, 0), next, 8)),
        write.writes());
    partitionSays(next, 9);
    assertEquals(new Goal.Done<>(null), goal.next(state));
    assertEquals(
        LeaderElection.Outcome.LED,
        LeaderElection.elect(next, List.of(1, 2, 3), 1, state, Set.of()).outcome());
  }

  @Test
  void refusesAnUncleanLeaderWhereABrokerLeadsOrTheReplicaCannot() {
    partitionSays(new MetadataValue.Partition(2, 6, List.of(member(2, 4))), 8);
    assertRefused(3, ErrorCode.INVALID_REQUEST, "orders-0 is led by broker 2");
    brokerIsAway(2);
    assertRefused(7, ErrorCode.INVALID_REQUEST, "orders-0 has no replica on broker 7");
    assertRefused(2, ErrorCode.INVALID_REQUEST, "which is not alive");
  }

  private void assertRefused(int broker, ErrorCode code, String text) {
    Goal.Refused<?> refused =
        assertInstanceOf(
            Goal.Refused.class, new LeaderGoals.Unclean("orders", 0, broker).next(state));
    assertEquals(code, refused.code());
    assertTrue(refused.message().contains(text), refused.message());
  }
}
