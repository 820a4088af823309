package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.ReplicaLog;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers that replicate, with real sockets, disks and a ZooKeeper. */
class ReplicationTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int PARTITIONS = 4;
  private static final Set<ErrorCode> CREATED = Set.of(ErrorCode.NONE, ErrorCode.TOPIC_EXISTS);

  @TempDir static Path directory;
  private static TestBrokers brokers;

  @BeforeAll
  static void start() {
    // Sessions outlast the time for which ZooKeeper is away.
    Map<String, String> patient =
        Map.of("zookeeper.session.timeout.ms", "20000", "replica.lag.time.max.ms", "30000");
    brokers = TestBrokers.start(directory, 3, patient);
  }

  @AfterAll
  static void stop() {
    brokers.close();
  }

  @Test
  void losesAndDoublesNothingWhileEachBrokerInTurnStopsAndComesBack() {
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("orders").partitions(PARTITIONS));
      List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
      int next = 0;
      for (int stopped = 0; stopped < 3; stopped++) {
        next = send(producer, sent, next, 500);
        brokers.stop(stopped);
        next = send(producer, sent, next, 500);
        producer.flush();
        brokers.start(stopped);
        awaitInSync(client, "orders");
      }
      producer.flush();
      Map<Integer, List<String>> expected = new TreeMap<>();
      for (int i = 0; i < next; i++) {
        RecordMetadata at = sent.get(i).join();
        List<String> partition =
            expected.computeIfAbsent(at.partition(), each -> new ArrayList<>());
        assertEquals(partition.size(), at.offset(), "record " + i);
        partition.add("value-" + i);
      }
      assertEquals(expected, consume(client, next));
      assertReplicasEndAlike(client, expected);
    }
  }

  @Test
  void aReplicaThatLeftTheSetLastLeadsWhenTheLastMemberIsGone() {
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("ledger").partitions(1));
      for (int i = 0; i < 10; i++) {
        producer.send("ledger", "key", "value-" + i).join();
      }
    }
    brokers.stop(2);
    brokers.stop(1);
    try (TailraceClient client = brokers.client()) {
      await(() -> described(client).eligibleLeaderReplicas().equals(List.of(1)));
      assertEquals(List.of(0), described(client).inSyncReplicas());
    }
    brokers.stop(0);
    brokers.start(1);
    try (TailraceClient client = brokers.client()) {
      await(() -> described(client).leader().equals(OptionalInt.of(1)));
      assertEquals(List.of(0), described(client).eligibleLeaderReplicas());
    }
    brokers.start(2);
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
        Consumer<String, String> consumer =
            client.consumer(Serdes.string(), Serdes.string()).build()) {
      assertEquals(10, producer.send("ledger", "key", "value-10").join().offset());
      assertEquals(List.of(), described(client).eligibleLeaderReplicas());
      consumer.assign(List.of(new TopicPartition("ledger", 0)));
      consumer.seekToBeginning(new TopicPartition("ledger", 0));
      List<String> found = new ArrayList<>();
      await(
          () -> {
            consumer.poll(Duration.ofSeconds(1)).forEach(record -> found.add(record.value()));
            return found.size() == 11;
          });
      assertEquals(IntStream.range(0, 11).mapToObj(i -> "value-" + i).toList(), found);
    }
    brokers.start(0);
    try (TailraceClient client = brokers.client()) {
      awaitInSync(client, "ledger");
    }
  }

  @Test
  void aReplicaCatchesUpWithALogThatBeginsWithinABatch() {
    TopicPartition partition = new TopicPartition("deleted", 0);
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer =
            client
                .<String, String>producerBuilder(Serdes.string(), Serdes.string())
                .linger(Duration.ofMinutes(1))
                .build()) {
      client.admin().createTopic(Topic.named("deleted").partitions(1)).join();
      awaitInSync(client, "deleted");
      int away =
          client.admin().describeTopic("deleted").join().partitions().get(0).replicas().get(2);
      brokers.stop(away);
      for (int i = 0; i < 10; i++) {
        producer.send("deleted", "key", "value-" + i);
      }
      producer.flush(); // one batch
      assertEquals(
          Map.of(partition, 5L), client.admin().deleteRecords(Map.of(partition, 5L)).join());
      brokers.start(away);
      awaitInSync(client, "deleted");
      producer.send("deleted", "key", "value-10");
      producer.flush();
      await(
          () ->
              client.admin().describeLogs(List.of("deleted")).join().stream()
                  .allMatch(log -> log.logStartOffset() == 5 && log.logEndOffset() == 11));
    }
  }

  @Test
  void followersLearnTheHighWatermarkAlsoWhenNoMoreRecordsCome() {
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      client.admin().createTopic(Topic.named("idle").partitions(PARTITIONS)).join();
      awaitInSync(client, "idle");
      for (int i = 0; i < 20; i++) {
        producer.send("idle", "key-" + i, "value").join();
      }
      await(
          () ->
              client.admin().describeLogs(List.of("idle")).join().stream()
                  .allMatch(log -> log.highWatermark() == log.logEndOffset()));
    }
  }

  private static PartitionDescription described(TailraceClient client) {
    return client.admin().describeTopic("ledger").join().partitions().get(0);
  }

  private static int send(
      Producer<String, String> producer,
      List<CompletableFuture<RecordMetadata>> sent,
      int from,
      int count) {
    for (int i = from; i < from + count; i++) {
      sent.add(producer.send("orders", "key-" + i % 31, "value-" + i));
    }
    return from + count;
  }

  private static Map<Integer, List<String>> consume(TailraceClient client, int count) {
    Map<Integer, List<String>> found = new TreeMap<>();
    try (Consumer<String, String> consumer =
        client.consumer(Serdes.string(), Serdes.string()).build()) {
      List<TopicPartition> all =
          IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition("orders", i)).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all.toArray(TopicPartition[]::new));
      long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
      for (int left = count; left > 0; ) {
        assertTrue(System.nanoTime() < giveUpNanos, () -> "found " + found);
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          found.computeIfAbsent(record.partition(), each -> new ArrayList<>()).add(record.value());
          left--;
        }
      }
    }
    return found;
  }

  @Test
  void knownLeadersServeOnWhileZooKeeperIsAwayAndNothingElseChanges() {
    try (TailraceClient client =
            TailraceClient.builder()
                .bootstrap(brokers.bootstrap())
                .requestTimeout(Duration.ofSeconds(5))
                .connect();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("steady").partitions(3));
      List<PartitionDescription> before =
          client.admin().describeTopic("steady").join().partitions();
      for (int partition = 0; partition < 3; partition++) {
        // Every broker knows the topic when all replicas have the first record.
        Message<String, String> message = Message.of("steady", "key", "value");
        assertEquals(0, producer.send(message.partition(partition)).join().offset());
      }
      brokers.withoutZooKeeper(
          () -> {
            // Before the brokers have noticed, a change may get lost on its way.
            await(() -> creation(client, "late") == ErrorCode.METADATA_UNAVAILABLE);
            for (int partition = 0; partition < 3; partition++) {
              Message<String, String> message = Message.of("steady", "key", "value");
              assertEquals(1, producer.send(message.partition(partition)).join().offset());
            }
            assertEquals(before, client.admin().describeTopic("steady").join().partitions());
          });
      await(() -> CREATED.contains(creation(client, "late")));
      assertEquals(before, client.admin().describeTopic("steady").join().partitions());
    }
  }

  private static ErrorCode creation(TailraceClient client, String topic) {
    try {
      client
          .admin()
          .createTopic(Topic.named(topic))
          .join(); // its first answer is what is asked for
      return ErrorCode.NONE;
    } catch (CompletionException e) {
      return ((TailraceException) e.getCause()).code();
    }
  }

  private static void assertReplicasEndAlike(
      TailraceClient client, Map<Integer, List<String>> expected) {
    for (ReplicaLog log : client.admin().describeLogs(List.of("orders")).join()) {
      assertEquals(
          expected.get(log.partition().partition()).size(), log.logEndOffset(), () -> "log " + log);
    }
  }

  private static void awaitInSync(TailraceClient client, String topic) {
    await(
        () ->
            client.admin().describeTopic(topic).join().partitions().stream()
                .map(PartitionDescription::inSyncReplicas)
                .allMatch(inSync -> Set.copyOf(inSync).equals(Set.of(0, 1, 2))));
  }

  private static void await(BooleanSupplier condition) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < giveUpNanos, "did not come to pass");
      Thread.onSpinWait();
    }
  }
}
