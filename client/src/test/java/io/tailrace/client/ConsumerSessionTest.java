package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Consumers fetch in sessions: only what changed is named, and losing a session loses nothing. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ConsumerSessionTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofMillis(2);
  private static final String TOPIC = "t";

  private FakeCluster cluster;
  private TailraceClient client;
  private Producer<String, String> producer;

  private void start(FakeCluster started) {
    start(started, LONG); // no fetch is given up, however slow the machine is
  }

  private void start(FakeCluster started, Duration requestTimeout) {
    cluster = started;
    client =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .requestTimeout(requestTimeout)
            .reconnectBackoff(Duration.ofMillis(1), Duration.ofMillis(5))
            .connect();
    producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .linger(Duration.ZERO)
            .deliveryTimeout(LONG)
            .build();
  }

  @AfterEach
  void stop() {
    cluster.setFault((broker, api, nth) -> Action.PASS);
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private ConsumerBuilder<String, String> builder() {
    return client
        .consumer(Serdes.string(), Serdes.string())
        .startAt(Position.earliest())
        .fetchMaxWait(Duration.ofMillis(100));
  }

  private void send(int partition, String value) {
    producer.send(Message.of(TOPIC, "k", value).partition(partition)).join();
  }

  private static List<String> poll(Consumer<String, String> consumer) {
    return consumer.poll(LONG).stream().map(ConsumerRecord::value).toList();
  }

  @Test
  void namesOnlyThePartitionThatGoesOn() {
    start(FakeCluster.start(1).topic(TOPIC, 200));
    Consumer<String, String> consumer = builder().assign(TOPIC).build();
    send(0, "first");
    assertEquals(List.of("first"), poll(consumer));
    Eventually.await("all partitions are named", () -> cluster.namedInFetches() >= 200);
    long before = cluster.namedInFetches();
    for (int i = 0; i < 50; i++) {
      send(i, "v" + i);
      assertEquals(List.of("v" + i), poll(consumer));
    }
    assertTrue(cluster.namedInFetches() - before <= 52, "named " + cluster.namedInFetches());
    assertEquals(1, cluster.sessionsBegun());
  }

  @Test
  void namesAllPartitionsWhereTheBrokerKeepsNoSessions() {
    start(FakeCluster.start(1).topic(TOPIC, 10).withoutFetchSessions());
    Consumer<String, String> consumer = builder().assign(TOPIC).build();
    for (int i = 0; i < 50; i++) {
      send(i % 10, "v" + i);
      assertEquals(List.of("v" + i), poll(consumer));
    }
    assertEquals(1, cluster.sessionsBegun());
  }

  @Test
  void namesAllPartitionsWhereTheBrokerLosesItsSessionsAgainAndAgain() {
    start(FakeCluster.start(1).topic(TOPIC, 4));
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.FETCH && nth < 3
                ? Action.refuse(ErrorCode.UNKNOWN_FETCH_SESSION)
                : Action.PASS);
    Consumer<String, String> consumer = builder().assign(TOPIC).build();
    for (int i = 0; i < 20; i++) {
      send(i % 4, "v" + i);
      assertEquals(List.of("v" + i), poll(consumer));
    }
    assertEquals(0, cluster.sessionsBegun());
    cluster.broker(0).dropConnections();
    send(0, "again");
    assertEquals(List.of("again"), poll(consumer));
    assertEquals(1, cluster.sessionsBegun());
  }

  @Test
  void leavesTheSessionToTheFirstConsumerOfAClientUntilItIsClosed() {
    start(FakeCluster.start(1).topic(TOPIC, 3));
    Consumer<String, String> first = builder().assign(TOPIC).build();
    send(0, "a");
    assertEquals(List.of("a"), poll(first));
    Consumer<String, String> second = builder().assign(TOPIC).build();
    assertEquals(List.of("a"), poll(second));
    send(1, "b");
    assertEquals(List.of("b"), poll(first));
    assertEquals(List.of("b"), poll(second));
    assertEquals(1, cluster.sessionsBegun());
    first.close();
    Eventually.await(
        "the second consumer begins a session",
        () -> {
          assertTrue(second.poll(SHORT).isEmpty());
          return cluster.sessionsBegun() == 2;
        });
    send(2, "c");
    assertEquals(List.of("c"), poll(second));
  }

  @Test
  void goesToTheNextLeaderAtOnce() {
    start(FakeCluster.start(2).topic(TOPIC, 4));
    Consumer<String, String> consumer = builder().assign(TOPIC).build();
    for (int i = 0; i < 20; i++) {
      cluster.setLeader(TOPIC, 0, i % 2);
      send(0, "v" + i);
      assertEquals(List.of("v" + i), poll(consumer));
    }
  }

  /** Every record once and in order, whatever becomes of sessions, connections and leaders. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void losesDoublesAndReordersNothingWhenSessionsAreLost(long seed) {
    int partitions = 5;
    SplittableRandom random = new SplittableRandom(seed);
    start(FakeCluster.start(3).topic(TOPIC, partitions), Duration.ofSeconds(1));
    SplittableRandom faults = random.split();
    cluster.setFault(
        (broker, api, nth) -> api == ApiKey.FETCH ? fault(faults.nextInt(100)) : Action.PASS);
    Consumer<String, String> consumer =
        builder().assign(TOPIC).maxPollRecords(7).fetchMaxBytes(2_000).build();
    long[] sent = new long[partitions];
    long[] next = new long[partitions];
    for (int step = 0; step < 400; step++) {
      int partition = random.nextInt(partitions);
      TopicPartition name = new TopicPartition(TOPIC, partition);
      switch (random.nextInt(20)) {
        case 0 -> cluster.setLeader(TOPIC, partition, random.nextInt(3));
        case 1 -> {
          next[partition] = random.nextLong(sent[partition] + 1);
          consumer.seek(name, next[partition]);
        }
        case 2 -> consumer.pause(List.of(name));
        case 3, 4 -> consumer.resume(consumer.paused());
        case 5 -> cluster.broker(random.nextInt(3)).dropConnections();
        case 6 -> {
          Set<TopicPartition> others = consumer.assignment();
          consumer.assign(others.stream().filter(each -> !each.equals(name)).toList());
          List<TopicPartition> all = new ArrayList<>(others);
          consumer.assign(all);
          consumer.seek(name, next[partition]);
        }
        case 7, 8, 9, 10, 11 -> {
          for (int i = random.nextInt(5); i >= 0; i--) {
            send(partition, partition + ":" + sent[partition]++);
          }
        }
        default -> take(consumer.poll(SHORT), next);
      }
    }
    consumer.resume(consumer.paused());
    cluster.setFault((broker, api, nth) -> Action.PASS);
    Eventually.await(
        () -> "read to " + List.of(next[0], next[1], next[2], next[3], next[4]),
        () -> {
          take(consumer.poll(SHORT), next);
          boolean done = true;
          for (int i = 0; i < partitions; i++) {
            done &= next[i] == sent[i];
          }
          return done;
        });
  }

  private static void take(List<ConsumerRecord<String, String>> records, long[] next) {
    for (ConsumerRecord<String, String> record : records) {
      int partition = record.partition();
      assertEquals(next[partition], record.offset(), "of partition " + partition);
      assertEquals(partition + ":" + record.offset(), record.value());
      next[partition]++;
    }
  }

  private static Action fault(int draw) {
    return switch (draw / 3) {
      case 0 -> Action.refuse(ErrorCode.UNKNOWN_FETCH_SESSION);
      case 1 -> Action.refuse(ErrorCode.OVERLOADED);
      case 2 -> Action.DO_AND_DROP;
      case 3 -> Action.refusePartitions(ErrorCode.NOT_LEADER);
      case 4 -> Action.delay(3);
      case 5 -> draw == 15 ? Action.DO_AND_IGNORE : Action.PASS;
      case 6 -> draw == 18 ? Action.DROP : Action.PASS;
      default -> Action.PASS;
    };
  }
}
