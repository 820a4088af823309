package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordProcessor;
import io.tailrace.client.RecordProcessorBuilder;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.error.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

class RecordProcessorTest {
  private static final long AWAIT_NANOS = 30_000_000_000L;

  @TempDir private static Path directory;

  private static TestCluster cluster;
  private static int groups;

  private final List<AutoCloseable> open = new ArrayList<>();
  private final Queue<String> handled = new ConcurrentLinkedQueue<>();
  private String topic;
  private String group;
  private TailraceClient client;
  private Producer<String, String> producer;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void prepare(TestInfo test) {
    topic = test.getTestMethod().orElseThrow().getName();
    group = "g" + ++groups;
    client = keep(cluster.client());
    TestTopics.create(client, Topic.named(topic).partitions(2));
    producer = client.producer(Serdes.string(), Serdes.string());
  }

  @AfterEach
  void close() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
  }

  private <C extends AutoCloseable> C keep(C resource) {
    open.add(resource);
    return resource;
  }

  private RecordProcessorBuilder<String, String> processor(TailraceClient of) {
    return of.recordProcessor(group, Serdes.string(), Serdes.string())
        .topics(topic)
        .attempts(3)
        .backoff(Duration.ofMillis(10), 2, Duration.ofMillis(100))
        .commitInterval(Duration.ofMillis(20));
  }

  private void handle(ConsumerRecord<String, String> record) {
    if (record.value().contains("bad")) {
      throw new IllegalStateException("cannot do " + record.value());
    }
    handled.add(record.value());
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + AWAIT_NANOS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      Thread.onSpinWait();
      LockSupport.parkNanos(5_000_000);
    }
  }

  /** Waits until the group has committed all that was written. */
  private void awaitCommits(String name) {
    Map<TopicPartition, Long> ends = new HashMap<>();
    client
        .admin()
        .listOffsets(name, Position.latest())
        .join()
        .forEach((partition, end) -> ends.put(partition, end.offset()));
    ends.values().removeIf(end -> end == 0);
    await(
        "the group commits " + ends,
        () -> {
          Map<TopicPartition, Long> committed = client.admin().groupOffsets(group).join();
          return committed.entrySet().containsAll(ends.entrySet());
        });
  }

  private List<ConsumerRecord<String, String>> read(String name, int count) {
    try (Consumer<String, String> consumer =
        client.consumer(Serdes.string(), Serdes.string()).assign(name).build()) {
      List<ConsumerRecord<String, String>> records = new ArrayList<>();
      await(
          count + " records in " + name,
          () -> {
            records.addAll(consumer.poll(Duration.ofMillis(20)));
            return records.size() >= count;
          });
      return records;
    }
  }

  @Test
  void keysThatFailBecomeDeadLettersAndOthersGoOnInOrder() {
    for (int i = 0; i < 20; i++) {
      String key = "k" + i % 5;
      producer.send(topic, key, (i % 5 == 0 ? "bad" : "v") + i).join();
    }
    RecordProcessor processor = keep(processor(client).start(this::handle));
    awaitCommits(topic);

    assertEquals(16, processor.processed());
    assertEquals(4, processor.deadLettered());
    assertEquals(12, processor.failedAttempts());
    for (int key = 1; key < 5; key++) {
      int of = key;
      assertEquals(
          List.of("v" + of, "v" + (of + 5), "v" + (of + 10), "v" + (of + 15)),
          handled.stream().filter(v -> Integer.parseInt(v.substring(1)) % 5 == of).toList());
    }
    List<ConsumerRecord<String, String>> dead = read(topic + "." + group + ".dlq", 4);
    assertEquals(
        List.of("bad0", "bad5", "bad10", "bad15"),
        dead.stream().map(ConsumerRecord::value).toList());
    ConsumerRecord<String, String> first = dead.get(0);
    assertEquals("k0", first.key());
    assertEquals("delivery-limit", header(first, "reason"));
    assertEquals(group, header(first, "group"));
    assertEquals(topic, header(first, "topic"));
    assertEquals("0", header(first, "offset"));
    assertEquals("3", header(first, "delivery-count"));
    assertEquals("1", header(first, "hops"));
    assertEquals(Long.toString(first.timestampMs()), header(first, "timestamp"));
    assertTrue(header(first, "last-error").contains("cannot do bad0"));
    assertTrue(Long.parseLong(header(first, "first-failure-time")) >= first.timestampMs());
    assertNotNull(header(first, "partition"));
  }

  private static String header(ConsumerRecord<?, ?> record, String name) {
    return record.header("dead-letter-" + name).valueAsString();
  }

  @Test
  void whatCannotBeReadIsADeadLetterAtOnceWithTheBytesAsTheyWere() {
    Producer<String, byte[]> raw = client.producer(Serdes.string(), Serdes.bytes());
    raw.send(topic, "k", new byte[] {(byte) 0xff, 1}).join();
    RecordProcessor processor = keep(processor(client).start(this::handle));
    awaitCommits(topic);

    assertEquals(1, processor.failedAttempts());
    try (Consumer<String, byte[]> dead =
        client
            .consumer(Serdes.string(), Serdes.bytes())
            .assign(topic + "." + group + ".dlq")
            .build()) {
      List<ConsumerRecord<String, byte[]>> found = new ArrayList<>();
      await("a dead letter", () -> found.addAll(dead.poll(Duration.ofMillis(20))));
      assertEquals("rejected", header(found.get(0), "reason"));
      assertEquals((byte) 0xff, found.get(0).value()[0]);
    }
  }

  @Test
  void recordsOfTheRetryTopicAreProcessedAndKeepTheHeadersOfTheirFirstDeath() {
    String retry = topic + "." + group + ".retry";
    TestTopics.create(client, Topic.named(retry));
    producer.send(retry, "k", "v1").join();
    producer
        .send(
            Message.of(retry, "k", "bad2")
                .header("dead-letter-hops", "1")
                .header("dead-letter-reason", "rejected"))
        .join();
    keep(processor(client).start(this::handle));

    ConsumerRecord<String, String> dead = read(topic + "." + group + ".dlq", 1).get(0);
    assertEquals(List.of("v1"), List.copyOf(handled));
    assertEquals("2", header(dead, "hops"));
    assertEquals("rejected", header(dead, "reason"));
  }

  @Test
  void aTopicOfDeadLettersThatBelongsToAnotherGroupIsRefused() {
    // Group "g" on topic "x.y" and group "y.g" on topic "x" lead to the same name.
    String other = topic + ".y";
    TestTopics.create(client, Topic.named(other));
    producer.send(other, "k", "bad").join();
    RecordProcessor first =
        keep(
            client
                .recordProcessor(group, Serdes.string(), Serdes.string())
                .topics(other)
                .attempts(1)
                .start(this::handle));
    awaitCommits(other);
    RecordProcessorBuilder<String, String> second =
        client.recordProcessor("y." + group, Serdes.string(), Serdes.string()).topics(topic);
    TailraceException refused =
        assertThrows(TailraceException.class, () -> second.start(this::handle));

    assertEquals(1, first.deadLettered());
    assertEquals(ErrorCode.TOPIC_EXISTS, refused.code());
    assertTrue(
        refused.getMessage().contains("belongs to 'topic " + other + ", group " + group + "'"),
        refused.getMessage());
  }

  @Test
  void aProcessorWhoseDeadLettersFindAnotherOwnerEndsAndCommitsNothingBehindThem() {
    RecordProcessor processor = keep(processor(client).start(this::handle));
    TestTopics.create(client, Topic.named(topic + "." + group + ".dlq"));
    producer.send(topic, "k", "v").join();
    awaitCommits(topic);
    long committed = client.admin().groupOffsets(group).join().values().iterator().next();
    producer.send(topic, "k", "bad").join();

    ExecutionException end =
        assertThrows(ExecutionException.class, () -> processor.ended().get(20, TimeUnit.SECONDS));
    assertTrue(end.getCause().getMessage().contains("has no owner"), end.getMessage());
    assertTrue(
        client.admin().groupOffsets(group).join().values().stream().allMatch(o -> o <= committed));
  }

  @Test
  void closingAndRebalancingWaitForHandlersAndNothingIsProcessedTwice() throws Exception {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch release = new CountDownLatch(1);
    producer.send(Message.of(topic, "a", "v0").partition(0)).join();
    producer.send(Message.of(topic, "b", "v1").partition(1)).join();
    RecordProcessor first =
        keep(
            processor(client)
                .start(
                    record -> {
                      begun.countDown();
                      assertTrue(release.await(20, TimeUnit.SECONDS));
                      handle(record);
                    }));
    assertTrue(begun.await(20, TimeUnit.SECONDS));
    RecordProcessor second = keep(processor(keep(cluster.client())).start(this::handle));
    await(
        "the second member has joined",
        () -> client.admin().describeGroup(group).join().members().size() == 2);
    release.countDown();
    awaitCommits(topic);
    first.close();
    producer.send(Message.of(topic, "a", "v2").partition(0)).join();
    producer.send(Message.of(topic, "b", "v3").partition(1)).join();
    awaitCommits(topic);

    assertEquals(2, first.processed());
    assertEquals(2, second.processed());
    assertEquals(4, handled.size());
  }

  @Test
  void aHandlerThatOverrunsTheDrainTimeoutIsAbandonedAndItsRecordProcessedByTheNextOwner()
      throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    producer.send(Message.of(topic, "a", "slow").partition(0)).join();
    RecordProcessor first =
        processor(client)
            .drainTimeout(Duration.ofMillis(50))
            .start(
                record -> {
                  begun.countDown();
                  new CountDownLatch(1).await(); // until it is interrupted
                });
    assertTrue(begun.await(20, TimeUnit.SECONDS));
    first.close();
    assertTrue(first.ended().isDone());
    assertFalse(first.ended().isCompletedExceptionally());
    assertEquals(
        Map.of(new TopicPartition(topic, 0), 0L), client.admin().groupOffsets(group).join());

    keep(processor(client).start(this::handle));
    awaitCommits(topic);
    assertEquals(List.of("slow"), List.copyOf(handled));
  }

  @Test
  void aProcessThatIsKilledSkipsNothing() throws Exception {
    String results = topic + "-results";
    TestTopics.create(client, Topic.named(results));
    Set<String> good = new HashSet<>();
    Set<String> bad = new HashSet<>();
    try (ProcessorProcess killed =
            ProcessorProcess.start(cluster.bootstrap(), group, topic, results);
        Consumer<String, String> seen =
            client.consumer(Serdes.string(), Serdes.string()).assign(results).build()) {
      for (int i = 0; i < 300; i++) {
        String value = (i % 20 == 7 ? "bad" : "v") + i;
        (i % 20 == 7 ? bad : good).add(value);
        producer.send(topic, "k" + i % 20, value);
      }
      producer.flush();
      List<String> some = new ArrayList<>();
      await(
          "some results",
          () -> {
            seen.poll(Duration.ofMillis(5)).forEach(record -> some.add(record.value()));
            return some.size() > 20 || !killed.isAlive();
          });
      assertTrue(killed.isAlive());
    } // killed here
    keep(processor(client).start(this::handle));
    awaitCommits(topic);

    Set<String> processed = new HashSet<>(handled);
    read(results, 1).forEach(record -> processed.add(record.value()));
    try (Consumer<String, String> all =
        client.consumer(Serdes.string(), Serdes.string()).assign(results).build()) {
      await(
          "all results; missing some of " + good.size(),
          () -> {
            all.poll(Duration.ofMillis(20)).forEach(record -> processed.add(record.value()));
            return processed.containsAll(good);
          });
    }
    Set<String> dead = new HashSet<>();
    read(topic + "." + group + ".dlq", bad.size()).forEach(record -> dead.add(record.value()));
    assertEquals(bad, dead);
    assertEquals(good, processed);
  }
}
