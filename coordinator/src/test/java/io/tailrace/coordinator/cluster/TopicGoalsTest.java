package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TopicGoalsTest {
  private static final UUID ID = new UUID(1, 2);
  private static final MetadataKey TOPIC = new MetadataKey.Topic("orders");

  /**
   * Broker 1 is there, and the topic has one partition and the nodes of two that were not added.
   */
  private static ClusterState halfGrown() {
    List<MetadataEntry> entries = new ArrayList<>();
    entries.add(
        new MetadataEntry(
            new MetadataKey.Broker(1),
            new MetadataValue.Broker(Map.of(), "", new UUID(0, 1), 1),
            4,
            0));
    entries.add(
        new MetadataEntry(
            new MetadataKey.Live(1),
            new MetadataValue.Holder(1, new UUID(0, 1), new UUID(0, 2), 4),
            0,
            77));
    entries.add(
        new MetadataEntry(
            TOPIC,
            new MetadataValue.Topic(ID, TopicType.LOG, List.of(List.of(1)), Map.of(), false),
            6,
            0));
    for (int id = 0; id < 3; id++) {
      entries.add(
          new MetadataEntry(
              partition(id),
              new MetadataValue.Partition(9, 0, List.of(new InSyncReplica(9, 1, new UUID(0, 9)))),
              0,
              0));
    }
    ClusterState state = new ClusterState();
    state.reset(entries);
    return state;
  }

  private static MetadataKey partition(int id) {
    return new MetadataKey.Partition("orders", ID, id);
  }

  private static List<MetadataWrite> writes(Goal.Step<?> step) {
    if (step instanceof Goal.Write<?> write) {
      return write.writes();
    }
    throw new AssertionError("not a write: " + step);
  }

  @Test
  void growingFirstRemovesWhatAnEarlierAttemptLeft() {
    TopicGoals.Grow goal =
        new TopicGoals.Grow("orders", 2, new TopicGoals.Placement(new SplittableRandom(1), 10));
    assertEquals(
        List.of(
            new MetadataWrite.Check(TOPIC, 6),
            new MetadataWrite.Delete(partition(1), MetadataWrite.ANY_VERSION),
            new MetadataWrite.Delete(partition(2), MetadataWrite.ANY_VERSION)),
        writes(goal.next(halfGrown())));
  }

  @Test
  void growingMakesThePartitionsBeforeItAddsThem() {
    ClusterState state = halfGrown();
    state.apply(List.of(MetadataEntry.absent(partition(1)), MetadataEntry.absent(partition(2))));
    TopicGoals.Grow goal =
        new TopicGoals.Grow("orders", 3, new TopicGoals.Placement(new SplittableRandom(1), 1));
    MetadataValue.Partition fresh =
        new MetadataValue.Partition(1, 0, List.of(new InSyncReplica(1, 4, new UUID(0, 1))));
    assertEquals(
        List.of(
            new MetadataWrite.Create(partition(1), fresh, false),
            new MetadataWrite.Check(TOPIC, 6)),
        writes(goal.next(state)));
    state.apply(List.of(new MetadataEntry(partition(1), fresh, 0, 0)));
    assertEquals(
        List.of(
            new MetadataWrite.Create(partition(2), fresh, false),
            new MetadataWrite.Update(
                TOPIC,
                new MetadataValue.Topic(
                    ID,
                    TopicType.LOG,
                    List.of(List.of(1), List.of(1), List.of(1)),
                    Map.of(),
                    false),
                6)),
        writes(goal.next(state)));
  }

  @Test
  void cleaningUpTouchesOnlyTheTopicThatWasLookedAt() {
    assertEquals(
        new MetadataWrite.Check(TOPIC, 6),
        TopicGoals.settle(halfGrown().topic("orders"), 10).get(0));
  }

  @Test
  void settingsChangeOnlyTheTopicThatWasLookedAt() {
    assertEquals(
        new MetadataWrite.Check(
            new MetadataKey.Partitions("orders", ID), MetadataWrite.ANY_VERSION),
        writes(new SettingGoals.AlterTopic("orders", Map.of("a", "1")).next(halfGrown())).get(0));
  }
}
