package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.protocol.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What a member does when its store is away, late or unsure. */
class ClusterMemberTest {
  private static final int TIMEOUT_MS = 1_000;
  private static final long LONG_TIMEOUT_MS = 15_000;
  private static final int MANY_PARTITIONS = 2_500;

  private final SimulatedTime time = new SimulatedTime();
  private final SplittableRandom random = new SplittableRandom(1);
  private final InMemoryMetadata metadata = new InMemoryMetadata("cluster");

  private final class Broker {
    final int id;
    final SimulatedTime.SimulatedThread network = time.thread(random.split(), 2);
    final SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    final InMemoryMetadata.Session session = metadata.open(network.to(thread));
    final ClusterMember member;

    Broker(int id, int maxParts) {
      this.id = id;
      member = new ClusterMember(id, session, thread, random.split(), TIMEOUT_MS, maxParts);
      member.start();
      get(member.register(registration(id)));
    }
  }

  private static BrokerRegistration registration(int id) {
    return new BrokerRegistration(id, Map.of(), "", DirectoryReport.ofNew(new UUID(0, id)));
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
    for (int i = 0; i < 2 * TIMEOUT_MS && !future.isDone(); i++) {
      runFor(1);
    }
    assertTrue(future.isDone(), "no answer");
    return future.join();
  }

  private ErrorCode refusal(CompletionStage<?> answer) {
    try {
      get(answer);
    } catch (CompletionException e) {
      return ((ClusterException) e.getCause()).code();
    }
    return ErrorCode.NONE;
  }

  private static CompletionStage<TopicImage> create(Broker broker, String name, int partitions) {
    return broker.member.createTopic(name, partitions, 1, TopicType.LOG, Map.of());
  }

  private Set<MetadataKey> keys() {
    return Set.copyOf(metadata.entries().stream().map(MetadataEntry::key).toList());
  }

  @Test
  void aZombieControllersWriteIsRefused() {
    Broker zombie = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    assertEquals(1, zombie.member.image().controllerId());
    zombie.network.freeze();
    zombie.session.expire();
    runFor(50);
    assertEquals(2, other.member.image().controllerId());
    CompletionStage<TopicImage> answer = create(zombie, "orders", 1);
    runFor(50);
    assertEquals(1, zombie.member.image().controllerId());
    assertFalse(keys().contains(new MetadataKey.Topic("orders")));
    zombie.network.thaw();
    assertEquals(ErrorCode.NOT_CONTROLLER, refusal(answer));
    runFor(50);
    assertFalse(keys().contains(new MetadataKey.Topic("orders")));
    assertEquals(2, zombie.member.image().controllerId());
  }

