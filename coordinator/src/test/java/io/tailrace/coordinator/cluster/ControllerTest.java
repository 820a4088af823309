package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.MetadataKey.Single;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ControllerTest {
  private static final UUID ID = new UUID(1, 2);
  private static final MetadataWrite FENCE = new MetadataWrite.Check(Single.CONTROLLER_EPOCH, 12);

  private final ClusterState state = new ClusterState();
  private final Controller controller = new Controller(12, 100, configs -> 1);

  private void brokerIsThere(int epoch) {
    state.apply(
        List.of(
            new MetadataEntry(
                new MetadataKey.Broker(1),
                new MetadataValue.Broker(Map.of(), "", new UUID(0, 1), 1),
                epoch,
                0),
            new MetadataEntry(
                new MetadataKey.Live(1),
                new MetadataValue.Holder(1, new UUID(0, 1), new UUID(0, 2), epoch),
                0,
                5)));
  }

  private void topicIsThere(int partitions, boolean deleting) {
    topicIsThere(Collections.nCopies(partitions, List.of(1)), deleting);
  }

  private void topicIsThere(List<List<Integer>> assignment, boolean deleting) {
    int partitions = assignment.size();
    state.apply(
        List.of(
            new MetadataEntry(
                new MetadataKey.Topic("orders"),
                new MetadataValue.Topic(ID, TopicType.LOG, assignment, Map.of(), deleting),
                3,
                0)));
    for (int id = 0; id < partitions; id++) {
      partitionSays(
          id,
          new MetadataValue.Partition(1, 0, List.of(new InSyncReplica(1, 4, new UUID(0, 1)))),
          0);
    }
  }

  private void partitionSays(int id, MetadataValue.Partition value, int version) {
    state.apply(
        List.of(new MetadataEntry(new MetadataKey.Partition("orders", ID, id), value, version, 0)));
  }

  @Test
  void writesNothingWhenEverythingIsRight() {
    brokerIsThere(4);
    topicIsThere(3, false);
    assertTrue(controller.elections(state, Set.of()).isEmpty());
    assertTrue(controller.cleanUp(state).isEmpty());
  }

  @Test
  void givesLeadersToABrokerThatCameBackInWritesOfLimitedSize() {
    brokerIsThere(5);
    topicIsThere(250, false);
    List<Integer> sizes = new ArrayList<>();
    for (var next = controller.elections(state, Set.of());
        next.isPresent();
        next = controller.elections(state, Set.of())) {
      List<MetadataWrite> writes = next.get();
      assertEquals(FENCE, writes.get(0));
      // A member that has registered again meanwhile must not get the partitions.
      assertEquals(new MetadataWrite.Check(new MetadataKey.Broker(1), 5), writes.get(1));
      sizes.add(writes.size() - 2);
      for (MetadataWrite write : writes.subList(2, writes.size())) {
        MetadataWrite.Update update = (MetadataWrite.Update) write;
        assertEquals(0, update.version());
        MetadataValue.Partition value = (MetadataValue.Partition) update.value();
        assertEquals(
            new MetadataValue.Partition(1, 1, List.of(new InSyncReplica(1, 5, new UUID(0, 1)))),
            value);
        partitionSays(((MetadataKey.Partition) update.key()).id(), value, 1);
      }
    }
    assertEquals(List.of(100, 100, 50), sizes);
  }

  @Test
  void givesLeadersToAllPartitionsBeforeItShrinksTheSetsOfOthers() {
    brokerIsThere(4);
    state.apply(
        List.of(
            new MetadataEntry(
                new MetadataKey.Broker(2),
                new MetadataValue.Broker(Map.of(), "", new UUID(0, 2), 1),
                4,
                0)));
    InSyncReplica alive = new InSyncReplica(1, 4, new UUID(0, 1));
    InSyncReplica dead = new InSyncReplica(2, 4, new UUID(0, 2));
    topicIsThere(Collections.nCopies(150, List.of(1, 2)), false);
    for (int id = 0; id < 150; id++) {
      partitionSays(id, new MetadataValue.Partition(1 + id % 2, 0, List.of(alive, dead)), 0);
    }

    List<List<Integer>> changed = new ArrayList<>();
    for (var next = controller.elections(state, Set.of());
        next.isPresent();
        next = controller.elections(state, Set.of())) {
      List<Integer> ids = new ArrayList<>();
      for (MetadataWrite write : next.get()) {
        if (write instanceof MetadataWrite.Update update) {
          int id = ((MetadataKey.Partition) update.key()).id();
          ids.add(id);
          MetadataValue.Partition value = (MetadataValue.Partition) update.value();
          assertEquals(new MetadataValue.Partition(1, id % 2, List.of(alive)), value);
          partitionSays(id, value, 1);
        }
      }
      changed.add(ids);
    }

    assertEquals(List.of(100, 50), changed.stream().map(List::size).toList());
    assertTrue(changed.get(0).subList(0, 75).stream().allMatch(id -> id % 2 == 1));
    assertTrue(changed.get(0).subList(75, 100).stream().allMatch(id -> id % 2 == 0));
  }

  @Test
  void looksAgainAtWhatOthersChanged() {
    brokerIsThere(5);
    topicIsThere(1, false);
    assertTrue(controller.elections(state, Set.of()).isPresent());
    partitionSays(
        0, new MetadataValue.Partition(1, 1, List.of(new InSyncReplica(1, 5, new UUID(0, 1)))), 1);
    assertTrue(controller.elections(state, Set.of()).isEmpty());
    partitionSays(
        0,
        new MetadataValue.Partition(
            1,
            1,
            List.of(
                new InSyncReplica(1, 5, new UUID(0, 1)), new InSyncReplica(8, 2, new UUID(0, 8)))),
        2);
    assertTrue(controller.elections(state, Set.of()).isPresent());
  }

  @Test
  void cleansUpUnderItsOwnEpochOnly() {
    brokerIsThere(4);
    topicIsThere(2, true);
    assertTrue(controller.elections(state, Set.of()).isEmpty());
    assertEquals(
        List.of(
            FENCE,
            new MetadataWrite.Delete(
                new MetadataKey.Partition("orders", ID, 0), MetadataWrite.ANY_VERSION),
            new MetadataWrite.Delete(
                new MetadataKey.Partition("orders", ID, 1), MetadataWrite.ANY_VERSION),
            new MetadataWrite.Delete(
                new MetadataKey.Partitions("orders", ID), MetadataWrite.ANY_VERSION),
            new MetadataWrite.Delete(new MetadataKey.Topic("orders"), 3)),
        controller.cleanUp(state).orElseThrow());
  }
}
