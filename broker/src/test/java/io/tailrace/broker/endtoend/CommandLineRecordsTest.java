package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import io.tailrace.broker.testkit.CommandLine.Running;
import io.tailrace.broker.testkit.TestCluster;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

/** What {@code produce} can put into records, and which records {@code consume} finds. */
class CommandLineRecordsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static CommandLine tailrace;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    tailrace = new CommandLine(cluster.bootstrap(), directory.resolve("state"));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  // ---- produce ----

  @Test
  void sendsNullsForAMark() {
    tailrace.ok("topic", "create", "nulls");
    tailrace.okWith(
        "a:NULL\nNULL:x\n:\n", "produce", "nulls", "--key-separator", ":", "--null", "NULL");

    List<String> records =
        tailrace.ok("consume", "nulls", "--json").jsonLines().stream()
            .map(record -> record.get("key") + "=" + record.get("value"))
            .toList();
    assertEquals(List.of("\"a\"=null", "null=\"x\"", "\"\"=\"\""), records);
  }

  @Test
  void sendsATimestamp() {
    tailrace.ok("topic", "create", "stamped", "--config", "retention.ms=-1");
    tailrace.okWith("a\n", "produce", "stamped", "--timestamp", "2023-11-14T22:13:20+0000");

    assertEquals(
        "1700000000000 a\n", tailrace.ok("consume", "stamped", "--format", "%T %v\\n").out());
    Outcome offset = tailrace.run(new byte[0], "produce", "stamped", "--timestamp", "17");
    assertEquals(2, offset.exitCode());
    assertTrue(offset.err().startsWith("tailrace: --timestamp: is not a time; "), offset.err());
  }

  @Test
  void readsBackWhatConsumePrints() {
    tailrace.ok("topic", "create", "first", "--partitions", "3", "--config", "retention.ms=-1");
    tailrace.ok("topic", "create", "second", "--partitions", "3", "--config", "retention.ms=-1");
    byte[] bytes = {'k', ':', (byte) 0xff, 0, '\n', ':', '\n', 'n', ':', 'N', '\n'};
    for (String partition : List.of("0", "2")) {
      Outcome sent =
          tailrace.run(
              bytes,
              "produce",
              "first",
              "--key-separator",
              ":",
              "--null",
              "N",
              "--header",
              "a=1",
              "--header",
              "a=2",
              "--timestamp",
              "1700000000000",
              "--partition",
              partition);
      assertEquals(0, sent.exitCode(), sent.err());
    }
    String printed = all("first");

    Outcome again =
        tailrace.okWith(
            printed, "produce", "second", "--input", "json", "--keep-partitions", "--json");

    assertEquals("{\"sent\":6,\"acknowledged\":6}\n", again.out());
    assertEquals(printed.replace("\"first\"", "\"second\""), all("second"));
  }

  private static String all(String topic) {
    StringBuilder all = new StringBuilder();
    for (String partition : List.of("0", "1", "2")) {
      all.append(tailrace.ok("consume", topic, "--partition", partition, "--json").out());
    }
    return all.toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[1]|is not a JSON object",
        "{\"value\":\"a\"} {}|holds more than one JSON object",
        "{\"key\":\"a\"}|has no \"value\"; write \"value\":null for a record without one",
        "{\"value\":1}|has a \"value\" that is neither a text nor null",
        "{\"valueBase64\":\"%\"}|has a \"valueBase64\" that is not Base64",
        "{\"value\":\"a\",\"timestampMs\":\"x\"}|has a \"timestampMs\" that is not a whole number",
        "{\"value\":\"a\",\"headers\":[{\"value\":\"x\"}]}|has a header without a name",
        "{\"value\":\"a\",\"colour\":1}|has the field \"colour\", which is not known; there are"
            + " key, value, keyBase64, valueBase64, headers, timestampMs, partition, topic and"
            + " offset"
      })
  void saysWhichLineIsNoRecordAndHowManyWereAcknowledged(String line, String problem) {
    tailrace.ok("topic", "create", "bad-json", "--if-not-exists");
    byte[] lines = ("{\"value\":\"ok\"}\n\n" + line + "\n").getBytes(StandardCharsets.UTF_8);

    Outcome outcome = tailrace.run(lines, "produce", "bad-json", "--input", "json");

    assertEquals(2, outcome.exitCode());
    assertEquals(
        "tailrace: --input json: line 3 " + problem + "; 1 record acknowledged\n", outcome.err());
  }

  @Test
  void saysWhatWasAcknowledgedWhenItIsInterrupted() throws Exception {
    tailrace.ok("topic", "create", "interrupted");
    Process producer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "io.tailrace.client.cli.TailraceCommand",
                "--bootstrap",
                cluster.bootstrap(),
                "produce",
                "interrupted")
            .start();
    try (OutputStream lines = producer.getOutputStream()) {
      lines.write("a\nb\n".getBytes(StandardCharsets.UTF_8));
      lines.flush();
      eventually(() -> tailrace.ok("consume", "interrupted").out().equals("a\nb\n"));

      producer.toHandle().destroy(); // SIGTERM, which the JVM treats as Ctrl-C

      assertEquals(
          "tailrace: interrupted; 2 records acknowledged\n",
          new String(producer.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
      assertEquals(143, producer.waitFor());
    } finally {
      producer.destroyForcibly();
    }
  }

  // ---- consume ----

  @Test
  void followsPartitionsThatAreAddedFromTheirStart() throws Exception {
    tailrace.ok("topic", "create", "growing");
    tailrace.okWith("before\nseen\n", "produce", "growing");
    Running follower =
        tailrace.start("consume", "growing", "--from", "1", "--follow", "--max", "5");
    eventually(() -> follower.out().equals("seen\n"));

    tailrace.ok("topic", "alter", "growing", "--partitions", "4");
    for (String partition : List.of("0", "1", "2", "3")) {
      String line = "p" + partition + "\n";
      eventually(
          () ->
              tailrace
                      .run(
                          line.getBytes(StandardCharsets.UTF_8),
                          "produce",
                          "growing",
                          "--partition",
                          partition)
                      .exitCode()
                  == 0);
    }

    assertEquals(
        List.of("p0", "p1", "p2", "p3", "seen"), end(follower).lines().stream().sorted().toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "waits-in-all|3|--from 3 is an offset beyond the end, which is 1 in the longest partition;"
            + " waiting for it",
        "waits-in-one|1|--from 1 is an offset beyond the end of partition 1; waiting for it there"
      })
  void waitsForAnOffsetThatPartitionsHaveNotReached(String topic, String from, String note)
      throws Exception {
    tailrace.ok("topic", "create", topic, "--partitions", "2");
    tailrace.okWith("0\n", "produce", topic, "--partition", "0");
    Running follower =
        tailrace.start(
            "consume", topic, "--from", from, "--follow", "--max", "4", "--format", "%p:%o\\n");
    eventually(() -> follower.err().endsWith("\n"));

    String values =
        IntStream.range(0, Integer.parseInt(from) + 2)
            .mapToObj(i -> i + "\n")
            .collect(Collectors.joining());
    tailrace.okWith(values.substring(2), "produce", topic, "--partition", "0");
    tailrace.okWith(values, "produce", topic, "--partition", "1");

    Outcome outcome = end(follower);
    assertEquals("tailrace: " + note + "\n", outcome.err());
    int first = Integer.parseInt(from);
    assertEquals(
        List.of("0:" + first, "0:" + (first + 1), "1:" + first, "1:" + (first + 1)),
        outcome.lines().stream().sorted().toList());
  }

  private static Outcome end(Running command) throws Exception {
    Outcome outcome = command.outcome().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertEquals(0, outcome.exitCode(), outcome.err());
    return outcome;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--from 1795737000|--from 1795737000 is an offset beyond the end, which is 3 in the longest"
            + " partition; for seconds since 1970 write @1795737000000, in milliseconds|",
        "--from 4|--from 4 is an offset beyond the end, which is 3 in the longest partition|",
        "--from 4 --partition 1|--from 4 is an offset beyond the end, which is 1|",
        "--from 2|--from 2 is an offset beyond the end of partition 1|c",
        "--from 2 --to 4|--from 2 is an offset beyond the end of partition 1|c",
        "--from 2999-01-01T00:00Z|--from 2999-01-01T00:00Z is in the future"
            + " (2999-01-01T00:00:00Z)|",
        "--to 999999999||a b c d",
        "--from 3|--from 3 is an offset beyond the end of partition 1|",
        "--from -1h --to latest||a b c d"
      })
  void saysThatThereIsNothingToReadAndEndsAtTheEndItSaw(String range, String note, String values) {
    tailrace.ok("topic", "create", "ranges", "--partitions", "2", "--if-not-exists");
    if (tailrace.ok("consume", "ranges", "--to", "latest").out().isEmpty()) {
      tailrace.okWith("a\nb\nc\n", "produce", "ranges", "--partition", "0");
      tailrace.okWith("d\n", "produce", "ranges", "--partition", "1");
    }

    Outcome outcome = tailrace.ok(("consume ranges " + range).split(" ", -1));

    assertEquals(note == null ? "" : "tailrace: " + note + "\n", outcome.err());
    assertEquals(
        values == null ? "" : values, String.join(" ", outcome.lines().stream().sorted().toList()));
  }

  @Test
  void beginsAtTheFirstRecordThatIsLeftWhenThoseFromTheOffsetOnAreDeleted() {
    tailrace.ok("topic", "create", "begun");
    tailrace.ok("topic", "create", "begun-copy");
    tailrace.okWith("a\nb\nc\nd\n", "produce", "begun");
    tailrace.ok("topic", "delete-records", "begun", "--partition", "0", "--before", "2");
    String note = "tailrace: records from 1 on were deleted; beginning in partition 0 at 2\n";

    for (String how : List.of("", " --follow --max 2", " --partition 0", " --group begun")) {
      Outcome outcome = tailrace.ok(("consume begun --from 1" + how).split(" ", -1));
      assertEquals(List.of("c", "d"), outcome.lines(), how);
      assertTrue(outcome.err().startsWith(note), outcome.err());
    }
    Outcome copied = tailrace.ok("replay", "begun", "--from", "1", "--into", "begun-copy");
    assertTrue(copied.err().contains(note), copied.err());
    assertEquals(List.of("c", "d"), tailrace.ok("consume", "begun-copy").lines());

    tailrace.ok("topic", "delete-records", "begun", "--partition", "0", "--before", "4");
    assertEquals(List.of(), tailrace.ok("consume", "begun", "--from", "1").lines());
  }

  @Test
  void aGroupWhoseOffsetWasDeletedGoesOnAtTheFirstRecordThatIsLeft() {
    tailrace.ok("topic", "create", "outrun");
    tailrace.okWith("a\nb\nc\nd\n", "produce", "outrun");
    tailrace.ok("consume", "outrun", "--group", "slow", "--max", "1");
    tailrace.ok("topic", "delete-records", "outrun", "--partition", "0", "--before", "2");

    assertEquals(List.of("c", "d"), tailrace.ok("consume", "outrun", "--group", "slow").lines());
  }

  // ---- topic delete-records ----

  @Test
  void deletesTheOldestRecordsOfAPartition() {
    tailrace.ok("topic", "create", "shortened", "--config", "retention.ms=-1");
    tailrace.okWith("a\nb\n", "produce", "shortened", "--timestamp", "1700000000000");
    tailrace.okWith("c\nd\n", "produce", "shortened", "--timestamp", "1700000060000");

    assertEquals(
        "{\"name\":\"shortened\",\"partition\":0,\"logStartOffset\":1}\n", deleteBefore("1").out());
    assertEquals("b\nc\nd\n", tailrace.ok("consume", "shortened").out());
    assertEquals(
        1,
        tailrace
            .ok("topic", "describe", "shortened", "--json")
            .json()
            .at("/partitions/0/logStartOffset")
            .asInt());
    assertEquals(2, deleteBefore("@1700000060000").json().get("logStartOffset").asInt());
    assertEquals(2, deleteBefore("0").json().get("logStartOffset").asInt());

    Outcome beyond =
        tailrace.run(
            new byte[0],
            "topic",
            "delete-records",
            "shortened",
            "--partition",
            "0",
            "--before",
            "5");
    assertEquals(1, beyond.exitCode());
    assertEquals(
        "tailrace: --before: records of shortened-0 can be deleted before an offset up to 4, not 5;"
            + " latest deletes all records that there are\n",
        beyond.err());
    assertEquals(4, deleteBefore("latest").json().get("logStartOffset").asInt());
    assertEquals("", tailrace.ok("consume", "shortened").out());
    tailrace.okWith("e\n", "produce", "shortened");
    assertEquals("4 e\n", tailrace.ok("consume", "shortened", "--format", "%o %v\\n").out());
  }

  private static Outcome deleteBefore(String position) {
    return tailrace.ok(
        "topic", "delete-records", "shortened", "--partition", "0", "--before", position, "--json");
  }

  private static void eventually(Supplier<Boolean> condition) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.get()) {
      assertTrue(System.nanoTime() < giveUpNanos, "did not come to pass");
      Thread.onSpinWait();
    }
  }
}
