package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client does while brokers are dead or frozen, and what it says when none can serve. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FailoverTest {
  private static final TopicPartition T0 = new TopicPartition("t", 0);

  private FakeCluster cluster;

  @AfterEach
  void stop() {
    cluster.close();
  }

  private TailraceClient connect(Duration requestTimeout) {
    return TailraceClient.builder()
        .bootstrap(cluster.bootstrap())
        .requestTimeout(requestTimeout)
        .connect();
  }

  private static Producer<String, String> producer(TailraceClient client) {
    return client
        .<String, String>producerBuilder(Serdes.string(), Serdes.string())
        .deliveryTimeout(Duration.ofMillis(800))
        .build();
  }

  private static PartitionUnavailableException failure(CompletableFuture<RecordMetadata> sent) {
    TailraceException error = Failures.of(sent);
    assertEquals(ErrorCode.DELIVERY_TIMED_OUT, error.code(), error.getMessage());
    PartitionUnavailableException failure =
        assertInstanceOf(PartitionUnavailableException.class, error);
    assertEquals(T0, failure.partition());
    return failure;
  }

  @Test
  void connectsToTheOneBrokerThatWorksAmongSeveralThatAreFrozenOrDead() {
    cluster = FakeCluster.start(7).topic("t", 1);
    for (int id = 0; id < 5; id++) {
      cluster.broker(id).freeze();
    }
    cluster.broker(5).stop();
    TailraceClient.builder()
        .bootstrap(cluster.bootstrap())
        .connectTimeout(Duration.ofSeconds(5)) // two attempts to connect take longer
        .connect()
        .close();
    assertTrue(cluster.broker(6).count(ApiKey.METADATA) >= 1);
  }

  @Test
  void doesNotAskAFrozenControllerAgainThatItCouldNotConnectTo() {
    cluster = FakeCluster.start(2).topic("t", 1);
    cluster.broker(0).freeze();
    try (TailraceClient client = connect(Duration.ofSeconds(15))) {
      assertEquals(2, client.admin().describeCluster().join().brokers().size());
    }
  }

  @Test
  void saysThatAPartitionHasNoLeader() {
    cluster = FakeCluster.start(2).topic("t", 1);
    try (TailraceClient client = connect(Duration.ofSeconds(1))) {
      Producer<String, String> producer = producer(client);
      producer.send("t", "k", "v").join();
      cluster.setLeader("t", 0, -1);

      PartitionUnavailableException failure = failure(producer.send("t", "k", "v"));
      assertEquals(ErrorCode.LEADER_NOT_AVAILABLE, failure.reason());
      assertEquals(
          "t-0: not acknowledged within 800 ms; the last error was: the partition has no leader"
              + " that is alive",
          failure.getMessage());

      TailraceException lookup =
          Failures.of(client.admin().listOffsets(Map.of(T0, Position.latest())));
      assertEquals(
          ErrorCode.LEADER_NOT_AVAILABLE,
          assertInstanceOf(PartitionUnavailableException.class, lookup).reason());
    }
  }

  @Test
  void saysThatTooFewReplicasAreInSync() {
    cluster = FakeCluster.start(2).topic("t", 1);
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE
                ? Action.refusePartitions(ErrorCode.NOT_ENOUGH_REPLICAS)
                : Action.PASS);
    try (TailraceClient client = connect(Duration.ofSeconds(1))) {
      Producer<String, String> producer = producer(client);
      PartitionUnavailableException failure = failure(producer.send("t", "k", "v"));
      assertEquals(ErrorCode.NOT_ENOUGH_REPLICAS, failure.reason());
      assertTrue(failure.getMessage().contains("min.insync.replicas"), failure.getMessage());

      cluster.setFault((broker, api, nth) -> Action.PASS);
      assertEquals(0, producer.send("t", "k", "v").join().offset());
    }
  }

  @Test
  void saysThatTheLeaderCannotBeReached() {
    cluster = FakeCluster.start(2).topic("t", 1);
    try (TailraceClient client = connect(Duration.ofSeconds(1))) {
      Producer<String, String> producer = producer(client);
      producer.send("t", "k", "v").join();
      cluster.freezeMetadata();
      cluster.broker(0).stop();

      PartitionUnavailableException failure = failure(producer.send("t", "k", "v"));
      assertEquals(ErrorCode.CONNECTION_FAILED, failure.reason());
      String address = "127.0.0.1:" + cluster.broker(0).port();
      assertTrue(failure.getMessage().contains(address), failure.getMessage());
    }
  }

  @Test
  void doesNotWaitForTheAnswersOfAFrozenBrokerThatTheClusterHoldsForDead() {
    cluster = FakeCluster.start(2).topic("t", 1);
    try (TailraceClient client = connect(Duration.ofMinutes(10))) {
      producer(client).send("t", "k", "v").join();
      cluster.broker(0).freeze();
      CompletableFuture<Map<TopicPartition, PartitionOffset>> offsets =
          client.admin().listOffsets(Map.of(T0, Position.latest()));
      cluster.setLeader("t", 0, 1);
      cluster.broker(0).unregister();

      assertEquals(1, offsets.join().get(T0).offset());
    }
  }

  @Test
  void asksAnotherBrokerWhenTheControllerIsFrozen() {
    cluster = FakeCluster.start(3).topic("t", 1);
    try (TailraceClient client = connect(Duration.ofMinutes(10))) {
      client.admin().describeCluster().join();
      cluster.broker(0).freeze();

      assertEquals(2, describeAfterTheControllerMoved(client).controller().getAsInt());
    }
  }

  private ClusterDescription describeAfterTheControllerMoved(TailraceClient client) {
    CompletableFuture<ClusterDescription> described = client.admin().describeCluster();
    cluster.setController(2);
    return described.join();
  }
}
