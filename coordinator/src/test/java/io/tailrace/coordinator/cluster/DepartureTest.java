package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How a replica on broker 1 departs from a partition whose replicas are on brokers 1, 2 and 3. */
class DepartureTest {
  private static final UUID ID = new UUID(1, 2);
  private static final MetadataKey PARTITION = new MetadataKey.Partition("orders", ID, 0);
  private static final int EPOCH = 6;

  private final ClusterState state = new ClusterState();
  private final DepartureGoal goal = new DepartureGoal("orders", ID, 0, 1, EPOCH);

  @BeforeEach
  void topicIsThere() {
    for (int id = 1; id <= 3; id++) {
      brokerRegisters(id, 4);
    }
    MetadataValue.Topic topic =
        new MetadataValue.Topic(ID, TopicType.LOG, List.of(List.of(1, 2, 3)), Map.of(), false);
    state.apply(List.of(new MetadataEntry(new MetadataKey.Topic("orders"), topic, 3, 0)));
  }

  private static UUID directory(int broker) {
    return new UUID(0, broker);
  }

  private void brokerRegisters(int id, int epoch) {
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

  private static List<InSyncReplica> members(int... brokers) {
    return Arrays.stream(brokers)
        .mapToObj(broker -> new InSyncReplica(broker, 4, directory(broker)))
        .toList();
  }

  private void partitionSays(MetadataValue.Partition value, int version) {
    state.apply(List.of(new MetadataEntry(PARTITION, value, version, 0)));
  }

  private void assertWrites(int checked, MetadataValue.Partition next) {
    Goal.Write<?> write = assertInstanceOf(Goal.Write.class, goal.next(state));
    assertEquals(
        List.of(
            new MetadataWrite.Check(new MetadataKey.Broker(checked), 4),
            new MetadataWrite.Update(PARTITION, next, 8)),
        write.writes());
    partitionSays(next, 9);
    assertEquals(new Goal.Done<>(true), goal.next(state));
  }

  @Test
  void aLeaderHandsOverToAnInSyncReplicaAndIsNotEligible() {
    partitionSays(new MetadataValue.Partition(1, EPOCH, members(1, 2, 3)), 8);
    assertWrites(2, new MetadataValue.Partition(2, EPOCH + 1, members(2, 3)));
  }

  @Test
  void aLeaderThatIsTheLastInSyncHandsOverToAnEligibleReplica() {
    partitionSays(new MetadataValue.Partition(1, EPOCH, members(1), members(2, 3)), 8);
    brokerIsAway(2);
    assertWrites(3, new MetadataValue.Partition(3, EPOCH + 1, members(3), members(2)));
  }

  @Test
  void membersThatAreAwayStayRecordedWhenAnEligibleReplicaTakesOver() {
    partitionSays(new MetadataValue.Partition(1, EPOCH, members(1, 2), members(3)), 8);
    brokerIsAway(2);
    assertWrites(3, new MetadataValue.Partition(3, EPOCH + 1, members(3), members(2)));
  }

  @Test
  void aFollowerLeavesAndALeaderBeginsANewEpoch() {
    partitionSays(new MetadataValue.Partition(2, EPOCH, members(1, 2)), 8);
    assertWrites(2, new MetadataValue.Partition(2, EPOCH + 1, members(2)));
  }

  @Test
  void aReplicaThatIsNotListedBeginsANewEpochAsWell() {
    partitionSays(new MetadataValue.Partition(2, EPOCH, members(2, 3)), 8);
    assertWrites(2, new MetadataValue.Partition(2, EPOCH + 1, members(2, 3)));
  }

  @Test
  void nothingChangesWhereNoLiveReplicaHoldsAllThatIsCommitted() {
    partitionSays(new MetadataValue.Partition(1, EPOCH, members(1)), 8);
    assertEquals(new Goal.Done<>(false), goal.next(state));

    partitionSays(new MetadataValue.Partition(1, EPOCH, members(1, 2), members(3)), 9);
    brokerIsAway(2);
    brokerRegisters(3, 5); // it may have lost records since it was recorded
    assertEquals(new Goal.Done<>(false), goal.next(state));

    partitionSays(new MetadataValue.Partition(2, EPOCH, members(1, 2)), 10);
    assertEquals(new Goal.Done<>(false), goal.next(state), "the leader is away");

    partitionSays(new MetadataValue.Partition(PartitionImage.NO_LEADER, EPOCH, members(1, 2)), 11);
    assertEquals(new Goal.Done<>(false), goal.next(state));
  }

  @Test
  void theControllerLeavesTheNewLeaderWhereItIs() {
    MetadataValue.Partition departed = new MetadataValue.Partition(2, EPOCH + 1, members(2, 3));
    LeaderElection.Result result =
        LeaderElection.elect(departed, List.of(1, 2, 3), 2, state, Set.of());
    assertEquals(departed, result.partition());
    assertEquals(LeaderElection.Outcome.LED, result.outcome());
  }
}
