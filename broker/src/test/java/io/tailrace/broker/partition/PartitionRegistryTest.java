package io.tailrace.broker.partition;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterImageBuilder;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.MetadataValue;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.port.Scheduler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Which logs a broker serves, keeps and removes as the cluster's metadata changes. */
class PartitionRegistryTest {
  private static final UUID ID = new UUID(1, 2);
  private static final UUID OTHER_ID = new UUID(1, 3);

  private final ManualScheduler thread = new ManualScheduler();
  private final FailingStore store = new FailingStore();
  private final List<UUID> confirmed = new ArrayList<>();
  private final PartitionRegistry registry = registry(store);
  private ClusterImage image = ClusterImage.EMPTY;

  /** A store that can be told not to delete. */
  private static final class FailingStore extends ForwardingLogStore {
    private boolean failing;

    @Override
    public CompletionStage<Void> delete(LogId id) {
      return failing
          ? CompletableFuture.failedFuture(new LogException(ErrorCode.STORAGE_ERROR, "disk"))
          : super.delete(id);
    }
  }

  private PartitionRegistry registry(ForwardingLogStore logs) {
    return registry(logs, thread);
  }

  private PartitionRegistry registry(ForwardingLogStore logs, Scheduler owner) {
    return new PartitionRegistry(
        new PartitionThreads(List.of(owner)),
        SingleBroker.services(0, logs, new ManualClock(1_000_000), new Upkeep(10_000, 60_000)),
        topic -> new TopicSettings(LogConfig.defaults(), 1),
        topicId -> {
          confirmed.add(topicId);
          return CompletableFuture.completedFuture(null);
        });
  }

  private static TopicImage topic(UUID id) {
    return topic(id, 0);
  }

  private static TopicImage topic(UUID id, int broker) {
    return new TopicImage(
        "orders",
        id,
        TopicType.LOG,
        List.of(
            new PartitionImage(
                0,
                broker,
                4,
                List.of(broker),
                List.of(new InSyncReplica(broker, 1, new UUID(0, 0))),
                List.of(),
                0)),
        Map.of());
  }

  /** Takes over an image with this topic, or none, and these deletions that wait for the broker. */
  private void image(UUID topic, UUID... deletions) {
    ClusterImageBuilder next = new ClusterImageBuilder(image);
    next.removeTopic("orders");
    if (topic != null) {
      next.putTopic(topic(topic));
    }
    Map<UUID, MetadataValue.Deletion> recorded = new HashMap<>();
    for (UUID deletion : deletions) {
      recorded.put(deletion, new MetadataValue.Deletion("orders", List.of(0)));
    }
    image = next.deletions(recorded).build();
    registry.onImage(image);
    thread.run();
  }

  private Partition open() {
    Partition partition = registry.partition("orders", 0);
    partition.whenReady(() -> {});
    thread.run();
    return partition;
  }

  private Set<LogId> logs() {
    return store.list();
  }

  @Test
  void partitionsCanBeFoundWhenTheyAreTold() {
    AtomicReference<PartitionRegistry> told = new AtomicReference<>();
    List<Partition> found = new ArrayList<>();
    Scheduler looks =
        new Scheduler() {
          @Override
          public void execute(Runnable task) {
            found.add(told.get().partition("orders", 0));
            found.add(told.get().partition("orders", 1));
          }

          @Override
          public Cancellable schedule(Runnable task, long delayMs) {
            return () -> {};
          }

          @Override
          public boolean inThread() {
            return false;
          }
        };
    told.set(registry(store, looks));
    PartitionImage first = topic(ID).partitions().get(0);
    PartitionImage second = new PartitionImage(1, 0, 4, List.of(0), first.inSync(), List.of(), 0);
    TopicImage two = new TopicImage("orders", ID, TopicType.LOG, List.of(first, second), Map.of());

    told.get().onImage(new ClusterImageBuilder(image).putTopic(two).build());

    assertEquals(4, found.size());
    assertFalse(found.contains(null));
  }

