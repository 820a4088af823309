package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import com.google.protobuf.MessageLite;
import io.tailrace.broker.testkit.HostileBatches;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.message.AlterConfigsRequest;
import io.tailrace.protocol.message.ConfigEntry;
import io.tailrace.protocol.message.CreateTopicRequest;
import io.tailrace.protocol.message.DescribeConfigsRequest;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** What a broker tells of bad input: it counts each of a kind, and writes a line or two. */
class RefusedInputTest {
  private static final String TOPIC = "victim";
  private static final int ROUNDS = 20;
  private static final long AWAIT_S = 30;
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static final WrittenLines WRITTEN = new WrittenLines();

  /** Keeps what all threads of the broker log. */
  private static final class WrittenLines extends AppenderBase<ILoggingEvent> {
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();

    @Override
    protected void append(ILoggingEvent event) {
      events.add(event);
    }
  }

  /** Something bad, once, over a connection of its own. */
  @FunctionalInterface
  private interface Attack {
    void run(RawClient client) throws IOException;
  }

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    try (TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named(TOPIC));
    }
    WRITTEN.start();
    logger().addAppender(WRITTEN);
  }

  @AfterAll
  static void stop() {
    logger().detachAppender(WRITTEN);
    cluster.close();
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger("io.tailrace.broker");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attacks")
  void eachKindIsCountedAndWrittenOfInFewLinesWithoutAStackTrace(String kind, List<Attack> attacks)
      throws Exception {
    double before = count(kind);
    for (int round = 0; round < ROUNDS; round++) {
      for (Attack attack : attacks) {
        try (RawClient client = new RawClient(cluster.broker().address())) {
          attack.run(client);
        }
      }
    }
    awaitCount(kind, before + ROUNDS * attacks.size());

    List<ILoggingEvent> lines =
        WRITTEN.events.stream()
            .filter(line -> line.getFormattedMessage().contains("(" + kind + ")"))
            .toList();
    assertTrue(!lines.isEmpty() && lines.size() < 10, lines.toString());
    for (ILoggingEvent event : WRITTEN.events) {
      assertNull(event.getThrowableProxy(), event.getFormattedMessage());
      assertEquals(1, event.getFormattedMessage().lines().count(), event.getFormattedMessage());
    }
  }

  static Stream<Arguments> attacks() {
    return Stream.of(
        kind("invalid_frame", sendsAndIsClosed(0xff, 0xff, 0xff, 0xff)),
        kind("frame_too_large", sendsAndIsClosed(0x7f, 0xff, 0xff, 0xff)),
        kind(
            "invalid_handshake",
            client -> {
              client.send(
                  client.request(
                      ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
              client.awaitClosed();
            }),
        // api_key=77; api_version=99; a body that is an unfinished field
        kind("UNSUPPORTED_API", sends(0, 0, 0, 6, 0, 4, 0x08, 77, 0x18, 5)),
        kind("UNSUPPORTED_VERSION", sends(0, 0, 0, 8, 0, 6, 0x08, 1, 0x10, 99, 0x18, 5)),
        kind(
            "INVALID_REQUEST",
            sends(0, 0, 0, 12, 0, 6, 0x08, 2, 0x18, 9, 0x20, 4, 0x1a, 0x7f, 1, 1),
            produces(TOPIC, 0, new byte[0])),
        kind(
            "CORRUPT_BATCH",
            produces(TOPIC, 0, new byte[100]),
            produces(TOPIC, 0, HostileBatches.withCounts(batch(), 5, 4)),
            produces(TOPIC, 0, HostileBatches.withCounts(batch(), 1, Integer.MAX_VALUE)),
            produces(TOPIC, 0, HostileBatches.withRecords(batch(), 0, (byte) -1))),
        kind(
            "BATCH_TOO_LARGE",
            produces(TOPIC, 0, HostileBatches.sound(CompressionType.NONE, 1_200_000))),
        kind("UNSUPPORTED_COMPRESSION", produces(TOPIC, 0, ofUnknownCompression())),
        kind("INVALID_TOPIC_NAME", asks(ApiKey.CREATE_TOPIC, topic("a\nb", 1, 1))),
        kind("INVALID_PARTITIONS", asks(ApiKey.CREATE_TOPIC, topic("t", -1, 1))),
        kind("INVALID_REPLICATION_FACTOR", asks(ApiKey.CREATE_TOPIC, topic("t", 1, 7))),
        kind(
            "INVALID_CONFIG",
            asks(
                ApiKey.ALTER_CONFIGS,
                AlterConfigsRequest.newBuilder()
                    .setResourceType("topic")
                    .setResourceName(TOPIC)
                    .addConfigs(ConfigEntry.newBuilder().setName("no.such.key").setValue("1"))
                    .build())),
        kind("TOPIC_EXISTS", asks(ApiKey.CREATE_TOPIC, topic(TOPIC, 1, 1))),
        kind(
            "UNKNOWN_TOPIC",
            produces("../x\n", 0, batch()),
            asks(ApiKey.FETCH, RawClient.fetchRequest("../x\n", 0, 0, 0)),
            asks(ApiKey.LIST_OFFSETS, listOffsets("../x\n", 0)),
            asks(ApiKey.METADATA, MetadataRequest.newBuilder().addTopics("../x\n").build()),
            asks(ApiKey.DESCRIBE_CONFIGS, describe("topic", "../x\n"))),
        kind(
            "UNKNOWN_PARTITION",
            produces(TOPIC, 9, batch()),
            asks(ApiKey.FETCH, RawClient.fetchRequest(TOPIC, -1, 0, 0)),
            asks(ApiKey.LIST_OFFSETS, listOffsets(TOPIC, 9))),
        kind(
            "OFFSET_OUT_OF_RANGE",
            asks(ApiKey.FETCH, RawClient.fetchRequest(TOPIC, 0, -1, 0)),
            asks(ApiKey.FETCH, RawClient.fetchRequest(TOPIC, 0, 1L << 60, 0))),
        kind(
            "UNKNOWN_RESOURCE",
            asks(ApiKey.DESCRIBE_CONFIGS, describe("planet", "x")),
            asks(ApiKey.DESCRIBE_CONFIGS, describe("broker", "77")),
            asks(
                ApiKey.ALTER_CONFIGS,
                AlterConfigsRequest.newBuilder()
                    .setResourceType("planet")
                    .setResourceName("x")
                    .build())));
  }

  // ---- how ----

  private static Arguments kind(String kind, Attack... attacks) {
    return arguments(kind, List.of(attacks));
  }

  private static Attack sendsAndIsClosed(int... bytes) {
    return client -> client.send(bytes(bytes)).awaitClosed();
  }

  private static Attack sends(int... bytes) {
    return client -> client.greet().send(bytes(bytes)).receive().release();
  }

  private static Attack asks(ApiKey api, MessageLite body) {
    return client -> {
      client.greet();
      client.send(client.request(api, body, new byte[0])).receive().release();
    };
  }

  private static Attack produces(String topic, int partition, byte[] batch) {
    return client -> {
      ErrorCode code = client.greet().produce(topic, partition, batch);
      assertTrue(code != ErrorCode.NONE, "it was written");
    };
  }

  private static byte[] batch() {
    return HostileBatches.sound(CompressionType.NONE, 100);
  }

  private static byte[] ofUnknownCompression() {
    byte[] batch = batch();
    batch[RecordBatch.ATTRIBUTES_OFFSET + 1] = 7;
    return HostileBatches.withRecords(batch, 0);
  }

  private static MessageLite topic(String name, int partitions, int replicas) {
    return CreateTopicRequest.newBuilder()
        .setName(name)
        .setPartitions(partitions)
        .setReplicationFactor(replicas)
        .build();
  }

  private static MessageLite describe(String type, String name) {
    return DescribeConfigsRequest.newBuilder().setResourceType(type).setResourceName(name).build();
  }

  private static MessageLite listOffsets(String topic, int partition) {
    return ListOffsetsRequest.newBuilder()
        .addPartitions(
            PartitionOffsetQuery.newBuilder()
                .setTopic(topic)
                .setPartition(partition)
                .setTimestampMs(-1))
        .build();
  }

  private static byte[] bytes(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(values.length);
    for (int value : values) {
      bytes.put((byte) value);
    }
    return bytes.array();
  }

  private static void awaitCount(String kind, double expected) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(AWAIT_S);
    double count = count(kind);
    while (count < expected) {
      assertTrue(System.nanoTime() < deadline, kind + " was counted up to " + count);
      Thread.onSpinWait();
      count = count(kind);
    }
    assertEquals(expected, count, kind);
  }

  /** Of closed connections with such a reason, or of requests with such an error. */
  private static double count(String kind) throws Exception {
    URI page =
        URI.create("http://127.0.0.1:" + cluster.broker().httpAddress().getPort() + "/metrics");
    return HTTP.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
        .body()
        .lines()
        .filter(
            line ->
                line.startsWith("tailrace_request_errors_total{error=\"" + kind + "\"} ")
                    || line.startsWith(
                        "tailrace_connections_refused_total{reason=\"" + kind + "\"} "))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' ') + 1)))
        .sum();
  }
}