  @Test
  void theImageStaysWhileTheStoreIsAway() {
    Broker broker = new Broker(1, 100);
    get(create(broker, "orders", 2));
    ClusterImage before = broker.member.image();
    broker.session.disconnect();
    CompletionStage<TopicImage> answer = create(broker, "more", 1);
    CompletionStage<Long> ids = broker.member.allocateProducerIds(10);
    runFor(TIMEOUT_MS / 2);
    assertFalse(answer.toCompletableFuture().isDone());
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(answer));
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(ids));
    assertEquals(before, broker.member.image());
    // Nobody waits again for a store that has been away for long.
    CompletionStage<TopicImage> later = create(broker, "again", 1);
    runFor(20);
    assertTrue(later.toCompletableFuture().isDone());
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(later));
    broker.session.reconnect();
    runFor(10);
    get(create(broker, "later", 1));
    assertEquals(Set.of("orders", "later"), broker.member.image().topics().keySet());
  }

  @Test
  void nothingIsLedOrWrittenWhileTheStoreHoldsAnotherCluster() {
    for (String other : new String[] {"other", ""}) {
      Broker broker = new Broker(1, 100);
      String name = "orders" + other;
      get(create(broker, name, 2));
      ClusterImage before = broker.member.image();
      assertEquals(ClusterStatus.CONNECTED, broker.member.status());

      metadata.replaceCluster(other);
      runFor(10);

      ClusterStatus status = broker.member.status();
      assertEquals(ClusterStatus.Kind.WRONG_CLUSTER, status.kind());
      assertTrue(status.problem().contains("belongs to cluster cluster"), status.problem());
      assertEquals("cluster", broker.member.image().clusterId());
      assertEquals(-1, broker.member.image().controllerId());
      for (PartitionImage partition : broker.member.image().topics().get(name).partitions()) {
        assertFalse(partition.hasLeader());
      }
      long version = metadata.version();
      assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(create(broker, "more", 1)));
      assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(broker.member.allocateProducerIds(10)));
      broker.session.expire();
      runFor(2 * TIMEOUT_MS);
      assertEquals(ClusterStatus.Kind.WRONG_CLUSTER, broker.member.status().kind());
      // The session's own nodes went with it, in one change; nothing was registered again.
      assertEquals(version + 1, metadata.version());

      metadata.replaceCluster("cluster");
      runFor(50);
      assertEquals(ClusterStatus.CONNECTED, broker.member.status());
      assertEquals(1, broker.member.image().topics().get(name).partitions().get(1).leader());
      assertEquals(before.topics().keySet(), broker.member.image().topics().keySet());
      get(create(broker, "after" + other, 1));
      broker.member.close();
      runFor(10);
    }
  }

  @Test
  void aStartFindsOutThatTheStoreHoldsAnotherCluster() {
    SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    ClusterMember member =
        new ClusterMember(
            1,
            new HomeCluster("mine", false),
            metadata.open(thread),
            thread,
            random.split(),
            TIMEOUT_MS);
    member.start();
    long version = metadata.version();
    assertEquals(ErrorCode.INVALID_REQUEST, refusal(member.clusterId()));
    assertEquals(ErrorCode.INVALID_REQUEST, refusal(member.register(registration(1))));
    assertEquals(version, metadata.version());
    assertEquals(Map.of(), member.image().topics());
    assertEquals("cluster", get(new Broker(2, 100).member.clusterId()));
  }

  @Test
  void aShortInterruptionIsWaitedOut() {
    Broker broker = new Broker(1, 100);
    broker.session.disconnect();
    CompletionStage<TopicImage> answer = create(broker, "orders", 1);
    runFor(TIMEOUT_MS / 2);
    broker.session.reconnect();
    assertEquals("orders", get(answer).name());
  }

  @Test
  void registeringFailsWhenTheStoreCannotBeReached() {
    SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    InMemoryMetadata.Session session = metadata.open(thread);
    ClusterMember member =
        new ClusterMember(1, HomeCluster.ANY, session, thread, random.split(), TIMEOUT_MS);
    member.start();
    runFor(10);
    session.disconnect();
    assertEquals(ErrorCode.METADATA_UNAVAILABLE, refusal(member.register(registration(1))));
    session.reconnect();
    runFor(50);
    assertEquals(Map.of(), member.image().brokers());
    assertEquals(1, get(member.register(registration(1))));
  }

  @Test
  void aWriteThatHappenedThoughItsAnswerWasLostIsNotDoneTwice() {
    Broker broker = new Broker(1, 100);
    broker.session.loseNextWrite(true);
    TopicImage topic = get(create(broker, "orders", 2));
    assertEquals(topic, broker.member.image().topics().get("orders"));
    broker.session.loseNextWrite(true);
    get(broker.member.alterTopicConfigs("orders", Map.of("a", "1")));
    broker.session.loseNextWrite(true);
    get(broker.member.setPartitions("orders", 3));
    broker.session.loseNextWrite(true);
    get(broker.member.deleteTopic("orders"));
    assertEquals(Map.of(), broker.member.image().topics());
    broker.session.loseNextWrite(true);
    // The block of the lost answer is lost.
    assertEquals(10, get(broker.member.allocateProducerIds(10)));
    assertEquals(1, broker.member.image().brokers().get(1).epoch());
  }

  @Test
  void aWriteThatWasLostIsDoneAgain() {
    Broker broker = new Broker(1, 100);
    broker.session.loseNextWrite(false);
    TopicImage topic = get(create(broker, "orders", 2));
    assertEquals(topic, broker.member.image().topics().get("orders"));
    broker.session.loseNextWrite(false);
    assertEquals(0, get(broker.member.allocateProducerIds(10)));
  }

  @Test
  void aRegistrationWhoseAnswerWasLostStands() {
    SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    InMemoryMetadata.Session session = metadata.open(thread);
    ClusterMember member =
        new ClusterMember(1, HomeCluster.ANY, session, thread, random.split(), TIMEOUT_MS);
    session.loseNextWrite(true);
    member.start();
    assertEquals(1, get(member.register(registration(1))));
    runFor(50);
    assertEquals(1, member.image().brokers().get(1).epoch());
    assertEquals(1, member.image().controllerId());
  }

  @Test
  void aTopicThatTakesManyWritesIsMadeHoweverLongTheyTakeTogether() {
    Broker broker = new Broker(1, 1);
    long begin = time.nowMs();
    CompletableFuture<TopicImage> answer =
        create(broker, "large", MANY_PARTITIONS).toCompletableFuture();
    while (!answer.isDone()) {
      runFor(1);
    }
    assertEquals(MANY_PARTITIONS, answer.join().partitions().size());
    assertTrue(time.nowMs() - begin > 2 * TIMEOUT_MS, time.nowMs() - begin + " ms");
  }

  @Test
  void aLargeWriteHasTheWholeTimeoutWhileTheStoreIsConnected() {
    SimulatedTime.SimulatedThread network = time.thread(random.split(), 2);
    SimulatedTime.SimulatedThread thread = time.thread(random.split(), 2);
    InMemoryMetadata.Session session = metadata.open(network.to(thread));
    ClusterMember member =
        new ClusterMember(1, HomeCluster.ANY, session, thread, random.split(), LONG_TIMEOUT_MS);
    member.start();
    get(member.register(registration(1)));

    network.freeze();
    CompletableFuture<TopicImage> answer =
        member.createTopic("large", 1, 1, TopicType.LOG, Map.of()).toCompletableFuture();
    runFor(LONG_TIMEOUT_MS / 2);
    assertFalse(answer.isDone());
    network.thaw();

    assertEquals("large", get(answer).name());
  }

  @Test
  void anUnknownOutcomeIsSaidToBeUnknown() {
    Broker broker = new Broker(1, 100);
    broker.network.freeze();
    CompletionStage<TopicImage> answer = create(broker, "orders", 1);
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, refusal(answer));
    assertTrue(keys().contains(new MetadataKey.Topic("orders")));
  }

  @Test
  void whatAControllerLeftHalfMadeTheNextOneRemoves() {
    Broker first = new Broker(1, 3);
    Broker second = new Broker(2, 3);
    get(create(second.member.image().controllerId() == 2 ? second : first, "kept", 2));
    CompletionStage<TopicImage> made = create(first, "half", 40);
    CompletionStage<Void> grown = first.member.setPartitions("kept", 40);
    while (metadata.entries().stream().noneMatch(entry -> isPartition(entry, "half", 20))) {
      runFor(1);
    }
    first.session.abandon();
    first.thread.kill();
    first.session.expire();
    runFor(500);
    assertEquals(2, second.member.image().controllerId());
    assertEquals(Set.of("kept"), second.member.image().topics().keySet());
    assertTrue(metadata.entries().stream().noneMatch(entry -> isPartition(entry, "half", 0)));
    assertFalse(keys().contains(new MetadataKey.Topic("half")));
    assertFalse(made.toCompletableFuture().isDone());
    assertFalse(grown.toCompletableFuture().isDone());
  }

  @Test
  void whatAControllerLeftHalfGrownOrHalfDeletedTheNextOneFinishes() {
    Broker first = new Broker(1, 3);
    Broker second = new Broker(2, 3);
    get(create(first, "grown", 2));
    get(create(first, "deleted", 40));
    var unused = first.member.setPartitions("grown", 30);
    while (metadata.entries().stream().noneMatch(entry -> isPartition(entry, "grown", 10))) {
      runFor(1);
    }
    first.session.abandon();
    first.thread.kill();
    first.session.expire();
    runFor(500);
    assertEquals(2, second.member.image().topics().get("grown").partitions().size());
    assertTrue(metadata.entries().stream().noneMatch(entry -> isPartition(entry, "grown", 2)));

    unused = second.member.deleteTopic("deleted");
    while (second.member.image().topics().containsKey("deleted")) {
      runFor(1);
    }
    assertTrue(metadata.entries().stream().anyMatch(entry -> isPartition(entry, "deleted", 39)));
    second.session.abandon();
    second.thread.kill();
    second.session.expire();
    new Broker(1, 3);
    runFor(500);
    assertTrue(metadata.entries().stream().noneMatch(entry -> isPartition(entry, "deleted", 0)));
    assertFalse(keys().contains(new MetadataKey.Topic("deleted")));
  }

  private static boolean isPartition(MetadataEntry entry, String topic, int from) {
    return entry.key() instanceof MetadataKey.Partition partition
        && partition.topic().equals(topic)
        && partition.id() >= from;
  }

  private static void hears(Broker broker, int other, int epoch, Reachability.State state) {
    broker.member.reachable(new Reachability(Map.of(other, new Reachability.Peer(epoch, state))));
  }

  @Test
  void theControllerEndsTheRegistrationOfABrokerThatIsGoneOrSilent() {
    for (Reachability.State state : List.of(Reachability.State.GONE, Reachability.State.SILENT)) {
      String topic = "orders-" + state;
      Broker controller = new Broker(1, 100);
      Broker other = new Broker(2, 100);
      get(controller.member.createTopic(topic, 2, 2, TopicType.LOG, Map.of()));
      int epoch = controller.member.image().brokers().get(2).epoch();
      other.thread.freeze(); // its session goes on

      hears(controller, 2, epoch, state);
      runFor(50);

      assertFalse(controller.member.image().brokers().get(2).live());
      for (PartitionImage partition : controller.member.image().topics().get(topic).partitions()) {
        assertEquals(1, partition.leader());
        assertEquals(List.of(1), partition.inSyncReplicas());
      }
      // It was a false alarm: the broker registers again, and the old news are about the old epoch.
      other.thread.thaw();
      runFor(50);
      assertTrue(controller.member.image().brokers().get(2).live());
      assertEquals(epoch + 1, controller.member.image().brokers().get(2).epoch());
      other.member.close();
      controller.member.close();
      runFor(10);
    }
  }

  @Test
  void onlyTheControllerEndsRegistrations() {
    Broker controller = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    Broker third = new Broker(3, 100);
    hears(other, 3, 1, Reachability.State.GONE);
    runFor(50);
    assertTrue(controller.member.image().brokers().get(3).live());
    assertEquals(1, third.member.image().brokers().get(3).epoch());
  }

  @Test
  void anOnlyReplicaKeepsItsPlaceInTheInSyncSet() {
    Broker controller = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    get(controller.member.createTopic("orders", 2, 1, TopicType.LOG, Map.of()));
    int only =
        controller.member.image().topics().get("orders").partitions().get(0).leader() == 2 ? 0 : 1;
    other.thread.freeze();
    hears(controller, 2, 1, Reachability.State.SILENT);
    runFor(50);
    PartitionImage away = controller.member.image().topics().get("orders").partitions().get(only);
    assertFalse(away.hasLeader());
    assertEquals(List.of(2), away.inSyncReplicas());
    other.thread.thaw();
    runFor(50);
    assertEquals(
        2, controller.member.image().topics().get("orders").partitions().get(only).leader());
  }

  @Test
  void aControllerThatIsGoneIsReplacedByAnyOtherBroker() {
    Broker dead = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    get(dead.member.createTopic("orders", 2, 2, TopicType.LOG, Map.of()));
    dead.thread.freeze();
    hears(other, 1, 1, Reachability.State.GONE);
    runFor(50);
    assertEquals(2, other.member.image().controllerId());
    assertFalse(other.member.image().brokers().get(1).live());
    for (PartitionImage partition : other.member.image().topics().get("orders").partitions()) {
      assertEquals(2, partition.leader());
    }
    dead.thread.thaw();
    runFor(50);
    assertEquals(2, dead.member.image().controllerId());
    assertTrue(other.member.image().brokers().get(1).live());
  }

  @Test
  void aSuccessorActsOnTheSilenceThatItMeasuredItself() {
    Broker dead = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    Broker silent = new Broker(3, 100);
    dead.thread.freeze();
    silent.thread.freeze();
    other.member.reachable(
        new Reachability(
            Map.of(
                1, new Reachability.Peer(1, Reachability.State.GONE),
                3, new Reachability.Peer(1, Reachability.State.SILENT))));
    runFor(50);
    assertEquals(2, other.member.image().controllerId());
    assertFalse(other.member.image().brokers().get(1).live());
    assertFalse(other.member.image().brokers().get(3).live());
  }

  @Test
  void silenceDeposesAControllerOnlyOnTheWordOfABrokerThatHearsTheMajority() {
    Broker silent = new Broker(1, 100);
    Broker cutOff = new Broker(2, 100);
    Broker other = new Broker(3, 100);
    silent.thread.freeze();
    hears(cutOff, 1, 1, Reachability.State.SILENT); // it has not heard broker 3
    runFor(50);
    assertEquals(1, other.member.image().controllerId());

    other.member.reachable(
        new Reachability(
            Map.of(
                1, new Reachability.Peer(1, Reachability.State.SILENT),
                2, new Reachability.Peer(1, Reachability.State.ANSWERS))));
    runFor(50);
    assertEquals(3, other.member.image().controllerId());
    assertFalse(other.member.image().brokers().get(1).live());
  }

  @Test
  void aControllerThatLosesMostBrokersResignsAndComesBackWhenItHearsThem() {
    Broker cutOff = new Broker(1, 100);
    Broker other = new Broker(2, 100);
    other.thread.freeze(); // lest it becomes the controller at once
    Broker third = new Broker(3, 100);
    third.thread.freeze();
    cutOff.member.reachable(
        new Reachability(
            Map.of(
                2, new Reachability.Peer(1, Reachability.State.SILENT),
                3, new Reachability.Peer(1, Reachability.State.SILENT))));
    runFor(50);
    assertEquals(-1, cutOff.member.image().controllerId());
    assertTrue(cutOff.member.image().brokers().get(2).live());
    assertTrue(cutOff.member.image().brokers().get(3).live());
    hears(cutOff, 2, 1, Reachability.State.SILENT);
    runFor(50);
    assertEquals(1, cutOff.member.image().controllerId());
    other.thread.thaw();
    third.thread.thaw();
    runFor(50);
    assertEquals(1, third.member.image().controllerId());
  }

  /** Three brokers that hear each other, and lead one partition of the topic each. */
  private List<Broker> threeBrokers() {
    List<Broker> brokers = List.of(new Broker(1, 100), new Broker(2, 100), new Broker(3, 100));
    get(brokers.get(0).member.createTopic("orders", 3, 3, TopicType.LOG, Map.of()));
    for (Broker broker : brokers) {
      hearsAll(broker, Reachability.State.ANSWERS, Reachability.State.ANSWERS);
    }
    runFor(50);
    return brokers;
  }

  /** What a broker hears of the two others, in the order of their ids. */
  private static void hearsAll(Broker broker, Reachability.State lower, Reachability.State higher) {
    broker.member.reachable(
        new Reachability(
            Map.of(
                broker.id == 1 ? 2 : 1, new Reachability.Peer(1, lower),
                broker.id == 3 ? 2 : 3, new Reachability.Peer(1, higher))));
  }

  private List<Integer> leaders(Broker asSeenBy) {
    return asSeenBy.member.image().topics().get("orders").partitions().stream()
        .map(PartitionImage::leader)
        .toList();
  }

  private List<Integer> recordedLeaders() {
    return metadata.entries().stream()
        .filter(entry -> entry.value() instanceof MetadataValue.Partition)
        .map(entry -> ((MetadataValue.Partition) entry.value()).leader())
        .toList();
  }

  private void expireAllButLetTheFirstComeBack(List<Broker> brokers) {
    brokers.get(1).thread.freeze();
    brokers.get(2).thread.freeze();
    brokers.forEach(each -> each.session.expire());
  }

  @Test
  void theFirstBrokerThatComesBackAfterAMassExpiryDoesNotTakeEverything() {
    List<Broker> brokers = threeBrokers();
    List<Integer> before = recordedLeaders();
    assertEquals(Set.of(1, 2, 3), Set.copyOf(before));
    expireAllButLetTheFirstComeBack(brokers);
    runFor(InMemoryMetadata.SESSION_TIMEOUT_MS - 200);
    assertEquals(1, brokers.get(0).member.image().controllerId());
    assertEquals(before, recordedLeaders());
    brokers.forEach(each -> each.thread.thaw());
    runFor(50);
    assertEquals(before, leaders(brokers.get(0)));
    runFor(InMemoryMetadata.SESSION_TIMEOUT_MS);
    assertEquals(before, leaders(brokers.get(0)));
  }

  @Test
  void leadersMoveWhenASessionTimeoutHasPassedSinceAMassExpiry() {
    List<Broker> brokers = threeBrokers();
    expireAllButLetTheFirstComeBack(brokers);
    runFor(InMemoryMetadata.SESSION_TIMEOUT_MS + 50);
    assertEquals(List.of(1, 1, 1), leaders(brokers.get(0)));
  }

  @Test
  void nobodyWaitsForABrokerThatStopsToAnswerAfterAMassExpiry() {
    List<Broker> brokers = threeBrokers();
    expireAllButLetTheFirstComeBack(brokers);
    runFor(50);
    hearsAll(brokers.get(0), Reachability.State.SILENT, Reachability.State.LEAVING);
    runFor(50);
    assertEquals(List.of(1, 1, 1), leaders(brokers.get(0)));
  }

  @Test
  void aSingleBrokerWhoseSessionExpiresIsAwaitedForAShortTimeOnly() {
    List<Broker> brokers = threeBrokers();
    List<Integer> before = recordedLeaders();
    brokers.get(2).thread.freeze();
    brokers.get(2).session.expire();
    runFor(500);
    assertEquals(before, recordedLeaders());
    runFor(600);
    assertFalse(recordedLeaders().contains(3));
  }

  @Test
  void brokersThatExpireOneAfterTheOtherAreAMassExpiryToo() {
    List<Broker> brokers = threeBrokers();
    List<Integer> before = recordedLeaders();
    brokers.get(1).thread.freeze();
    brokers.get(2).thread.freeze();
    brokers.get(1).session.expire();
    runFor(500);
    brokers.get(2).session.expire();
    runFor(1_000);
    assertEquals(before, recordedLeaders());
  }

  @Test
  void othersLeadAsSoonAsABrokerSaysThatItLeaves() {
    List<Broker> brokers = threeBrokers();
    CompletionStage<Void> left = brokers.get(1).member.leave();
    runFor(50);
    assertTrue(brokers.get(1).member.status().leaving());
    assertFalse(left.toCompletableFuture().isDone(), "it serves until the others know");
    hearsAll(brokers.get(0), Reachability.State.LEAVING, Reachability.State.ANSWERS);
    runFor(50);
    assertFalse(leaders(brokers.get(0)).contains(2));
    assertTrue(left.toCompletableFuture().isDone());
    runFor(500);
    assertFalse(brokers.get(0).member.image().brokers().get(2).live(), "it comes not back");
  }

  @Test
  void aControllerThatLeavesIsReplacedAndItsPartitionsAreLed() {
    List<Broker> brokers = threeBrokers();
    assertEquals(1, brokers.get(0).member.image().controllerId());
    CompletionStage<Void> left = brokers.get(0).member.leave();
    runFor(50);
    hearsAll(brokers.get(1), Reachability.State.LEAVING, Reachability.State.ANSWERS);
    runFor(50);
    assertEquals(2, brokers.get(2).member.image().controllerId());
    assertFalse(leaders(brokers.get(2)).contains(1));
    assertTrue(left.toCompletableFuture().isDone());
  }

  @Test
  void theLastBrokerLeavesAtOnce() {
    Broker only = new Broker(1, 100);
    get(only.member.leave());
    assertTrue(only.member.image().brokers().get(1).live());
  }
}
