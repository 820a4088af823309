package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeBroker;
import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A consumer on a cluster that misbehaves: it comes back, and reads what it can. */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class ConsumerFaultTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final TopicPartition A0 = new TopicPartition("a", 0);
  private static final TopicPartition B0 = new TopicPartition("b", 0);

  private FakeCluster cluster;
  private TailraceClient client;
  private Producer<String, String> producer;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(2).topic("a", 1).topic("b", 1);
    client =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .requestTimeout(Duration.ofSeconds(2))
            .connect();
    producer = client.producer(Serdes.string(), Serdes.string());
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private Consumer<String, String> consumerOf(TopicPartition... partitions) {
    return client.consumer(Serdes.string(), Serdes.string()).assign(partitions).build();
  }

  private static List<String> poll(Consumer<String, String> consumer) {
    return consumer.poll(LONG).stream().map(ConsumerRecord::value).toList();
  }

  @Test
  void comesBackAfterItsLeaderWasAwayWhileTheMetadataStayedTheSame() {
    producer.send("a", "k", "before").join();
    Consumer<String, String> consumer = consumerOf(A0);
    assertEquals(List.of("before"), poll(consumer));
    cluster.freezeMetadata();
    FakeBroker leader = cluster.broker(0);
    for (int round = 0; round < 3; round++) {
      int refused = leader.refusedConnections();
      leader.stop();
      Eventually.await("attempts to connect", () -> leader.refusedConnections() >= refused + 6);
      leader.start();
      producer.send("a", "k", "round " + round).join();
      assertEquals(List.of("round " + round), poll(consumer));
    }
  }

  @Test
  void findsALeaderWhoseAddressIsNotKnownAtFirst() {
    producer.send("a", "k", "v").join();
    cluster.broker(0).stop();
    Eventually.await("one broker is known", () -> brokersKnown() == 1);
    try (TailraceClient late =
        TailraceClient.builder()
            .bootstrap("127.0.0.1:" + cluster.broker(1).port())
            .requestTimeout(Duration.ofSeconds(20))
            .connect()) {
      Consumer<String, String> consumer =
          late.consumer(Serdes.string(), Serdes.string())
              .assign(A0)
              .startAt(Position.offset(0))
              .build();
      int before = cluster.broker(1).count(ApiKey.METADATA);
      assertTrue(consumer.poll(Duration.ZERO).isEmpty());
      Eventually.await(
          "the leader is looked for", () -> cluster.broker(1).count(ApiKey.METADATA) > before + 3);
      cluster.broker(0).start();
      assertEquals(List.of("v"), poll(consumer));
    }
  }

  private int brokersKnown() {
    return client.admin().describeCluster().join().brokers().size();
  }

  @Test
  void readsTheOtherPartitionsWhileOneTopicIsUnknown() {
    cluster.deleteTopic("b");
    producer.send("a", "k", "v0").join();
    Consumer<String, String> consumer = consumerOf(A0, B0);
    assertEquals(List.of("v0"), poll(consumer));
    TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(LONG));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, error.code());
    producer.send("a", "k", "v1").join();
    assertEquals(List.of("v1"), poll(consumer));
  }

  @Test
  void readsATopicThatIsMadeAfterItWasReportedUnknown() {
    cluster.deleteTopic("b");
    Consumer<String, String> consumer = consumerOf(B0);
    assertEquals(
        ErrorCode.UNKNOWN_TOPIC,
        assertThrows(TailraceException.class, () -> consumer.poll(LONG)).code());
    cluster.topic("b", 1);
    producer.send("b", "k", "v").join();
    assertEquals(List.of("v"), poll(consumer));
  }

  @Test
  void readsTheOtherPartitionsWhileOneCannotBeFound() {
    producer.send("a", "k", "v0").join();
    Consumer<String, String> consumer = consumerOf(A0, new TopicPartition("a", 7));
    TailraceException error = null;
    List<String> values = List.of();
    while (error == null || values.isEmpty()) {
      try {
        values = values.isEmpty() ? poll(consumer) : values;
        consumer.poll(Duration.ZERO);
      } catch (TailraceException e) {
        error = e;
      }
    }
    assertEquals(ErrorCode.UNKNOWN_PARTITION, error.code());
    assertEquals(List.of("v0"), values);
  }

  @Test
  void throwsAnErrorAgainOnlyWhenItsTimeoutIsOver() {
    producer.send("a", "k", "v0").join();
    Consumer<String, String> consumer = consumerOf(A0);
    consumer.seek(A0, 100);
    assertThrows(TailraceException.class, () -> consumer.poll(LONG));
    long began = System.nanoTime();
    assertThrows(TailraceException.class, () -> consumer.poll(Duration.ofMillis(200)));
    assertTrue(System.nanoTime() - began >= 200_000_000L, "the poll took its time");
  }

  @Test
  void looksUpOffsetsAgainWhenTheConnectionIsLost() {
    producer.send("a", "k", "v0").join();
    cluster.setFault(
        (broker, api, nth) -> api == ApiKey.LIST_OFFSETS && nth < 3 ? Action.DROP : Action.PASS);
    Consumer<String, String> consumer = consumerOf(A0);
    assertEquals(List.of("v0"), poll(consumer));
  }

  @Test
  void readsPartitionsThatATopicGetsLaterFromTheirStart() {
    try (TailraceClient quick =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .metadataMaxAge(Duration.ofMillis(50))
            .connect()) {
      Consumer<String, String> consumer =
          quick
              .consumer(Serdes.string(), Serdes.string())
              .assign("a")
              .startAt(Position.latest())
              .build();
      assertEquals(0, consumer.position(A0));
      cluster.addPartitions("a", 3);
      producer.send(Message.of("a", "k", "new").partition(2)).join();
      assertEquals(List.of("new"), poll(consumer));
      assertEquals(3, consumer.assignment().size());
      consumer.assign(List.of(A0));
      cluster.addPartitions("a", 4);
      int before = metadataRequests();
      Eventually.await("another refresh", () -> metadataRequests() > before + 2);
      assertTrue(consumer.poll(Duration.ZERO).isEmpty());
      assertEquals(Set.of(A0), consumer.assignment());
    }
  }

  private int metadataRequests() {
    return cluster.broker(0).count(ApiKey.METADATA) + cluster.broker(1).count(ApiKey.METADATA);
  }

  @Test
  void asksAnotherBrokerForMetadataWhenOneRequestIsNotAnsweredThoughOthersAre() {
    producer.send("a", "k", "v").join();
    cluster.setLeader("b", 0, 0);
    producer.send("b", "k", "v").join();
    AtomicBoolean ignored = new AtomicBoolean();
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && ignored.compareAndSet(false, true)
                ? Action.IGNORE
                : Action.PASS);
    producer.send("a", "k", "unanswered");
    Eventually.await("the request is ignored", ignored::get);
    int before = cluster.broker(1).count(ApiKey.METADATA);
    Eventually.await(
        "the other broker is asked",
        () -> {
          producer.send("b", "k", "answered").join();
          return cluster.broker(1).count(ApiKey.METADATA) > before;
        });
  }
}
