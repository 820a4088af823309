package io.tailrace.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.tailrace.protocol.error.ErrorCode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/** What every {@link ClusterStore} does. */
public abstract class ClusterStoreContract {

  /** A process of this broker, which is not a member yet. */
  protected abstract ClusterStore open(int brokerId) throws Exception;

  private ClusterStore observe() throws Exception {
    return open(ClusterMember.OBSERVER);
  }

  /** The process stops to do anything, but its session goes on. */
  protected abstract void freeze(ClusterStore store);

  /** The process goes on. */
  protected abstract void thaw(ClusterStore store);

  /** The session ends, as if nothing had been heard of the process for long. */
  protected abstract void expireSession(ClusterStore store);

  /**
   * Waits for an answer, for much less than a session's timeout.
   *
   * @throws ClusterException the answer, when it is one
   */
  protected abstract <T> T get(CompletionStage<T> answer);

  /** Waits until something holds, for much less than a session's timeout. */
  protected abstract void await(BooleanSupplier condition);

  /** A broker on a data directory that noted its last registration and lost nothing since. */
  private static BrokerRegistration broker(int id, int directory, int lastEpoch) {
    return new BrokerRegistration(
        id, endpoints(id), "", new DirectoryReport(new UUID(7, directory), lastEpoch, ""));
  }

  private static Map<String, Endpoint> endpoints(int id) {
    return Map.of(Endpoint.NATIVE, new Endpoint("host-" + id, 9000 + id));
  }

  private ClusterStore join(int id) throws Exception {
    ClusterStore store = open(id);
    get(store.register(broker(id, id, DirectoryReport.NEVER_REGISTERED)));
    return store;
  }

  private static long live(ClusterStore store) {
    return store.image().brokers().values().stream().filter(BrokerImage::live).count();
  }

  private TopicImage create(ClusterStore store, String name, int partitions, int replicas) {
    return get(store.createTopic(name, partitions, replicas, TopicType.LOG, Map.of()));
  }

  private void refused(ErrorCode code, CompletionStage<?> answer) {
    try {
      get(answer);
    } catch (ClusterException e) {
      assertEquals(code, e.code(), e.getMessage());
      return;
    }
    fail("was not refused with " + code);
  }

  @Test
  void theFirstBrokerIsTheController() throws Exception {
    ClusterStore store = open(3);
    assertEquals(1, get(store.register(broker(3, 3, DirectoryReport.NEVER_REGISTERED))));
    ClusterImage image = store.image();
    assertEquals(
        new BrokerImage(3, 1, endpoints(3), "", new UUID(7, 3), true), image.brokers().get(3));
    assertEquals(3, image.controllerId());
    assertFalse(image.clusterId().isEmpty());
  }

  @Test
  void aBrokerRegistersUnderAHigherEpochEachTime() throws Exception {
    ClusterStore first = join(1);
    first.close();
    ClusterStore second = open(1);
    assertEquals(2, get(second.register(broker(1, 1, 1))));
    assertEquals(1, second.image().controllerId());
    refused(ErrorCode.INVALID_REQUEST, second.register(broker(1, 1, 1)));
  }

