package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.client.Consumer;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import io.tailrace.protocol.record.CompressionType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Three brokers, one of whose disks changes bits of stored records. */
class DamageRepairTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int RECORDS = 2_000;
  private static final int IN_SEALED_SEGMENT = 700;
  private static final int IN_ACTIVE_SEGMENT = RECORDS - 1;

  @TempDir static Path directory;
  private static TestBrokers brokers;

  @BeforeAll
  static void start() {
    brokers = TestBrokers.start(directory, 3, Map.of("log.segment.bytes", "131072"));
  }

  @AfterAll
  static void stop() {
    brokers.close();
  }

  private static String value(String topic, int i) {
    return topic + " record number " + (100_000 + i) + " ".repeat(60);
  }

  private static void fill(TailraceClient client, String topic) {
    client.admin().createTopic(Topic.named(topic).partitions(1)).join();
    try (Producer<String, String> producer =
        client
            .producerBuilder(Serdes.string(), Serdes.string())
            .compression(CompressionType.NONE)
            .batchBytes(4_096)
            .build()) {
      IntStream.range(0, RECORDS).forEach(i -> producer.send(topic, "key", value(topic, i)));
      producer.flush();
    }
    await(() -> inSync(client, topic).equals(Set.of(0, 1, 2)));
  }

  private static PartitionDescription described(TailraceClient client, String topic) {
    return client.admin().describeTopic(topic).join().partitions().get(0);
  }

  private static Set<Integer> inSync(TailraceClient client, String topic) {
    return Set.copyOf(described(client, topic).inSyncReplicas());
  }

  @ParameterizedTest
  @ValueSource(ints = {IN_SEALED_SEGMENT, IN_ACTIVE_SEGMENT})
  void aLeaderWithDamagedRecordsResignsAndFetchesThemAgain(int record) throws IOException {
    try (TailraceClient client = brokers.client()) {
      String topic = "leader-" + record;
      fill(client, topic);
      int damaged = described(client, topic).leader().getAsInt();
      flipBit(damaged, value(topic, record));

      assertReadsAll(client, topic);
      assertRepaired(client, topic, damaged, record);
      assertReadsAll(client, topic);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {IN_SEALED_SEGMENT, IN_ACTIVE_SEGMENT})
  void aFollowerWithDamagedRecordsFetchesThemAgainOnceTheyAreFound(int record) throws IOException {
    try (TailraceClient client = brokers.client()) {
      String topic = "follower-" + record;
      fill(client, topic);
      int leader = described(client, topic).leader().getAsInt();
      int damaged = (leader + 1) % 3;
      flipBit(damaged, value(topic, record));

      assertRepaired(client, topic, damaged, record);
      assertReadsAll(client, topic);
    }
  }

  /** Reads all replicas, which finds what nobody has read before. */
  private static void assertRepaired(TailraceClient client, String topic, int damaged, int record) {
    CommandLine tailrace = new CommandLine(brokers.bootstrap(), directory.resolve("state"));
    await(() -> tailrace.run(new byte[0], "topic", "verify", topic).exitCode() == 0);
    await(() -> inSync(client, topic).equals(Set.of(0, 1, 2)));
    await(() -> tailrace.run(new byte[0], "topic", "verify", topic).exitCode() == 0);
    await(() -> places(damaged, value(topic, record)).size() == 1); // it is there again
    await(() -> health(damaged).contains("\"UP\""));
  }

  private static String health(int broker) {
    try (InputStream page =
        URI.create("http://127.0.0.1:" + brokers.broker(broker).httpAddress().getPort() + "/health")
            .toURL()
            .openStream()) {
      return new String(page.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertReadsAll(TailraceClient client, String topic) {
    List<String> found = new ArrayList<>();
    try (Consumer<String, String> consumer =
        client.consumer(Serdes.string(), Serdes.string()).build()) {
      consumer.assign(List.of(new TopicPartition(topic, 0)));
      consumer.seekToBeginning(new TopicPartition(topic, 0));
      await(
          () -> {
            consumer.poll(Duration.ofSeconds(1)).forEach(record -> found.add(record.value()));
            return found.size() >= RECORDS;
          });
    }
    assertEquals(IntStream.range(0, RECORDS).mapToObj(i -> value(topic, i)).toList(), found);
  }

  // ---- the disk ----

  private record Place(Path file, int position) {}

  private static void flipBit(int broker, String value) throws IOException {
    List<Place> found = new ArrayList<>();
    await(
        () -> {
          found.clear();
          return found.addAll(places(broker, value));
        });
    assertEquals(1, found.size(), "places of '" + value + "'");
    Place place = found.get(0);
    byte changed = (byte) (value.charAt(0) ^ 1);
    try (FileChannel channel = FileChannel.open(place.file, StandardOpenOption.WRITE)) {
      assertEquals(1, channel.write(ByteBuffer.wrap(new byte[] {changed}), place.position));
    }
  }

  /** Where a broker's disk has the value; nowhere while files are being removed. */
  private static List<Place> places(int broker, String value) {
    try {
      return find(broker, value);
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  private static List<Place> find(int broker, String value) throws IOException {
    byte[] content = value.getBytes(StandardCharsets.UTF_8);
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory.resolve("broker-" + broker + "/data/logs"))) {
      files =
          all.filter(file -> file.getFileName().toString().endsWith(".cq4"))
              .filter(file -> !file.toString().contains(".deleted"))
              .toList();
    }
    List<Place> places = new ArrayList<>();
    for (Path file : files) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        int at = find(content, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        if (at >= 0) {
          places.add(new Place(file, at));
        }
      }
    }
    return places;
  }

  private static int find(byte[] content, ByteBuffer in) {
    ByteBuffer sought = ByteBuffer.wrap(content);
    for (int at = 0; at <= in.limit() - content.length; at++) {
      if (in.get(at) == content[0] && in.slice(at, content.length).equals(sought)) {
        return at;
      }
    }
    return -1;
  }

  private static void await(BooleanSupplier condition) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < giveUpNanos, "did not come to pass");
      Thread.onSpinWait();
    }
  }
}
