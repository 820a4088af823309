package io.tailrace.client;

import static io.tailrace.client.Failures.codeOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class AdminTest {
  private FakeCluster cluster;
  private TailraceClient client;
  private Admin admin;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(3);
    client =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .requestTimeout(Duration.ofSeconds(3))
            .connect();
    admin = client.admin();
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  @Test
  void createsDescribesGrowsAndDeletesTopics() {
    CreatedTopic created = admin.createTopic(Topic.named("t").partitions(3)).join();
    assertEquals(3, created.partitions());
    TopicDescription described = admin.describeTopic("t").join();
    assertEquals(created.id(), described.id());
    assertEquals(OptionalInt.of(1), described.partitions().get(1).leader());
    admin.alterTopic("t", 5).join();
    assertEquals(5, admin.describeTopic("t").join().partitions().size());
    assertEquals(
        List.of("t"), admin.listTopics().join().stream().map(TopicDescription::name).toList());
    admin.deleteTopic("t").join();
    assertEquals(ErrorCode.UNKNOWN_TOPIC, codeOf(admin.describeTopic("t")));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, codeOf(admin.deleteTopic("t")));
  }

  @Test
  void refusesToCreateATopicTwice() {
    admin.createTopic(Topic.named("t")).join();
    assertEquals(ErrorCode.TOPIC_EXISTS, codeOf(admin.createTopic(Topic.named("t"))));
  }

  @Test
  void findsTheControllerWhenItHasMoved() {
    cluster.setController(2);
    admin.createTopic(Topic.named("t")).join();
    assertTrue(cluster.broker(2).count(ApiKey.CREATE_TOPIC) >= 1);
    assertEquals(OptionalInt.of(2), admin.describeCluster().join().controller());
  }

  @Test
  void doesNotRepeatAChangeWhoseOutcomeIsUnknown() {
    cluster.setFault(
        (broker, api, nth) -> api == ApiKey.CREATE_TOPIC ? Action.DO_AND_DROP : Action.PASS);
    assertEquals(ErrorCode.OUTCOME_UNKNOWN, codeOf(admin.createTopic(Topic.named("t"))));
    assertEquals(1, cluster.broker(0).count(ApiKey.CREATE_TOPIC));
    assertEquals(1, admin.describeTopic("t").join().partitions().size());
  }

  @Test
  void describesAndChangesSettings() {
    ConfigResource topic = ConfigResource.topic("t");
    admin.alterConfigs(topic, Map.of("retention.ms", "5")).join();
    assertEquals(List.of(), admin.describeConfigs(ConfigResource.topic("other")).join());
    assertEquals(
        ErrorCode.INVALID_CONFIG,
        codeOf(admin.alterConfigs(ConfigResource.broker(1), Map.of("no.such.setting", "1"))));
    assertEquals(
        ErrorCode.UNKNOWN_RESOURCE, codeOf(admin.describeConfigs(ConfigResource.broker(9))));
  }

  @Test
  void describesTheCluster() {
    ClusterDescription description = admin.describeCluster().join();
    assertEquals("fake", description.clusterId());
    assertEquals(
        List.of(0, 1, 2), description.brokers().stream().map(BrokerDescription::id).toList());
  }

  @Test
  void listsOffsetsAndLogs() {
    cluster.topic("t", 3);
    Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
    for (int i = 0; i < 4; i++) {
      producer.send(Message.of("t", "k", "v").partition(2).timestampMs(1000L * i)).join();
    }
    Map<TopicPartition, PartitionOffset> ends = admin.listOffsets("t", Position.latest()).join();
    assertEquals(0, ends.get(new TopicPartition("t", 0)).offset());
    assertEquals(4, ends.get(new TopicPartition("t", 2)).offset());
    PartitionOffset at =
        admin
            .listOffsets("t", Position.at(java.time.Instant.ofEpochMilli(1500)))
            .join()
            .get(new TopicPartition("t", 2));
    assertEquals(2, at.offset());
    assertEquals(2000, at.timestampMs().getAsLong());
    List<ReplicaLog> logs = admin.describeLogs(List.of("t")).join();
    assertEquals(3, logs.size());
    assertEquals(4, logs.get(2).logEndOffset());
  }

  @Test
  void retriesOffsetsUntilThereIsALeader() {
    cluster.topic("t", 1);
    cluster.setLeader("t", 0, -1);
    CompletableFuture<Map<TopicPartition, PartitionOffset>> asked =
        admin.listOffsets("t", Position.latest());
    cluster.setLeader("t", 0, 2);
    assertEquals(0, asked.join().get(new TopicPartition("t", 0)).offset());
  }

  @Test
  void completesWithinTheRequestTimeoutWhenNobodyAnswers() {
    for (int id = 0; id < 3; id++) {
      cluster.broker(id).freeze();
    }
    assertTrue(codeOf(admin.describeCluster()).retriable());
  }

  @Test
  void reportsWhenNoBrokerCanBeReached() {
    String bootstrap = cluster.bootstrap();
    cluster.close();
    TailraceException error =
        assertThrows(
            TailraceException.class,
            () ->
                TailraceClient.builder()
                    .bootstrap(bootstrap)
                    .connectTimeout(Duration.ofMillis(300))
                    .connect());
    assertEquals(ErrorCode.BROKER_NOT_AVAILABLE, error.code());
    assertTrue(error.getMessage().contains(bootstrap), error.getMessage());
  }

  @Test
  void connectsThroughWhicheverBootstrapBrokerIsUp() {
    cluster.broker(0).stop();
    cluster.broker(1).stop();
    try (TailraceClient late = TailraceClient.connect(cluster.bootstrap())) {
      assertEquals(1, late.admin().describeCluster().join().brokers().size());
    }
  }

  @Test
  void doesNotTrustABrokerThatSaysItIsAnother() {
    cluster.topic("t", 1);
    cluster.broker(0).pretendToBe(7);
    cluster.broker(0).dropConnections();
    CompletableFuture<Map<TopicPartition, PartitionOffset>> asked =
        admin.listOffsets(Map.of(new TopicPartition("t", 0), Position.latest()));
    assertTrue(codeOf(asked).retriable());
  }

  @Test
  void deletesRecordsWhereverTheLeaderIs() {
    cluster.topic("t", 2);
    TopicPartition first = new TopicPartition("t", 0);
    TopicPartition second = new TopicPartition("t", 1);
    Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
    for (int i = 0; i < 20; i++) {
      producer.send(Message.of("t", "k", "v" + i).partition(i % 2)).join();
    }
    cluster.setLeader("t", 0, 2); // the client does not know this, nor the new epoch

    assertEquals(
        Map.of(first, 4L, second, 10L), admin.deleteRecords(Map.of(first, 4L, second, 10L)).join());
    assertEquals(
        4, admin.listOffsets(Map.of(first, Position.earliest())).join().get(first).offset());
    assertEquals(Map.of(first, 4L), admin.deleteRecords(Map.of(first, 1L)).join());

    assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, codeOf(admin.deleteRecords(Map.of(second, 11L))));
    assertEquals(
        ErrorCode.UNKNOWN_PARTITION,
        codeOf(admin.deleteRecords(Map.of(new TopicPartition("t", 2), 1L))));
    assertThrows(IllegalArgumentException.class, () -> admin.deleteRecords(Map.of(first, -1L)));
    cluster.setLeader("t", 0, -1);
    assertEquals(ErrorCode.LEADER_NOT_AVAILABLE, codeOf(admin.deleteRecords(Map.of(first, 5L))));
  }
}
