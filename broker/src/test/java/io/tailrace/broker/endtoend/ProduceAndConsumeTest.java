package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Acks;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Replay;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicDescription;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CompressionType;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client and a real broker, end to end. */
class ProduceAndConsumeTest {
  @TempDir static Path directory;
  private static TestCluster cluster;
  private static TailraceClient client;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    client = cluster.client();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  @Test
  void consumesEveryRecordOnceAndInTheOrderOfItsPartition() {
    TestTopics.create(client, Topic.named("orders").partitions(6));
    int count = 20_000;
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < count; i++) {
        sent.add(producer.send("orders", "customer-" + i % 97, "order-" + i));
      }
      producer.flush();
    }
    Map<TopicPartition, Map<Long, String>> expected = new HashMap<>();
    for (int i = 0; i < count; i++) {
      RecordMetadata at = sent.get(i).join();
      String before =
          expected
              .computeIfAbsent(new TopicPartition("orders", at.partition()), p -> new HashMap<>())
              .put(at.offset(), "order-" + i);
      assertEquals(null, before, "two records were given offset " + at);
    }
    Map<TopicPartition, Long> next = new HashMap<>();
    Map<String, Integer> lastOfKey = new HashMap<>();
    int seen = 0;
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("orders", Position.earliest(), Position.latest())) {
      for (ConsumerRecord<String, String> record : all) {
        assertEquals(next.getOrDefault(record.topicPartition(), 0L), record.offset());
        next.put(record.topicPartition(), record.offset() + 1);
        assertEquals(expected.get(record.topicPartition()).get(record.offset()), record.value());
        int number = Integer.parseInt(record.value().substring("order-".length()));
        Integer last = lastOfKey.put(record.key(), number);
        assertTrue(
            last == null || last < number, "records of key " + record.key() + " changed places");
        seen++;
      }
    }
    assertEquals(count, seen);
    assertEquals(6, next.size());
  }

  @Test
  void deliversToAConsumerThatWaitsAtTheEnd() {
    TestTopics.create(client, Topic.named("news").partitions(3));
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
        Consumer<String, String> consumer =
            client
                .consumer(Serdes.string(), Serdes.string())
                .assign("news")
                .startAt(Position.latest())
                .build()) {
      assertEquals(List.of(), consumer.poll(Duration.ofMillis(50)));
      for (int round = 0; round < 20; round++) {
        producer.send("news", "k" + round, "headline " + round).join();
        List<ConsumerRecord<String, String>> got = pollUntilSome(consumer);
        assertEquals(
            List.of("headline " + round), got.stream().map(ConsumerRecord::value).toList());
      }
    }
  }

  @Test
  void recordsThatNobodyAcknowledgesArriveAsTheyWereSent() {
    TestTopics.create(client, Topic.named("unacknowledged").partitions(1));
    int count = 20_000;
    String filler = "x".repeat(1000);
    // So little memory that each buffer is filled many times, maybe while the socket still has it.
    try (Producer<String, String> producer =
        client
            .producerBuilder(Serdes.string(), Serdes.string())
            .acks(Acks.NONE)
            .compression(CompressionType.NONE)
            .maxRequestBytes(256 * 1024)
            .bufferMemory(256 * 1024)
            .build()) {
      for (int i = 0; i < count; i++) {
        producer.send("unacknowledged", null, i + filler);
      }
    }
    int next = 0;
    try (Consumer<String, String> consumer =
        client
            .consumer(Serdes.string(), Serdes.string())
            .assign("unacknowledged")
            .startAt(Position.earliest())
            .build()) {
      while (next < count) {
        for (ConsumerRecord<String, String> record : pollUntilSome(consumer)) {
          assertEquals(next + filler, record.value());
          next++;
        }
      }
    }
  }

  @Test
  void findsTheFirstRecordAtOrAfterATime() {
    TestTopics.create(client, Topic.named("timed").partitions(1));
    Instant start = Instant.parse("2026-01-01T00:00:00Z");
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < 100; i++) {
        producer
            .send(Message.of("m" + i).key("k").timestamp(start.plusSeconds(i)).to("timed"))
            .join();
      }
    }
    assertEquals("m40", firstFrom(Position.at(start.plusSeconds(40))));
    assertEquals("m41", firstFrom(Position.at(start.plusSeconds(40).plusMillis(1))));
    assertEquals("m0", firstFrom(Position.at(start.minusSeconds(5))));
    assertEquals("m7", firstFrom(Position.offset(7)));
    try (Replay<String, String> none =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("timed", Position.at(start.plusSeconds(1_000)), Position.latest())) {
      assertEquals(0, none.stream().count());
    }
  }

  private static String firstFrom(Position from) {
    try (Replay<String, String> replay =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("timed", from, Position.latest())) {
      return replay.iterator().next().value();
    }
  }

  @Test
  void seeksBackAndForth() {
    TestTopics.create(client, Topic.named("seekable").partitions(1));
    TopicPartition partition = new TopicPartition("seekable", 0);
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < 50; i++) {
        producer.send("seekable", null, "v" + i).join();
      }
    }
    try (Consumer<String, String> consumer =
        client.consumer(Serdes.string(), Serdes.string()).assign(partition).build()) {
      assertEquals("v0", pollUntilSome(consumer).get(0).value());
      consumer.seek(partition, 30);
      assertEquals("v30", pollUntilSome(consumer).get(0).value());
      consumer.seekToBeginning(partition);
      assertEquals("v0", pollUntilSome(consumer).get(0).value());
      consumer.seekToEnd(partition);
      assertEquals(50, consumer.position(partition));
    }
  }

  @Test
  void survivesACleanRestart() {
    TestTopics.create(client, Topic.named("durable").partitions(2));
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < 500; i++) {
        producer.send("durable", "k" + i, "v" + i);
      }
      producer.flush();
    }
    client.close();
    cluster.restart();
    client = cluster.client();
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("durable", Position.earliest(), Position.latest())) {
      assertEquals(500, all.stream().map(ConsumerRecord::value).distinct().count());
    }
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      producer.send("durable", "k", "after").join();
    }
  }

  @Test
  void createsDescribesGrowsAndDeletesATopic() {
    TestTopics.create(client, Topic.named("short-lived").partitions(2));
    TopicDescription described = client.admin().describeTopic("short-lived").join();
    assertEquals(2, described.partitions().size());
    assertEquals("log", described.type());
    client.admin().alterTopic("short-lived", 5).join();
    assertEquals(5, client.admin().describeTopic("short-lived").join().partitions().size());
    assertEquals(
        ErrorCode.TOPIC_EXISTS, codeOf(client.admin().createTopic(Topic.named("short-lived"))));
    assertEquals(ErrorCode.INVALID_PARTITIONS, codeOf(client.admin().alterTopic("short-lived", 3)));
    client.admin().deleteTopic("short-lived").join();
    assertEquals(ErrorCode.UNKNOWN_TOPIC, codeOf(client.admin().describeTopic("short-lived")));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, codeOf(client.admin().deleteTopic("short-lived")));
  }

  @Test
  void aTopicMadeAgainIsEmpty() {
    TestTopics.create(client, Topic.named("again").partitions(1));
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      producer.send("again", "k", "old").join();
    }
    client.admin().deleteTopic("again").join();
    TestTopics.create(client, Topic.named("again").partitions(1));
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("again", Position.earliest(), Position.latest())) {
      assertEquals(0, all.stream().count());
    }
  }

  @Test
  void refusesNamesThatCouldEscapeTheDataDirectory() {
    for (String name : List.of("../x", "", ".", "..", "a/b", "nul\0", "x".repeat(250), "späte")) {
      assertEquals(
          ErrorCode.INVALID_TOPIC_NAME,
          codeOf(client.admin().createTopic(Topic.named(name))),
          name);
    }
    TestTopics.create(client, Topic.named("x".repeat(249)));
  }

  @Test
  void splitsBatchesThatTheTopicDoesNotTakeAndFailsOnlyTheRecordThatIsTooLarge() {
    client
        .admin()
        .createTopic(Topic.named("small").partitions(1).config("max.message.bytes", "1024"))
        .join();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    int tooLarge = 321;
    try (Producer<String, String> producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .compression(CompressionType.NONE)
            .build()) {
      for (int i = 0; i < 1_000; i++) {
        String value = i + "-" + "x".repeat(i == tooLarge ? 2_000 : 100);
        sent.add(producer.send("small", null, value));
        if (i != tooLarge) {
          expected.add(value);
        }
      }
      producer.flush();
    }
    for (int i = 0; i < sent.size(); i++) {
      assertEquals(i == tooLarge, sent.get(i).isCompletedExceptionally(), "record " + i);
    }
    CompletionException refused = assertThrows(CompletionException.class, sent.get(tooLarge)::join);
    assertEquals(ErrorCode.RECORD_TOO_LARGE, ((TailraceException) refused.getCause()).code());
    List<String> values = new ArrayList<>();
    try (Replay<String, String> all =
        client
            .consumer(Serdes.string(), Serdes.string())
            .replay("small", Position.earliest(), Position.latest())) {
      all.forEach(record -> values.add(record.value()));
    }
    assertEquals(expected, values);
  }

  @Test
  void saysWhichSettingIsWrong() {
    CompletionException error =
        assertThrows(
            CompletionException.class,
            () ->
                client.admin().createTopic(Topic.named("bad").config("retention.sm", "5")).join());
    assertEquals(ErrorCode.INVALID_CONFIG, ((TailraceException) error.getCause()).code());
    assertTrue(error.getMessage().contains("retention.ms"), error.getMessage());
  }

  private static ErrorCode codeOf(CompletableFuture<?> future) {
    CompletionException error = assertThrows(CompletionException.class, future::join);
    return ((TailraceException) error.getCause()).code();
  }

  private static List<ConsumerRecord<String, String>> pollUntilSome(
      Consumer<String, String> consumer) {
    Instant deadline = Instant.now().plusSeconds(60);
    while (Instant.now().isBefore(deadline)) {
      List<ConsumerRecord<String, String>> got = consumer.poll(Duration.ofSeconds(1));
      if (!got.isEmpty()) {
        return got;
      }
    }
    throw new AssertionError("nothing was delivered within 60 s");
  }
}
