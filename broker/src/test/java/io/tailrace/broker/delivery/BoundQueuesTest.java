package io.tailrace.broker.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterImageBuilder;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.cluster.PartitionImage;
import io.tailrace.coordinator.cluster.QueueBinding;
import io.tailrace.coordinator.cluster.QueueImage;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.coordinator.cluster.TopicType;
import io.tailrace.coordinator.queue.QueueSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class BoundQueuesTest {
  private static final int MANY = 1_000;

  private final BoundQueues bound = new BoundQueues();
  private ClusterImage image = ClusterImage.EMPTY;

  @Test
  void aFurtherQueueConcernsItsOwnTopicsOnly() {
    takeOver(withQueues(MANY));

    List<String> concerned = takeOver(withQueues(MANY + 1));

    assertEquals(List.of(inbox(MANY)), concerned);
  }

  @Test
  void aChangeOfOneQueueConcernsTheTopicsThatItIsOrWasBoundTo() {
    takeOver(withQueues(MANY).putTopic(topic("left", 0)).putTopic(topic("joined", 0)));
    takeOver(next().putQueue(queue(7, 2, "left")));

    List<String> concerned = takeOver(next().putQueue(queue(7, 3, "joined")));

    assertEquals(Set.of("left", "joined"), Set.copyOf(concerned));
    assertTrue(bound.boundTo(idOf("left")).isEmpty());
    assertEquals(3, bound.boundTo(idOf("joined")).get(idOf("queue-7")).version());
  }

  @Test
  void aNewLeaderConcernsThatTopicOnly() {
    takeOver(withQueues(MANY));

    assertEquals(List.of(inbox(3)), takeOver(next().putTopic(topic(inbox(3), 1))));
    assertEquals(Set.of(idOf("queue-3")), bound.boundTo(idOf(inbox(3))).keySet());
  }

  @Test
  void whatIsNotAboutQueuesConcernsNone() {
    takeOver(withQueues(MANY));

    assertEquals(List.of(), takeOver(next().controller(2)));
  }

  @Test
  void aQueueThatIsRemovedIsBoundNoMore() {
    takeOver(withQueues(MANY));

    List<String> concerned = takeOver(next().removeQueue("queue-5"));

    assertEquals(List.of(inbox(5)), concerned);
    assertTrue(bound.boundTo(idOf(inbox(5))).isEmpty());
    assertFalse(bound.boundTo(idOf(inbox(6))).isEmpty());
  }

  @Test
  void aQueueIsKnownBeforeItsTopic() {
    takeOver(next().putQueue(queue(1, 1, "late")));

    assertEquals(List.of("late"), takeOver(next().putTopic(topic("late", 0))));
    assertEquals(Set.of(idOf("queue-1")), bound.boundTo(idOf("late")).keySet());
  }

  @Test
  void whatAPartitionThreadHoldsDoesNotChange() {
    takeOver(next().putTopic(topic("shared", 0)).putQueue(queue(1, 1, "shared")));
    Map<UUID, QueueImage> before = bound.boundTo(idOf("shared"));

    takeOver(next().putQueue(queue(2, 1, "shared")));

    assertEquals(Set.of(idOf("queue-1")), before.keySet());
    assertEquals(Set.of(idOf("queue-1"), idOf("queue-2")), bound.boundTo(idOf("shared")).keySet());
  }

  // ---- how ----

  private ClusterImageBuilder next() {
    return new ClusterImageBuilder(image);
  }

  /** Returns the names of the topics that it concerns. */
  private List<String> takeOver(ClusterImageBuilder builder) {
    image = builder.build();
    return new ArrayList<>(bound.onImage(image)).stream().map(TopicImage::name).toList();
  }

  /** Queues with a topic of their own each; those that are there already do not change. */
  private ClusterImageBuilder withQueues(int count) {
    ClusterImageBuilder builder = next();
    for (int i = image.queues().size(); i < count; i++) {
      builder.putTopic(topic(inbox(i), 0)).putQueue(queue(i, 1, inbox(i)));
    }
    return builder;
  }

  private static String inbox(int queue) {
    return QueueImage.inboxOf("queue-" + queue);
  }

  private static QueueImage queue(int number, int version, String boundTo) {
    String name = "queue-" + number;
    return new QueueImage(
        name,
        idOf(name),
        version,
        QueueSettings.DEFAULTS,
        List.of(new QueueBinding(boundTo, idOf(boundTo), "#", 1, true)));
  }

  private static TopicImage topic(String name, int leaderEpoch) {
    PartitionImage partition =
        new PartitionImage(
            0,
            0,
            leaderEpoch,
            List.of(0),
            List.of(new InSyncReplica(0, 1, new UUID(0, 0))),
            List.of(),
            0);
    return new TopicImage(name, idOf(name), TopicType.LOG, List.of(partition), Map.of());
  }

  private static UUID idOf(String name) {
    return new UUID(name.hashCode(), name.length());
  }
}