  @Test
  void aTopicThatIsMissingFromTheMetadataIsNotServedAndKeepsItsLogs() {
    image(ID);
    Partition partition = open();
    assertEquals(Set.of(partition.id()), logs());
    assertNull(partition.checkAccess(Partition.ANY_EPOCH));

    image(null);

    assertNull(registry.partition("orders", 0));
    assertEquals(ErrorCode.NOT_LEADER, partition.checkAccess(Partition.ANY_EPOCH).code());
    assertEquals(Set.of(partition.id()), logs());
    assertEquals(List.of("orders"), registry.withdrawnTopics());
    assertEquals(List.of(partition.id()), registry.strayLogs());
    assertEquals(List.of(), confirmed);
  }

  @Test
  void aPartitionThatIsAssignedElsewhereIsClosedAndKeepsItsLog() {
    image(ID);
    Partition partition = open();

    image = new ClusterImageBuilder(image).putTopic(topic(ID, 1)).build();
    registry.onImage(image);
    thread.run();

    assertNull(registry.partition("orders", 0));
    assertFalse(partition.isOpen());
    assertEquals(ErrorCode.SHUTTING_DOWN, partition.checkAccess(Partition.ANY_EPOCH).code());
    assertEquals(List.of(partition.id()), registry.strayLogs());

    image(ID);

    assertNull(open().checkAccess(Partition.ANY_EPOCH));
  }

  @Test
  void aTopicThatComesBackIsServedAgain() {
    image(ID);
    Partition partition = open();
    image(null);
    image(ID);

    assertSame(partition, registry.partition("orders", 0));
    assertNull(partition.checkAccess(Partition.ANY_EPOCH));
    assertEquals(List.of(), registry.withdrawnTopics());
    assertEquals(List.of(), registry.strayLogs());
  }

  @Test
  void aRecordedDeletionRemovesTheLogsOfThatTopicIdOnlyAndIsConfirmed() {
    image(ID);
    open();
    image(OTHER_ID, ID);
    Partition successor = open();

    assertEquals(Set.of(successor.id()), logs());
    assertEquals(List.of(ID), confirmed);
    assertEquals(List.of(), registry.withdrawnTopics());
  }

  @Test
  void aDeletionThatIsRecordedLateRemovesWhatWasWithdrawn() {
    image(ID);
    open();
    image(null);
    image(null, ID);
    assertEquals(Set.of(), logs());
    assertEquals(List.of(ID), confirmed);
  }

  @Test
  void aDeletedTopicIsNotServedEvenWhileItIsStillInTheImage() {
    image(ID);
    open();
    image(ID, ID);
    assertNull(registry.partition("orders", 0));
    assertEquals(Set.of(), logs());
    assertEquals(List.of(ID), confirmed);
  }

  @Test
  void aDeletionThatAnEarlierProcessDidNotFinishIsFinishedByRecordOnly() {
    image(ID);
    LogId log = open().id();
    PartitionRegistry later = registry(store);
    registry.forEach(partition -> partition.stop(() -> {}));
    thread.run();

    later.onImage(ClusterImage.EMPTY);
    assertEquals(Set.of(log), logs());
    assertEquals(List.of(log), later.strayLogs());
    later.onImage(
        new ClusterImageBuilder(ClusterImage.EMPTY)
            .deletions(Map.of(ID, new MetadataValue.Deletion("orders", List.of(0))))
            .build());
    assertEquals(Set.of(), logs());
    assertEquals(List.of(ID), confirmed);
  }

  @Test
  void aDeletionThatFailsIsNotConfirmedAndTriedAgain() {
    image(ID);
    open();
    store.failing = true;
    image(null, ID);
    assertFalse(logs().isEmpty());
    assertEquals(List.of(), confirmed);

    store.failing = false;
    thread.advance(1_000);
    assertEquals(Set.of(), logs());
    assertEquals(List.of(ID), confirmed);
  }
}
