package io.tailrace.broker.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Timestamp;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Acks;
import io.tailrace.client.BadRecordHandler;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.Message;
import io.tailrace.client.PartitionOffset;
import io.tailrace.client.Partitioner;
import io.tailrace.client.Position;
import io.tailrace.client.Producer;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.RecordProcessor;
import io.tailrace.client.Serde;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.record.CompressionType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the examples of the user guide, and holds the pages to the code that is run here. */
class DocsExamplesTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final Pattern EXAMPLE =
      Pattern.compile(
          "<!-- runs: DocsExamplesTest\\.(\\w+) -->\\n```java\\n(.*?)```", Pattern.DOTALL);

  private static final Pattern LOG_LINE = Pattern.compile("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} ");

  @TempDir Path directory;

  private final PrintStream systemOut = System.out;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private TestCluster cluster;
  private String bootstrap;

  @BeforeEach
  void start() {
    cluster = TestCluster.start(directory);
    bootstrap = cluster.bootstrap();
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void stop() {
    System.setOut(systemOut);
    cluster.close();
  }

  @Test
  void theGuideShowsWhatIsRunHere() throws IOException {
    String source = squeeze(Files.readString(ROOT.resolve(sourceFile())));
    int examples = 0;
    for (String page :
        List.of(
            "docs/produce.md",
            "docs/consume-and-replay.md",
            "docs/consumer-groups.md",
            "docs/java-client.md",
            "docs/tune.md")) {
      List<MatchResult> found =
          EXAMPLE.matcher(Files.readString(ROOT.resolve(page))).results().toList();
      for (MatchResult example : found) {
        assertTrue(source.contains("void " + example.group(1) + "Example() {"), example.group(1));
        assertTrue(source.contains(squeeze(example.group(2))), page + ": " + example.group(1));
        examples++;
      }
    }
    assertEquals(11, examples);
  }

  @Test
  void produces() {
    producesExample();

    assertEquals(List.of("orders-1@0"), output());
  }

  @Test
  void sharesWorkInAGroup() {
    producesExample();
    printed.reset();

    sharesWorkInAGroupExample();

    assertEquals(Set.of("customer-7: two espressos", "customer-7: one tea"), Set.copyOf(output()));
  }

  private boolean enough() {
    return output().size() == 2;
  }

  private void sharesWorkInAGroupExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Consumer<String, String> consumer =
            client
                .consumer(Serdes.string(), Serdes.string())
                .group("billing")
                .subscribe("orders")
                .manualCommit()
                .build()) {
      while (!enough()) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(record.key() + ": " + record.value());
        }
        consumer.commit();
      }
    }
  }

  @Test
  void processesRecordsWithRetries() {
    producesExample();
    printed.reset();

    processesRecordsWithRetriesExample();

    assertEquals(Set.of("customer-7: two espressos", "customer-7: one tea"), Set.copyOf(output()));
  }

  private void awaitShutdown(RecordProcessor processor) {
    while (!enough() && !processor.ended().isDone()) {
      LockSupport.parkNanos(5_000_000);
    }
  }

  private void processesRecordsWithRetriesExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        RecordProcessor processor =
            client
                .recordProcessor("shipping", Serdes.string(), Serdes.string())
                .topics("orders")
                .concurrency(8)
                .attempts(4)
                .backoff(Duration.ofSeconds(1), 2, Duration.ofMinutes(1))
                .start(record -> System.out.println(record.key() + ": " + record.value()))) {
      awaitShutdown(processor);
    }
  }

  @Test
  void replaysTheLastHour() {
    producesExample();
    printed.reset();

    replaysTheLastHourExample();

    assertEquals(List.of("customer-7: two espressos", "customer-7: one tea"), output());
  }

  @Test
  void consumesAsRecordsCome() {
    producesExample();
    printed.reset();

    consumesAsRecordsComeExample();

    assertEquals("0 two espressos", output().get(0));
  }

  @Test
  void tunesForThroughput() {
    try (TailraceClient client = cluster.client()) {
      client.admin().createTopic(Topic.named("orders").partitions(6)).join();

      tunesForThroughputExample();

      long stored =
          client.admin().listOffsets("orders", Position.latest()).join().values().stream()
              .mapToLong(PartitionOffset::offset)
              .sum();
      assertEquals(1_000, stored);
    }
  }

  @Test
  void sendsAndReadsJson() {
    createTopics("orders");

    sendsAndReadsJsonExample();

    assertEquals(List.of("2 cups"), output());
  }

  @Test
  void sendsAndReadsProtobuf() {
    createTopics("orders");

    sendsAndReadsProtobufExample();

    assertEquals(List.of("1793520000"), output());
  }

  @Test
  void choosesPartitions() {
    createTopics("orders");

    choosesPartitionsExample();

    assertEquals(List.of("orders-1@0", "orders-5@0"), output());
  }

  @Test
  void pausesResumesAndSeeks() {
    producesExample();
    printed.reset();

    pausesResumesAndSeeksExample();

    assertEquals(List.of("0", "one tea", "two espressos"), output());
  }

  @Test
  void writesDeadLetters() {
    producesExample();
    createTopics("orders-dead");
    printed.reset();

    writesDeadLettersExample();

    assertEquals(2, output().size());
    assertTrue(output().get(0).startsWith("two espressos: tailrace-error="), output().get(0));
    assertTrue(output().get(1).startsWith("one tea: tailrace-error="), output().get(1));
  }

  private void createTopics(String... names) {
    try (TailraceClient client = cluster.client()) {
      for (String name : names) {
        TestTopics.create(client, Topic.named(name).partitions(6));
      }
    }
  }

  // ---- what the pages show ----

  private void producesExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap)) {
      client.admin().createTopic(Topic.named("orders").partitions(6)).join();

      try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
        RecordMetadata at = producer.send("orders", "customer-7", "two espressos").join();
        System.out.println(at); // orders-1@0

        producer.send(Message.of("orders", "customer-7", "one tea").header("source", "table-3"));
        producer.flush();
      }
    }
  }

  private void tunesForThroughputExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Producer<String, String> producer =
            client
                .producerBuilder(Serdes.string(), Serdes.string())
                .batchBytes(128 * 1024)
                .linger(Duration.ofMillis(20))
                .compression(CompressionType.ZSTD)
                .bufferMemory(64L * 1024 * 1024)
                .build()) {
      for (int i = 0; i < 1_000; i++) {
        producer.send("orders", "customer-" + i % 100, "an espresso");
      }
      producer.flush();
    }
  }

  private void replaysTheLastHourExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap)) {
      Instant anHourAgo = Instant.now().minus(Duration.ofHours(1));
      client
          .consumer(Serdes.string(), Serdes.string())
          .replay("orders", Position.at(anHourAgo), Position.latest())
          .forEach(record -> System.out.println(record.key() + ": " + record.value()));
    }
  }

  private void consumesAsRecordsComeExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Consumer<String, String> consumer =
            client
                .consumer(Serdes.string(), Serdes.string())
                .assign("orders")
                .startAt(Position.earliest())
                .build()) {
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(10))) {
        System.out.println(record.offset() + " " + record.value());
      }
    }
  }

  private void sendsAndReadsJsonExample() {
    record Order(String customer, int cups) {}

    try (TailraceClient client = TailraceClient.connect(bootstrap)) {
      Producer<String, Order> producer = client.producer(Serdes.string(), Serdes.json(Order.class));
      producer.send("orders", "customer-7", new Order("customer-7", 2)).join();

      client
          .consumer(Serdes.string(), Serdes.json(Order.class))
          .replay("orders", Position.earliest(), Position.latest())
          .forEach(record -> System.out.println(record.value().cups() + " cups")); // 2 cups
    }
  }

  private void sendsAndReadsProtobufExample() {
    Serde<Timestamp> timestamps = Serdes.protobuf(Timestamp.parser());
    try (TailraceClient client = TailraceClient.connect(bootstrap)) {
      Producer<String, Timestamp> producer = client.producer(Serdes.string(), timestamps);
      producer.send("orders", "opened", Timestamp.newBuilder().setSeconds(1_793_520_000).build());
      producer.flush();

      client
          .consumer(Serdes.string(), timestamps)
          .replay("orders", Position.earliest(), Position.latest())
          .forEach(record -> System.out.println(record.value().getSeconds())); // 1793520000
    }
  }

  private void choosesPartitionsExample() {
    Partitioner byLength = (topic, key, value, partitions) -> value.length % partitions;
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Producer<String, String> producer =
            client
                .<String, String>producerBuilder(Serdes.string(), Serdes.string())
                .partitioner(byLength)
                .acks(Acks.LEADER)
                .build()) {
      System.out.println(producer.send("orders", "customer-7", "one tea").join()); // orders-1@0

      Message<String, String> toTheLast =
          Message.of("orders", "customer-7", "one tea").partition(5);
      System.out.println(producer.send(toTheLast).join()); // orders-5@0
    }
  }

  private void pausesResumesAndSeeksExample() {
    TopicPartition tables = new TopicPartition("orders", 1);
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Consumer<String, String> consumer =
            client
                .<String, String>consumer(Serdes.string(), Serdes.string())
                .assign(tables)
                .build()) {
      consumer.pause(Set.of(tables));
      System.out.println(consumer.poll(Duration.ofMillis(100)).size()); // 0

      consumer.resume(Set.of(tables));
      consumer.seek(tables, 1);
      System.out.println(consumer.poll(Duration.ofSeconds(10)).get(0).value()); // one tea

      consumer.seekToTime(Instant.now().minus(Duration.ofHours(1)), tables);
      System.out.println(consumer.poll(Duration.ofSeconds(10)).get(0).value()); // two espressos
    }
  }

  private void writesDeadLettersExample() {
    try (TailraceClient client = TailraceClient.connect(bootstrap);
        Producer<byte[], byte[]> letters = client.producer(Serdes.bytes(), Serdes.bytes())) {
      client
          .consumer(Serdes.string(), Serdes.longs()) // but the values are text
          .onBadRecord(BadRecordHandler.deadLetter(letters, "orders-dead"))
          .replay("orders", Position.earliest(), Position.latest())
          .forEach(record -> System.out.println(record.value()));

      client
          .consumer(Serdes.string(), Serdes.string())
          .replay("orders-dead", Position.earliest(), Position.latest())
          .forEach(
              letter ->
                  System.out.println(letter.value() + ": " + letter.header("tailrace-error")));
    }
  }

  // ---- the test's own ----

  private static String sourceFile() {
    return "broker/src/test/java/" + DocsExamplesTest.class.getName().replace('.', '/') + ".java";
  }

  /** Without blanks and line ends, which differ with the indentation. */
  private static String squeeze(String code) {
    return code.replaceAll("\\s+", "")
        .replace("void", "void ")
        .replace("Example(){", "Example() {");
  }

  /** What the examples printed, without what the broker of this process logs to the same place. */
  private List<String> output() {
    return printed
        .toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> !LOG_LINE.matcher(line).find())
        .toList();
  }
}
