package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every verb of the command line, against a real broker. */
class CommandLineTest {
  private static final long FIRST_MS = 1_700_000_000_000L; // 2023-11-14T22:13:20Z
  private static final long MINUTE_MS = 60_000;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static CommandLine tailrace;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    tailrace = new CommandLine(cluster.bootstrap(), directory.resolve("state"));
    tailrace.ok("topic", "create", "minutes", "--config", "retention.ms=-1");
    try (TailraceClient client = cluster.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < 5; i++) {
        producer.send(
            Message.of("minutes", "k" + i, "v" + i)
                .header("n", Integer.toString(i))
                .timestampMs(FIRST_MS + i * MINUTE_MS));
      }
      producer.flush();
    }
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  // ---- topic ----

  @Test
  void makesAltersAndDeletesTopics() {
    Outcome created =
        tailrace.ok("topic", "create", "t1", "--partitions", "3", "--config", "segment.ms=5000");
    assertEquals("created topic t1: 3 partitions, replication factor 1\n", created.out());

    tailrace.ok("topic", "alter", "t1", "--partitions", "4", "--config", "retention.ms=7000");
    JsonNode topic = tailrace.ok("topic", "describe", "t1", "--json").json();
    assertEquals(4, topic.get("partitions").size());
    assertEquals("{\"retention.ms\":\"7000\",\"segment.ms\":\"5000\"}", sorted(topic, "config"));

    tailrace.ok("topic", "alter", "t1", "--config", "segment.ms=");
    assertEquals(
        "{\"retention.ms\":\"7000\"}",
        sorted(tailrace.ok("topic", "describe", "t1", "--json").json(), "config"));

    assertEquals("deleted topic t1\n", tailrace.ok("topic", "delete", "t1").out());
    assertFalse(tailrace.ok("topic", "list").out().contains("t1 "));
  }

  @Test
  void describesATopicInDocumentsOfTheFormThatProgramsKnow() {
    JsonNode created =
        tailrace.ok("topic", "create", "shape", "--partitions", "2", "--json").json();
    assertEquals(
        List.of("name", "topicId", "type", "partitionCount", "replicationFactor"), names(created));
    tailrace.okWith("a\nb\n", "produce", "shape", "--partition", "1");

    JsonNode topic = tailrace.ok("topic", "describe", "shape", "--json").json();

    assertEquals("shape", topic.get("name").asText());
    assertEquals("log", topic.get("type").asText());
    assertEquals(created.get("topicId"), topic.get("topicId"));
    assertEquals(
        "[{\"id\":0,\"leader\":0,\"leaderEpoch\":0,\"replicas\":[0],\"inSyncReplicas\":[0],\"eligibleLeaderReplicas\":[],"
            + "\"logStartOffset\":0,\"highWatermark\":0},"
            + "{\"id\":1,\"leader\":0,\"leaderEpoch\":0,\"replicas\":[0],\"inSyncReplicas\":[0],\"eligibleLeaderReplicas\":[],"
            + "\"logStartOffset\":0,\"highWatermark\":2}]",
        topic.get("partitions").toString());
    String table = tailrace.ok("topic", "describe", "shape").out();
    assertTrue(
        table.contains("PARTITION  LEADER  EPOCH  REPLICAS  IN SYNC  ELIGIBLE  FIRST  NEXT\n"),
        table);
  }

  @Test
  void comparesTheReplicasOfATopic() {
    tailrace.ok("topic", "create", "verified");
    tailrace.okWith("one\ntwo\n", "produce", "verified");
    JsonNode document = tailrace.ok("topic", "verify", "verified", "--json").json();
    assertTrue(document.get("equal").asBoolean(), document.toString());
    assertEquals(2, document.at("/partitions/0/to").asInt(), document.toString());
    assertTrue(tailrace.ok("topic", "verify", "verified").out().contains("equal"));
  }

  @Test
  void movesNoLeaderWhereThePreferredReplicasLead() {
    assertEquals("moved 0 leaders\n", tailrace.ok("cluster", "elect-leaders").out());
    JsonNode unclean = tailrace.ok("cluster", "elect-leaders", "--unclean", "--json").json();
    assertEquals("{\"elected\":0,\"partitions\":[]}", unclean.toString());
    assertEquals(
        1, tailrace.run(new byte[0], "cluster", "elect-leaders", "--topic", "no").exitCode());
  }

  @Test
  void makesATopicThatMayExistAlready() {
    assertEquals(
        "created topic once: 2 partitions, replication factor 1\n",
        tailrace.ok("topic", "create", "once", "--if-not-exists", "--partitions", "2").out());

    Outcome again = tailrace.ok("topic", "create", "once", "--if-not-exists", "--partitions", "3");
    assertEquals("topic once exists already\n", again.out());
    assertEquals("tailrace: topic once exists already with 2 partitions, not 3\n", again.err());
    JsonNode document = tailrace.ok("topic", "create", "once", "--if-not-exists", "--json").json();
    assertEquals(
        List.of("name", "topicId", "type", "partitionCount", "replicationFactor"), names(document));
    assertEquals(2, document.get("partitionCount").asInt());
  }

  @Test
  void takesSettingsAsDurationsAndSizes() {
    tailrace.ok("topic", "create", "units", "--config", "retention.ms=7d");
    tailrace.ok("topic", "alter", "units", "--config", "segment.bytes=64MiB");
    assertEquals(
        "{\"retention.ms\":\"604800000\",\"segment.bytes\":\"67108864\"}",
        sorted(tailrace.ok("topic", "describe", "units", "--json").json(), "config"));

    tailrace.ok("config", "set", "topic", "units", "retention.ms=12h");
    assertEquals("43200000 dynamic", setting("topic", "units", "retention.ms"));
  }

  @Test
  void listsTopics() {
    tailrace.ok("topic", "create", "listed", "--partitions", "2");

    assertTrue(
        tailrace.ok("topic", "list").out().matches("(?s)NAME +TYPE +PARTITIONS +REPLICAS\n.*"));
    JsonNode listed = null;
    for (JsonNode topic : tailrace.ok("--json", "topic", "list").json()) {
      listed = topic.get("name").asText().equals("listed") ? topic : listed;
    }
    assertEquals(
        List.of("name", "topicId", "type", "replicationFactor", "partitions"), names(listed));
    assertEquals(
        List.of(
            "id", "leader", "leaderEpoch", "replicas", "inSyncReplicas", "eligibleLeaderReplicas"),
        names(listed.get("partitions").get(1)));
  }

  @Test
  void deletesAndAltersAsDocuments() {
    tailrace.ok("topic", "create", "gone");
    assertEquals(
        "{\"name\":\"gone\",\"partitionCount\":2,\"config\":{\"flush\":\"ack\"}}\n",
        tailrace
            .ok("topic", "alter", "gone", "--partitions", "2", "--config", "flush=ack", "--json")
            .out());
    assertEquals(
        "{\"name\":\"gone\",\"deleted\":true}\n",
        tailrace.ok("topic", "delete", "gone", "--json").out());
  }

  @Test
  void saysThatSettingsWereChangedWhenPartitionsCouldNotBe() {
    tailrace.ok("topic", "create", "half", "--partitions", "2");

    Outcome outcome =
        tailrace.run(
            new byte[0],
            "topic",
            "alter",
            "half",
            "--partitions",
            "1",
            "--config",
            "retention.ms=9000");

    assertEquals(1, outcome.exitCode());
    assertEquals(
        "tailrace: topic 'half' has 2 partitions; they cannot become fewer; its settings have been"
            + " changed\n",
        outcome.err());
  }

  // ---- produce and consume ----

  @Test
  void splitsKeysFromValues() throws IOException {
    tailrace.ok("topic", "create", "keys", "--partitions", "2");
    tailrace.okWith("a:1\nb:2:3\n:4\n", "produce", "keys", "--key-separator", ":");
    tailrace.okWith("c=>5\n", "produce", "keys", "--key-separator", "=>");
    tailrace.okWith("d\t6\n", "produce", "keys", "--key-separator", "\\t");
    tailrace.okWith("7\n", "produce", "keys", "--key", "e");
    Path file = Files.writeString(directory.resolve("lines"), "8\n9"); // no line feed at the end
    tailrace.ok("produce", "keys", "--file", file.toString());

    List<String> records =
        tailrace.ok("consume", "keys", "--format", "%k|%v\\n").lines().stream().sorted().toList();

    assertEquals(
        List.of("a|1", "b|2:3", "c|5", "d|6", "e|7", "|4", "|8", "|9").stream().sorted().toList(),
        records);
  }

  @Test
  void sendsHeadersEvenOnesOfTheSameName() {
    tailrace.ok("topic", "create", "headers");
    tailrace.okWith(
        "x\n", "produce", "headers", "--header", "a=1", "--header", "a=2", "--header", "b=x=y");

    assertEquals("a=1,a=2,b=x=y\n", tailrace.ok("consume", "headers", "--format", "%h\\n").out());
    assertEquals(
        "[{\"name\":\"a\",\"value\":\"1\"},{\"name\":\"a\",\"value\":\"2\"},"
            + "{\"name\":\"b\",\"value\":\"x=y\"}]",
        tailrace.ok("consume", "headers", "--json").json().get("headers").toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
  void compresses(String type) {
    String topic = "compressed-" + type;
    tailrace.ok("topic", "create", topic);
    String lines =
        IntStream.range(0, 500).mapToObj(i -> "line " + i + "\n").collect(Collectors.joining());

    tailrace.okWith(lines, "produce", topic, "--compression", type);

    assertEquals(lines, tailrace.ok("consume", topic).out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "all"})
  void countsWhatWasAcknowledged(String acks) {
    String topic = "acks-" + acks;
    tailrace.ok("topic", "create", topic);

    Outcome outcome = tailrace.okWith("a\nb\n", "produce", topic, "--acks", acks, "--json");

    assertEquals("{\"sent\":2,\"acknowledged\":2}\n", outcome.out());
    eventually(() -> tailrace.ok("consume", topic).out().equals("a\nb\n"));
  }

  @Test
  void sendsToThePartitionThatIsAskedFor() {
    tailrace.ok("topic", "create", "placed", "--partitions", "4");
    tailrace.okWith("a\nb\n", "produce", "placed", "--partition", "2");

    assertEquals("2 0 a\n2 1 b\n", format("placed", "%p %o %v\\n"));
    assertEquals("b\n", tailrace.ok("consume", "placed", "--partition", "2", "--from", "1").out());
    assertEquals("", tailrace.ok("consume", "placed", "--partition", "1").out());
  }

  @Test
  void keepsToTheSizesThatTheTopicTakes() {
    tailrace.ok("topic", "create", "large", "--config", "max.message.bytes=8000000");
    String large = "x".repeat(3_000_000);
    tailrace.okWith(large, "produce", "large", "--compression", "none");
    assertEquals(large + "\n", tailrace.ok("consume", "large").out());

    tailrace.ok("topic", "create", "small", "--config", "max.message.bytes=2000");
    String lines = IntStream.range(0, 3000).mapToObj(i -> i + "\n").collect(Collectors.joining());
    tailrace.okWith(lines, "produce", "small", "--compression", "none");
    assertEquals(lines, tailrace.ok("consume", "small").out());
  }

  @Test
  void writesBytesAsTheyAre() {
    tailrace.ok("topic", "create", "bytes");
    byte[] line = {0, (byte) 0xff, (byte) 0xfe, '\r', 'x', '\n'};

    assertEquals(0, tailrace.run(line, "produce", "bytes").exitCode());

    assertArrayEquals(line, tailrace.ok("consume", "bytes").bytes());
    JsonNode record = tailrace.ok("consume", "bytes", "--json").json();
    assertEquals("AP/+DXg=", record.get("valueBase64").asText());
    assertFalse(record.has("value"));
  }

  @Test
  void tellsEmptyFromNull() {
    tailrace.ok("topic", "create", "empty");
    tailrace.okWith("\n", "produce", "empty");
    try (TailraceClient client = cluster.client();
        Producer<byte[], byte[]> producer = client.producer(Serdes.bytes(), Serdes.bytes())) {
      producer.send("empty", new byte[0], null).join();
    }

    List<JsonNode> records = tailrace.ok("consume", "empty", "--json").jsonLines();
    assertEquals(
        List.of("topic", "partition", "offset", "timestampMs", "key", "value", "headers"),
        names(records.get(0)));
    assertTrue(records.get(0).get("key").isNull());
    assertEquals("", records.get(0).get("value").asText());
    assertEquals("", records.get(1).get("key").asText());
    assertTrue(records.get(1).get("value").isNull());
    assertEquals("[|]\n[|]\n", format("empty", "[%k|%v]\\n"));
  }

  @Test
  void formatsRecords() {
    assertEquals(
        "minutes\t0/1 k1=v1 n=1 1700000060000 2023-11-14T22:14:20Z 100%\\\r\0",
        tailrace
            .ok(
                "consume",
                "minutes",
                "--from",
                "1",
                "--max",
                "1",
                "--format",
                "%t\\t%p/%o %k=%v %h %T %d 100%%\\\\\\r\\0")
            .out());
  }

  @ParameterizedTest
  @CsvSource({
    "earliest, latest, 0 1 2 3 4",
    "2, latest, 2 3 4",
    "offset:2, offset:4, 2 3",
    "0, 2, 0 1",
    "1700000060000, 1700000180000, 1 2",
    "@1700000060001, latest, 2 3 4",
    "2023-11-14T22:14:20Z, 2023-11-14T22:16:20Z, 1 2",
    "2023-11-14T23:14:20+01:00, latest, 1 2 3 4",
    "2023-11-14T22:14:21Z, latest, 2 3 4",
    "2023-11-10, 2023-11-20, 0 1 2 3 4",
    "'2023-11-10 08:30', latest, 0 1 2 3 4",
    "earliest, -1h, 0 1 2 3 4",
    "-1h, latest, ''",
    "latest, latest, ''",
    "5, latest, ''",
    "1000, latest, ''"
  })
  void readsFromAndToAnyPosition(String from, String to, String offsets) {
    String printed =
        tailrace.ok("consume", "minutes", "--from", from, "--to", to, "--format", "%o ").out();

    assertEquals(offsets, printed.strip());
  }

  @Test
  void followsUntilItHasEnough() throws Exception {
    tailrace.ok("topic", "create", "followed");
    CompletableFuture<Outcome> follower =
        CompletableFuture.supplyAsync(
            () -> tailrace.ok("consume", "followed", "--follow", "--max", "3"));

    tailrace.okWith("a\nb\n", "produce", "followed");
    tailrace.okWith("c\nd\n", "produce", "followed");

    assertEquals("a\nb\nc\n", follower.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).out());
  }

  // ---- replay ----

  @Test
  void replaysAStretchOfTimeWithAllThatBelongsToARecord() {
    tailrace.ok("topic", "create", "again", "--config", "retention.ms=-1");

    Outcome outcome =
        tailrace.ok(
            "replay",
            "minutes",
            "--from",
            "2023-11-14T22:14:20Z",
            "--to",
            "1700000180000",
            "--into",
            "again",
            "--json");

    JsonNode document = outcome.json();
    assertEquals(List.of("source", "target", "records", "resumed", "seconds"), names(document));
    assertEquals(2, document.get("records").asInt());
    assertFalse(document.get("resumed").asBoolean());
    assertEquals(
        "0 k1 v1 n=1 1700000060000\n1 k2 v2 n=2 1700000120000\n",
        format("again", "%o %k %v %h %T\\n"));
  }

  @Test
  void replaysATopicIntoItselfOnlyWhenToldTo() {
    tailrace.ok("topic", "create", "self");
    tailrace.okWith("a\nb\n", "produce", "self");

    Outcome refused = tailrace.run(new byte[0], "replay", "self", "--from", "0", "--into", "self");
    assertEquals(2, refused.exitCode());
    assertEquals(
        "tailrace: --into: self is the topic that is read, and would hold the records twice; name"
            + " another topic, or add --into-itself\n",
        refused.err());
    assertEquals("a\nb\n", tailrace.ok("consume", "self").out());

    tailrace.ok("replay", "self", "--from", "0", "--into", "self", "--into-itself");
    assertEquals("a\nb\na\nb\n", tailrace.ok("consume", "self").out());
  }

  @Test
  void replaysTopicsOfTheLongestNames() {
    String source = "s".repeat(249);
    String target = "t".repeat(249);
    tailrace.ok("topic", "create", source);
    tailrace.ok("topic", "create", target);
    tailrace.okWith("a\n", "produce", source);

    tailrace.ok("replay", source, "--from", "earliest", "--into", target);

    assertEquals("a\n", tailrace.ok("consume", target).out());
  }

  @Test
  void asksForAFileWhenThereIsNoHomeToWriteDownAReplayIn() throws Exception {
    tailrace.ok("topic", "create", "homeless");
    tailrace.ok("topic", "create", "homeless-again");
    List<String> command =
        command(
            new String[] {"replay", "homeless", "--from", "0", "--into", "homeless-again"},
            "-Duser.home=?");
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().remove("HOME");
    builder.environment().remove("XDG_STATE_HOME");

    Process process = builder.start();

    assertEquals(
        "tailrace: --state: this user has no home directory to write down how far the replay has"
            + " come; name a file with --state FILE\n",
        new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    assertEquals(2, process.waitFor());
    assertFalse(Files.exists(directory.resolve("?")));
  }

  @Test
  void replaysNoFasterThanItMay() {
    tailrace.ok("topic", "create", "slowly", "--config", "retention.ms=-1");
    long startedNanos = System.nanoTime();

    String said =
        tailrace
            .ok("replay", "minutes", "--from", "earliest", "--into", "slowly", "--rate", "10/s")
            .out();

    assertTrue(System.nanoTime() - startedNanos >= TimeUnit.MILLISECONDS.toNanos(400), said);
    assertTrue(said.startsWith("copied 5 records from minutes into slowly in "), said);
  }

  @Test
  void goesOnWithAReplayThatWasKilled() throws Exception {
    int count = 500;
    tailrace.ok("topic", "create", "long", "--partitions", "3");
    tailrace.ok("topic", "create", "long-again", "--partitions", "3");
    tailrace.okWith(
        IntStream.range(0, count)
            .mapToObj(i -> "k" + i % 50 + ":" + i + "\n")
            .collect(Collectors.joining()),
        "produce",
        "long",
        "--key-separator",
        ":");
    Path state = directory.resolve("long.state");
    String[] replay = {
      "replay", "long", "--from", "-1h", "--into", "long-again", "--state", state.toString()
    };

    Process first = process(replay, "--rate", "50/s");
    try {
      eventually(() -> read(state).matches("(?s).*copied=[1-9]\\d*\n.*"));
    } finally {
      first.destroyForcibly().waitFor();
    }
    Outcome second = tailrace.ok(replay);

    assertTrue(second.err().startsWith("going on with the replay that began at "), second.err());
    assertTrue(second.out().startsWith("copied 500 records"), second.out());
    assertEquals(format("long", "%p %o %k %v\\n", 3), format("long-again", "%p %o %k %v\\n", 3));
    assertFalse(Files.exists(state), "what is done is not gone on with");
  }

  // ---- config ----

  @Test
  void showsSettingsAndWhoDecidedThem() {
    tailrace.ok("topic", "create", "settings", "--config", "retention.ms=5000");

    assertEquals(
        """
        KEY           VALUE  SOURCE   CHANGEABLE
        flush         none   default  while running
        retention.ms  5000   dynamic  while running
        """,
        tailrace.ok("config", "get", "topic", "settings", "retention.ms", "flush").out());
    JsonNode document = tailrace.ok("config", "get", "broker", "0", "data.dir", "--json").json();
    assertEquals(List.of("type", "name", "settings"), names(document));
    JsonNode setting = document.get("settings").get(0);
    assertEquals(List.of("name", "value", "source", "readOnly", "documentation"), names(setting));
    assertEquals("static", setting.get("source").asText());
    assertTrue(setting.get("readOnly").asBoolean());
  }

  @Test
  void changesSettingsOfTopicsAndBrokersWhileRunning() {
    tailrace.ok("topic", "create", "changed");
    String line = incompressible(6000);
    for (String[] what :
        List.of(
            new String[] {"topic", "changed"},
            new String[] {"broker", "0"},
            new String[] {"broker", "default"})) {
      tailrace.ok("config", "set", what[0], what[1], "max.message.bytes=5000");
      eventually(() -> produce(line, "changed").exitCode() == 1);
      Outcome refused = produce(line, "changed");
      assertTrue(refused.err().contains("larger than max.message.bytes=5000"), refused.err());

      assertEquals(
          "{\"type\":\""
              + what[0]
              + "\",\"name\":\""
              + what[1]
              + "\",\"changed\":{\"max.message.bytes\":\"\"}}\n",
          tailrace.ok("config", "set", what[0], what[1], "max.message.bytes=", "--json").out());
      eventually(() -> produce(line, "changed").exitCode() == 0);
    }
  }

  @Test
  void showsWhatWasSetForEveryBrokerAndForOne() {
    tailrace.ok("config", "set", "broker", "default", "log.segment.ms=11000");
    tailrace.ok("topic", "create", "inherits");
    try {
      eventually(() -> setting("broker", "0", "log.segment.ms").equals("11000 dynamic"));
      assertEquals("11000 dynamic", setting("broker", "default", "log.segment.ms"));
      assertEquals("11000 broker", setting("topic", "inherits", "segment.ms"));

      tailrace.ok("config", "set", "broker", "0", "log.segment.ms=12000");
      eventually(() -> setting("broker", "0", "log.segment.ms").equals("12000 dynamic"));
      assertEquals("11000 dynamic", setting("broker", "default", "log.segment.ms"));
    } finally {
      tailrace.ok("config", "set", "broker", "0", "log.segment.ms=");
      tailrace.ok("config", "set", "broker", "default", "log.segment.ms=");
    }
    eventually(() -> setting("topic", "inherits", "segment.ms").equals("604800000 default"));
    assertFalse(
        tailrace.ok("config", "get", "broker", "default").out().contains("data.dir"),
        "all brokers have no data directory in common");
  }

  // ---- cluster, perf, completion ----

  @Test
  void describesTheCluster() {
    JsonNode document = tailrace.ok("cluster", "describe", "--json").json();

    assertEquals(List.of("clusterId", "controller", "brokers"), names(document));
    assertEquals(0, document.get("controller").asInt());
    JsonNode broker = document.get("brokers").get(0);
    assertEquals(List.of("id", "host", "port", "rack"), names(broker));
    assertEquals(cluster.broker().address().getPort(), broker.get("port").asInt());
    assertTrue(
        tailrace.ok("cluster", "describe").out().contains("BROKER  ADDRESS "), "table for people");
  }

  @Test
  void measures() {
    tailrace.ok("topic", "create", "load", "--partitions", "2");

    JsonNode produced =
        tailrace
            .ok(
                "perf",
                "produce",
                "load",
                "--records",
                "2000",
                "--record-bytes",
                "100",
                "--batch-bytes",
                "4096",
                "--linger",
                "1ms",
                "--acks",
                "1",
                "--compression",
                "lz4",
                "--rate",
                "100000/s",
                "--json")
            .json();
    assertEquals(
        List.of(
            "records",
            "bytes",
            "seconds",
            "recordsPerSecond",
            "megabytesPerSecond",
            "ackLatencyMs"),
        names(produced));
    assertEquals(200_000, produced.get("bytes").asInt());
    assertEquals(List.of("p50", "p90", "p99", "p999", "max"), names(produced.get("ackLatencyMs")));

    JsonNode consumed = tailrace.ok("perf", "consume", "load", "--json").json();
    assertEquals(
        List.of("records", "bytes", "seconds", "recordsPerSecond", "megabytesPerSecond"),
        names(consumed));
    assertEquals(2000, consumed.get("records").asInt());
    assertEquals(
        5,
        tailrace
            .ok("perf", "consume", "load", "--records", "5", "--json")
            .json()
            .get("records")
            .asInt());

    JsonNode latency =
        tailrace
            .ok("perf", "latency", "load", "--records", "100", "--rate", "1000/s", "--json")
            .json();
    assertEquals(List.of("ackLatencyMs", "endToEndLatencyMs"), names(latency));
    String lines = tailrace.ok("perf", "produce", "load", "--records", "100").out();
    assertTrue(
        lines.matches("100 records in .* records/s, .* MB/s\nacknowledged after: p50 .*\n"), lines);
  }

  @Test
  void offersOnlyWordsThatItTakes() {
    String script = tailrace.ok("completion").out();

    assertTrue(script.contains("\"0\" \"1\" \"all\""), script);
    assertTrue(script.contains("\"none\" \"gzip\" \"snappy\" \"lz4\" \"zstd\""), script);
    assertFalse(script.contains("LEADER"), "the name of a constant");
  }

  // ---- what goes wrong ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1|topic create minutes|topic 'minutes' already exists",
        "1|topic create x --replication-factor 3|topic 'x': a replication factor of 3 needs as many"
            + " brokers; 1 is there",
        "1|topic create x --partitions 100000|topic 'x': a topic has 1 to 20000 partitions, not"
            + " 100000",
        "2|topic create x/y|topic 'x/y': a topic's name consists of letters, digits, '.', '_' and"
            + " '-'; 'x/y' does not",
        "2|topic create x --config retention.mss=1|topic 'x': retention.mss: there is no such key;"
            + " did you mean retention.ms?",
        "2|topic create x --config max.message.bytes=200000000|topic 'x': max.message.bytes: the"
            + " value 200000000 must be at most 33488896, or max.frame.bytes larger, which takes a"
            + " restart",
        "1|topic describe nope|topic 'nope' does not exist; tailrace topic list shows what there"
            + " is",
        "1|topic alter nope --partitions 3|there is no topic 'nope'; tailrace topic list shows what"
            + " there is",
        "1|topic delete nope|there is no topic 'nope'; tailrace topic list shows what there is",
        "1|produce nope|topic 'nope' does not exist; tailrace topic list shows what there is",
        "1|consume minutes --partition 7|topic 'minutes' has no partition 7; tailrace topic"
            + " describe shows the partitions",
        "1|replay minutes --from 0 --into nope|topic 'nope' does not exist; tailrace topic list"
            + " shows what there is",
        "2|replay minutes --from soon --into minutes|--from: 'soon' is no position; write earliest,"
            + " latest, an offset, a time such as 2026-11-01T08:30 or 1793520000000, or a time"
            + " before now such as -15m",
        "1|config get topic nope|topic 'nope' does not exist; tailrace topic list shows what there"
            + " is",
        "1|config get broker 7|no broker with id 7 is alive; alive are: 0",
        "2|config get topic minutes retention.mss|a topic has no setting retention.mss; did you"
            + " mean retention.ms?",
        "2|config get broker 0 colour|a broker has no setting colour; leave it out to see them all",
        "2|config get broker x|'x' is not a broker's id; give a number, or default for all",
        "2|config set topic minutes retention.m=1|topic 'minutes': retention.m: there is no such"
            + " key; did you mean retention.ms?",
        "2|config set broker 0 listener=a:1|broker '0': listener: is read only at the start; set it"
            + " in the configuration file and restart the broker",
        "2|config set broker 0 log.flush=always|broker '0': log.flush: the value 'always' is not"
            + " one of none, interval, ack",
        "2|perf produce minutes --batch-bytes 1|--batch-bytes: 1 is not at least 128",
        "1|perf latency nope|topic 'nope' does not exist; tailrace topic list shows what there is"
      })
  void saysInOneLineWhatIsWrongAndWhatToDo(int exitCode, String arguments, String message) {
    Outcome outcome = tailrace.run(new byte[0], arguments.split(" ", -1));

    assertEquals("tailrace: " + message + "\n", outcome.err());
    assertEquals(exitCode, outcome.exitCode());
    assertEquals("", outcome.out());
  }

  @Test
  void saysHowManyRecordsWereAcknowledgedWhenNotAllWere() {
    tailrace.ok("topic", "create", "partly");

    Outcome badLine =
        tailrace.run(
            "a:1\nb\n".getBytes(StandardCharsets.UTF_8),
            "produce",
            "partly",
            "--key-separator",
            ":");
    assertEquals(2, badLine.exitCode());
    assertEquals(
        "tailrace: --key-separator: line 2 has no ':'; 1 record acknowledged\n", badLine.err());

    Outcome tooLarge = produce(incompressible(2_000_000), "partly");
    assertEquals(1, tooLarge.exitCode());
    assertEquals(
        "tailrace: record 1 has 2,000,000 bytes, topic 'partly' takes 1,048,576 in a batch;"
            + " tailrace config set topic partly max.message.bytes=2MiB changes that; 0 of 1 record"
            + " acknowledged\n",
        tooLarge.err());
    tailrace.ok("config", "set", "topic", "partly", "max.message.bytes=2MiB");
    eventually(() -> produce(incompressible(2_000_000), "partly").exitCode() == 0);
  }

  @Test
  void showsAStackTraceOnlyWhenDebugging() {
    Outcome outcome = tailrace.run(new byte[0], "topic", "describe", "nope", "--debug");

    assertEquals(1, outcome.exitCode());
    assertTrue(outcome.err().contains("\tat io.tailrace.client."), outcome.err());
  }

  @Test
  void endsTheProcessWithItsExitCodeAndQuietlyWhenNobodyReads() throws Exception {
    assertEquals(0, process(new String[] {"topic", "list"}).waitFor());
    assertEquals(1, process(new String[] {"topic", "describe", "nope"}).waitFor());
    assertEquals(2, process(new String[] {"topic", "crate"}).waitFor());

    tailrace.ok("topic", "create", "pipe");
    tailrace.ok("perf", "produce", "pipe", "--records", "20000");
    Process reader = new ProcessBuilder(command(new String[] {"consume", "pipe"})).start();
    assertTrue(reader.getInputStream().read() >= 0);
    reader.getInputStream().close(); // as head -c 1 does
    assertEquals("", new String(reader.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
    assertEquals(0, reader.waitFor());
  }

  // ---- the test's own ----

  private static Outcome produce(String line, String topic) {
    return tailrace.run(
        line.getBytes(StandardCharsets.UTF_8), "produce", topic, "--compression", "none");
  }

  private static String format(String topic, String format) {
    return tailrace.ok("consume", topic, "--format", format).out();
  }

  /** Partition by partition: which of them answers first is not told. */
  private static String format(String topic, String format, int partitions) {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < partitions; i++) {
      String partition = Integer.toString(i);
      all.append(tailrace.ok("consume", topic, "--partition", partition, "--format", format).out());
    }
    return all.toString();
  }

  private static String setting(String type, String name, String key) {
    JsonNode setting =
        tailrace.ok("config", "get", type, name, key, "--json").json().get("settings").get(0);
    return setting.get("value").asText() + " " + setting.get("source").asText();
  }

  private static List<String> names(JsonNode document) {
    List<String> names = new ArrayList<>();
    document.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static String sorted(JsonNode document, String field) {
    JsonNode value = document.get(field);
    return names(value).stream()
        .sorted()
        .map(name -> "\"" + name + "\":" + value.get(name))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String incompressible(int length) {
    return new Random(1)
        .ints(length, 'a', 'z' + 1)
        .mapToObj(c -> String.valueOf((char) c))
        .collect(Collectors.joining());
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      return ""; // it is just being replaced
    }
  }

  private static Process process(String[] arguments, String... more) throws IOException {
    List<String> command = command(arguments);
    command.addAll(List.of(more));
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static List<String> command(String[] arguments, String... switches) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(switches));
    command.addAll(List.of("io.tailrace.client.cli.TailraceCommand"));
    command.addAll(List.of("--bootstrap", cluster.bootstrap()));
    command.addAll(List.of(arguments));
    return command;
  }

  private static void eventually(Supplier<Boolean> condition) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.get()) {
      assertTrue(System.nanoTime() < giveUpNanos, "did not come to pass");
      Thread.onSpinWait();
    }
  }
}