  @Test
  void everyBrokerSeesTheSameCluster() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    TopicImage made =
        get(first.createTopic("orders", 6, 2, TopicType.DIRECT, Map.of("retention.ms", "5")));
    await(() -> second.image().topics().containsKey("orders"));
    assertEquals(made, second.image().topics().get("orders"));
    assertEquals(first.image().clusterId(), second.image().clusterId());
    assertEquals(1, second.image().controllerId());
    assertEquals(TopicType.DIRECT, made.type());
    assertEquals(Map.of("retention.ms", "5"), made.configs());
  }

  @Test
  void aNewTopicHasItsLeadersSpreadEvenly() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    TopicImage topic = create(first, "orders", 8, 2);
    assertEquals(
        4, topic.partitions().stream().filter(partition -> partition.leader() == 1).count());
    for (int id = 0; id < 8; id++) {
      PartitionImage partition = topic.partitions().get(id);
      assertEquals(id, partition.id());
      assertEquals(0, partition.leaderEpoch());
      assertEquals(partition.replicas().get(0), partition.leader());
      assertEquals(Set.of(1, 2), Set.copyOf(partition.inSyncReplicas()));
    }
    second.close();
  }

  @Test
  void onlyTheControllerMakesTopics() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    refused(ErrorCode.NOT_CONTROLLER, second.createTopic("orders", 1, 1, TopicType.LOG, Map.of()));
    first.close();
    await(() -> second.image().controllerId() == 2);
    assertEquals(1, create(second, "orders", 1, 1).partitions().size());
  }

  @Test
  void aProcessThatIsNoBrokerMakesNoTopics() throws Exception {
    ClusterStore store = observe();
    refused(ErrorCode.INVALID_REQUEST, store.register(broker(1, 1, 1)));
    refused(ErrorCode.NOT_CONTROLLER, store.createTopic("a", 1, 1, TopicType.LOG, Map.of()));
    refused(ErrorCode.NOT_CONTROLLER, store.deleteTopic("a"));
  }

  @Test
  void refusesTopicsThatCannotBe() throws Exception {
    ClusterStore store = join(1);
    create(store, "orders", 1, 1);
    refused(ErrorCode.TOPIC_EXISTS, store.createTopic("orders", 1, 1, TopicType.LOG, Map.of()));
    refused(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        store.createTopic("a", 1, 2, TopicType.LOG, Map.of()));
    refused(
        ErrorCode.INVALID_REPLICATION_FACTOR,
        store.createTopic("a", 1, 0, TopicType.LOG, Map.of()));
    refused(ErrorCode.INVALID_PARTITIONS, store.createTopic("a", 0, 1, TopicType.LOG, Map.of()));
    refused(
        ErrorCode.INVALID_PARTITIONS, store.createTopic("a", 20_001, 1, TopicType.LOG, Map.of()));
    for (String name : List.of("", ".", "..", "a/b", "ä", "x".repeat(250))) {
      refused(ErrorCode.INVALID_TOPIC_NAME, store.createTopic(name, 1, 1, TopicType.LOG, Map.of()));
    }
    refused(
        ErrorCode.INVALID_CONFIG,
        store.createTopic("a", 1, 1, TopicType.LOG, Map.of("x", "y".repeat(70_000))));
    refused(ErrorCode.UNKNOWN_TOPIC, store.deleteTopic("a"));
    refused(ErrorCode.UNKNOWN_TOPIC, store.setPartitions("a", 3));
    refused(ErrorCode.UNKNOWN_TOPIC, store.alterTopicConfigs("a", Map.of("x", "y")));
    assertEquals(Set.of("orders"), store.image().topics().keySet());
  }

  @Test
  void aTopicMadeAgainIsAnotherTopic() throws Exception {
    ClusterStore store = join(1);
    TopicImage first = create(store, "orders", 3, 1);
    get(store.deleteTopic("orders"));
    assertEquals(Map.of(), store.image().topics());
    TopicImage second = create(store, "orders", 2, 1);
    assertNotEquals(first.id(), second.id());
    assertEquals(2, second.partitions().size());
    assertEquals(second, store.image().topics().get("orders"));
    assertEquals(second, store.image().topic(second.id()));
    assertEquals(null, store.image().topic(first.id()));
  }

  @Test
  void requestsAreServedInTheirOrder() throws Exception {
    ClusterStore store = join(1);
    List<CompletionStage<?>> answers = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      answers.add(store.createTopic("orders", 1, 1, TopicType.LOG, Map.of()));
      answers.add(store.setPartitions("orders", 3));
      answers.add(store.deleteTopic("orders"));
    }
    for (CompletionStage<?> answer : answers) {
      get(answer);
    }
    assertEquals(Map.of(), store.image().topics());
  }

  @Test
  void aDeletionIsRecordedUntilEveryBrokerThatHadAReplicaHasConfirmed() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    TopicImage topic = create(first, "orders", 3, 2);
    get(first.deleteTopic("orders"));
    MetadataValue.Deletion deletion = first.image().deletions().get(topic.id());
    assertEquals(new MetadataValue.Deletion("orders", List.of(1, 2)), deletion);
    await(() -> second.image().deletions().containsKey(topic.id()));

    get(second.confirmDeletion(topic.id()));
    assertEquals(List.of(1), second.image().deletions().get(topic.id()).pending());
    get(second.confirmDeletion(topic.id()));
    assertEquals(List.of(1), second.image().deletions().get(topic.id()).pending());
    get(first.confirmDeletion(topic.id()));
    await(() -> first.image().deletions().isEmpty() && second.image().deletions().isEmpty());
    get(first.confirmDeletion(topic.id()));
  }

  @Test
  void theDeletionOfALargeTopicIsRecordedOnceAndOutlivesTheBrokers() throws Exception {
    UUID id;
    try (ClusterStore store = join(1)) {
      id = create(store, "orders", 1000, 1).id();
      get(store.deleteTopic("orders"));
    }
    ClusterStore again = join(1);
    assertEquals(
        Map.of(id, new MetadataValue.Deletion("orders", List.of(1))), again.image().deletions());
  }

  @Test
  void partitionsAreAddedBehindThoseThatAreThere() throws Exception {
    ClusterStore store = join(1);
    TopicImage before = create(store, "orders", 2, 1);
    get(store.setPartitions("orders", 5));
    TopicImage after = store.image().topics().get("orders");
    assertEquals(before.id(), after.id());
    assertEquals(5, after.partitions().size());
    assertEquals(before.partitions(), after.partitions().subList(0, 2));
    get(store.setPartitions("orders", 5));
    refused(ErrorCode.INVALID_PARTITIONS, store.setPartitions("orders", 4));
    assertEquals(after, store.image().topics().get("orders"));
  }

  @Test
  void aTopicMayHaveAThousandPartitions() throws Exception {
    ClusterStore store = join(1);
    List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
    store.addListener(
        image -> {
          TopicImage topic = image.topics().get("orders");
          sizes.add(topic == null ? 0 : topic.partitions().size());
        });
    assertEquals(1000, create(store, "orders", 1000, 1).partitions().size());
    get(store.setPartitions("orders", 2500));
    TopicImage topic = store.image().topics().get("orders");
    assertEquals(2500, topic.partitions().size());
    assertTrue(topic.partitions().stream().allMatch(partition -> partition.leader() == 1));
    get(store.deleteTopic("orders"));
    create(store, "orders", 1, 1);
    await(() -> sizes.contains(1));
    // Nobody ever sees a part of them.
    assertEquals(Set.of(0, 1, 1000, 2500), new HashSet<>(sizes));
  }

  @Test
  void settingsAreSetAndUnset() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    get(first.createTopic("orders", 1, 1, TopicType.LOG, Map.of("a", "1", "b", "2")));
    await(() -> second.image().topics().containsKey("orders"));
    get(second.alterTopicConfigs("orders", Map.of("a", "", "c", "3")));
    assertEquals(Map.of("b", "2", "c", "3"), second.image().topics().get("orders").configs());
    get(second.alterBrokerConfigs("default", Map.of("x", "1", "y", "2")));
    get(second.alterBrokerConfigs("default", Map.of("x", "")));
    get(first.alterBrokerConfigs("2", Map.of("z", "3")));
    await(() -> first.image().brokerConfigs().size() == 2);
    assertEquals(
        Map.of("default", Map.of("y", "2"), "2", Map.of("z", "3")), first.image().brokerConfigs());
    get(first.alterBrokerConfigs("2", Map.of("z", "")));
    assertEquals(Set.of("default"), first.image().brokerConfigs().keySet());
    refused(ErrorCode.INVALID_REQUEST, first.alterBrokerConfigs("../x", Map.of("z", "3")));
  }

  @Test
  void settingsSurviveRaces() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    create(first, "orders", 1, 1);
    await(() -> second.image().topics().containsKey("orders"));
    List<CompletionStage<?>> answers = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      answers.add(first.alterTopicConfigs("orders", Map.of("first-" + i, "x")));
      answers.add(second.alterTopicConfigs("orders", Map.of("second-" + i, "x")));
    }
    for (CompletionStage<?> answer : answers) {
      get(answer);
    }
    await(() -> first.image().topics().get("orders").configs().size() == 50);
    await(() -> second.image().topics().get("orders").configs().size() == 50);
  }

  @Test
  void noProducerIdIsGivenOutTwice() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    List<CompletionStage<Long>> answers = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      answers.add(first.allocateProducerIds(100));
      answers.add(second.allocateProducerIds(100));
    }
    Set<Long> blocks = new HashSet<>();
    for (CompletionStage<Long> answer : answers) {
      long block = get(answer);
      assertTrue(blocks.add(block));
      assertEquals(0, block % 100);
    }
    refused(ErrorCode.INVALID_REQUEST, first.allocateProducerIds(0));
  }

  @Test
  void aKilledBrokerTakesOverFromItselfAtOnce() throws Exception {
    ClusterStore first = join(1);
    TopicImage before = create(first, "orders", 700, 1);
    freeze(first);
    ClusterStore second = open(1);
    assertEquals(2, get(second.register(broker(1, 1, DirectoryReport.NEVER_REGISTERED))));
    assertEquals(1, second.image().controllerId());
    await(() -> leads(second, "orders", 1));
    for (PartitionImage partition : second.image().topics().get("orders").partitions()) {
      assertEquals(
          before.partitions().get(partition.id()).leaderEpoch() + 1, partition.leaderEpoch());
      assertEquals(List.of(1), partition.inSyncReplicas());
    }
    create(second, "more", 1, 1);
    // What was thought dead wakes up, and finds that it has been replaced.
    thaw(first);
    await(() -> first.image().topics().containsKey("more"));
    refused(ErrorCode.NOT_CONTROLLER, first.createTopic("x", 1, 1, TopicType.LOG, Map.of()));
    create(second, "last", 1, 1);
    assertEquals(2, second.image().brokers().get(1).epoch());
  }

  @Test
  void aRestartedBrokerLeadsNothingBeforeItHasRegistered() throws Exception {
    ClusterStore first = join(1);
    create(first, "orders", 3, 1);
    freeze(first);
    ClusterStore second = open(1);
    ClusterStore observer = observe();
    await(() -> second.image().topics().containsKey("orders"));
    await(() -> leads(observer, "orders", 1));
    assertTrue(leads(second, "orders", PartitionImage.NO_LEADER));
    get(second.register(broker(1, 1, 1)));
    await(() -> leads(second, "orders", 1) && leaderEpoch(second, "orders") == 1);
    // The other one does not take the new registration for its own.
    thaw(first);
    await(() -> leads(first, "orders", PartitionImage.NO_LEADER));
    await(() -> leaderEpoch(first, "orders") == 1);
    assertTrue(leads(first, "orders", PartitionImage.NO_LEADER));
  }

  @Test
  void nobodyLeadsUnderAnEarlierRegistration() throws Exception {
    ClusterStore first = join(1);
    ClusterStore observer = observe();
    create(first, "orders", 5, 1);
    await(() -> leads(observer, "orders", 1));
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    observer.addListener(
        image -> {
          boolean again = image.brokers().get(1).epoch() == 2;
          for (PartitionImage partition : image.topics().get("orders").partitions()) {
            if (again && partition.leaderEpoch() == 0 && partition.hasLeader()) {
              wrong.add(partition.toString());
            }
          }
        });
    first.close();
    ClusterStore second = open(1);
    get(second.register(broker(1, 1, 1)));
    await(() -> leads(observer, "orders", 1) && leaderEpoch(observer, "orders") == 1);
    assertEquals(List.of(), wrong);
  }

  private static boolean leads(ClusterStore store, String topic, int broker) {
    TopicImage image = store.image().topics().get(topic);
    return image != null
        && image.partitions().stream().allMatch(partition -> partition.leader() == broker);
  }

  private static int leaderEpoch(ClusterStore store, String topic) {
    return store.image().topics().get(topic).partitions().get(0).leaderEpoch();
  }

  @Test
  void aLostSessionRegistersAgain() throws Exception {
    ClusterStore store = join(1);
    create(store, "orders", 3, 1);
    expireSession(store);
    await(() -> store.image().brokers().get(1).epoch() == 2);
    await(() -> leads(store, "orders", 1) && leaderEpoch(store, "orders") == 1);
    create(store, "more", 1, 1);
  }

  @Test
  void anotherBrokerWithTheSameIdIsRefused() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = open(1);
    refused(
        ErrorCode.INVALID_REQUEST,
        second.register(broker(1, 99, DirectoryReport.NEVER_REGISTERED)));
    assertEquals(1, first.image().brokers().get(1).epoch());
    first.close();
    await(() -> !second.image().brokers().get(1).live());
    assertEquals(2, get(second.register(broker(1, 99, DirectoryReport.NEVER_REGISTERED))));
  }

  @Test
  void aNewDirectoryLeadsNothingThatWasInTheOldOne() throws Exception {
    ClusterStore first = join(1);
    ClusterStore observer = observe();
    create(first, "orders", 3, 1);
    first.close();
    await(() -> leads(observer, "orders", PartitionImage.NO_LEADER));
    ClusterStore second = open(1);
    get(second.register(broker(1, 2, DirectoryReport.NEVER_REGISTERED)));
    create(second, "more", 1, 1);
    await(() -> leads(observer, "more", 1));
    assertTrue(leads(observer, "orders", PartitionImage.NO_LEADER));
    second.close();
    ClusterStore third = open(1);
    get(third.register(broker(1, 1, 1)));
    await(() -> leads(observer, "orders", 1));
    assertTrue(leads(observer, "more", PartitionImage.NO_LEADER));
  }

  @Test
  void theOthersTakeOverWhenABrokerLeaves() throws Exception {
    ClusterStore first = join(1);
    ClusterStore second = join(2);
    await(() -> live(first) == 2);
    create(first, "orders", 10, 2);
    get(first.setPartitions("orders", 12));
    TopicImage alone = create(first, "alone", 2, 1);
    int held = alone.partitions().get(0).leader() == 1 ? 0 : 1;
    first.close();
    await(() -> leads(second, "orders", 2));
    for (PartitionImage partition : second.image().topics().get("orders").partitions()) {
      assertEquals(List.of(2), partition.inSyncReplicas());
      assertEquals(partition.replicas().get(0) == 2 ? 0 : 1, partition.leaderEpoch());
    }
    // Its only replica waits for it, and a leader that is not live is not shown.
    assertEquals(
        alone.partitions().get(held).leaderless(),
        second.image().topics().get("alone").partitions().get(held));
    ClusterStore again = open(1);
    get(again.register(broker(1, 1, 1)));
    await(() -> second.image().topics().get("alone").partitions().get(held).leaderEpoch() == 1);
    assertEquals(1, second.image().topics().get("alone").partitions().get(held).leader());
    assertTrue(leads(second, "orders", 2));
  }

  @Test
  void imagesComeInOrder() throws Exception {
    ClusterStore store = open(1);
    List<Long> versions = Collections.synchronizedList(new ArrayList<>());
    store.addListener(image -> versions.add(image.version()));
    store.addListener(
        image -> {
          throw new IllegalStateException("one bad listener does not harm the others");
        });
    get(store.register(broker(1, 1, 1)));
    for (int i = 0; i < 10; i++) {
      create(store, "topic-" + i, 1, 1);
    }
    long last = store.image().version();
    await(() -> versions.contains(last));
    List<Long> sorted = new ArrayList<>(versions);
    Collections.sort(sorted);
    assertEquals(sorted, versions);
    assertEquals(new HashSet<>(versions).size(), versions.size());
  }

  @Test
  void whoWaitsIsAnsweredWhenTheStoreCloses() throws Exception {
    ClusterStore store = join(1);
    store.close();
    refused(ErrorCode.SHUTTING_DOWN, store.createTopic("a", 1, 1, TopicType.LOG, Map.of()));
    refused(ErrorCode.SHUTTING_DOWN, store.allocateProducerIds(1));
  }
}
