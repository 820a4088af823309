package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Producer;
import io.tailrace.client.ReplicaLog;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TopicPartition;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compacted topics on two brokers, from the command line to the follower's log. */
class CompactedTopicTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final TopicPartition PRICES = new TopicPartition("prices", 0);
  private static final int KEYS = 20;

  @TempDir static Path directory;
  private static TestBrokers brokers;

  @BeforeAll
  static void start() {
    brokers =
        TestBrokers.start(
            directory, 2, Map.of("log.check.interval.ms", "20", "min.insync.replicas", "1"));
  }

  @AfterAll
  static void stop() {
    brokers.close();
  }

  private static CommandLine tailrace() {
    return new CommandLine(brokers.bootstrap(), directory.resolve("state"));
  }

  @Test
  void aFollowerCopiesWhatCompactionHasLeftAndLeadsWithIt() {
    createTopic(
        "prices", "cleanup.policy=compact", "segment.bytes=65536", "min.cleanable.dirty.ratio=0.1");
    int leader;
    try (TailraceClient client = brokers.client()) {
      awaitInSync(client);
      leader = described(client).leader().getAsInt();
    }
    int follower = 1 - leader;
    Map<String, String> last = new HashMap<>();
    produce(last, 0, 300);
    brokers.stop(follower);
    int produced = produce(last, 300, 3_000);
    try (TailraceClient client = brokers.client()) {
      await(() -> logOf(client, leader).sizeBytes() < 150_000);
      brokers.start(follower);
      awaitInSync(client);
      assertEquals(produced, logOf(client, follower).logEndOffset());
      assertTrue(logOf(client, follower).sizeBytes() < 200_000);
    }
    brokers.stop(leader);
    try (TailraceClient client = brokers.client()) {
      await(() -> described(client).leader().equals(OptionalInt.of(follower)));
    }
    int end = produce(last, produced, produced + 50);
    brokers.start(leader);
    checkContent(last, end);
  }

  /** Again, when the cluster's metadata store has not answered in time. */
  private static void createTopic(String name, String... settings) {
    List<String> arguments =
        new ArrayList<>(List.of("topic", "create", name, "--partitions", "1", "--if-not-exists"));
    for (String setting : settings) {
      arguments.addAll(List.of("--config", setting));
    }
    await(() -> tailrace().run(new byte[0], arguments.toArray(String[]::new)).exitCode() == 0);
  }

  /** Each record names its key and number, so that the last one is known. */
  private static int produce(Map<String, String> last, int from, int to) {
    SplittableRandom random = new SplittableRandom(from);
    try (TailraceClient client = brokers.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = from; i < to; i++) {
        String key = "key-" + random.nextInt(KEYS);
        String value = random.nextInt(50) == 0 ? null : i + "-" + incompressible(random);
        var unused = producer.send("prices", key, value);
        last.put(key, value);
      }
      producer.flush();
    }
    return to;
  }

  private static String incompressible(SplittableRandom random) {
    return random.ints(50).mapToObj(Integer::toHexString).collect(Collectors.joining());
  }

  private static void checkContent(Map<String, String> last, int end) {
    Map<String, String> found = new HashMap<>();
    int records = 0;
    try (TailraceClient client = brokers.client();
        Consumer<String, String> consumer =
            client.consumer(Serdes.string(), Serdes.string()).build()) {
      consumer.assign(List.of(PRICES));
      consumer.seekToBeginning(PRICES);
      long offset = -1;
      long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
      while (consumer.position(PRICES) < end) {
        assertTrue(System.nanoTime() < giveUpNanos, "no progress behind " + offset);
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          assertTrue(record.offset() > offset);
          offset = record.offset();
          found.put(record.key(), record.value());
          records++;
        }
      }
    }
    assertEquals(last, found);
    assertTrue(records < end / 2, records + " records of " + end);
  }

  @Test
  void refusesRecordsWithoutKeyAndQueues() {
    createTopic("table", "cleanup.policy=compact,delete");
    Outcome keyless =
        tailrace().run("no key\n".getBytes(StandardCharsets.UTF_8), "produce", "table");
    assertNotEquals(0, keyless.exitCode());
    assertTrue(keyless.err().contains("has no key"), keyless.err());
    tailrace().okWith("a:1\n", "produce", "table", "--key-separator", ":");

    Outcome bound = tailrace().run(new byte[0], "queue", "create", "q", "--bind", "table");
    assertNotEquals(0, bound.exitCode());
    assertTrue(bound.err().contains("'table' is compacted"), bound.err());

    tailrace().ok("exchange", "create", "events", "--type", "topic");
    tailrace().ok("queue", "create", "all", "--bind", "events");
    Outcome compacted =
        tailrace().run(new byte[0], "config", "set", "topic", "events", "cleanup.policy=compact");
    assertNotEquals(0, compacted.exitCode());
    assertTrue(compacted.err().contains("queues are bound to it: all"), compacted.err());
  }

  private static PartitionDescription described(TailraceClient client) {
    return client.admin().describeTopic("prices").join().partitions().get(0);
  }

  private static ReplicaLog logOf(TailraceClient client, int broker) {
    return client.admin().describeLogs(List.of("prices")).join().stream()
        .filter(log -> log.broker() == broker)
        .findFirst()
        .orElseThrow();
  }

  private static void awaitInSync(TailraceClient client) {
    await(() -> Set.copyOf(described(client).inSyncReplicas()).equals(Set.of(0, 1)));
  }

  private static void await(BooleanSupplier condition) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < giveUpNanos, "did not come to pass");
      Thread.onSpinWait();
    }
  }
}
