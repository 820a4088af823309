package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.CommandLine.Outcome;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.client.Consumer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineGroupTest {
  @TempDir private static Path directory;

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

  private static void produce(String topic, int from, int to) {
    String lines =
        IntStream.range(from, to).mapToObj(i -> "v" + i + "\n").collect(Collectors.joining());
    tailrace.okWith(lines, "produce", topic, "--partition", "0");
  }

  @Test
  void aGroupGoesOnWhereItHasCommitted() {
    tailrace.ok("topic", "create", "orders", "--partitions", "2");
    produce("orders", 0, 10);
    assertEquals(
        List.of("v0", "v1", "v2"),
        tailrace.ok("consume", "orders", "--group", "billing", "--max", "3").lines());
    assertEquals(7, tailrace.ok("consume", "orders", "--group", "billing").lines().size());
    assertEquals(List.of(), tailrace.ok("consume", "orders", "--group", "billing").lines());
    produce("orders", 10, 12);
    assertEquals(
        List.of("v10", "v11"), tailrace.ok("consume", "orders", "--group", "billing").lines());
    assertEquals(
        12,
        tailrace.ok("consume", "orders", "--group", "another").lines().size(),
        "its own offsets");
  }

  @Test
  void groupsAreListedDescribedResetAndDeleted() {
    tailrace.ok("topic", "create", "clicks", "--partitions", "1");
    produce("clicks", 0, 5);
    tailrace.ok("consume", "clicks", "--group", "counting", "--max", "2");

    JsonNode described = tailrace.ok("--json", "group", "describe", "counting").json();
    assertEquals("empty", described.get("state").asText());
    JsonNode partition = described.get("partitions").get(0);
    assertEquals(2, partition.get("committedOffset").asLong());
    assertEquals(3, partition.get("lag").asLong());
    long age = partition.get("lagMs").asLong(-1);
    assertTrue(age >= 0 && age < 60_000, "the first unread record is young: " + age);
    assertTrue(
        tailrace.ok("group", "list").lines().stream().anyMatch(line -> line.contains("counting")));

    JsonNode dry =
        tailrace
            .ok(
                "--json",
                "group",
                "reset",
                "counting",
                "--topic",
                "clicks",
                "--to",
                "+1",
                "--dry-run")
            .json();
    assertEquals(3, dry.get("partitions").get(0).get("offset").asLong());
    assertEquals(
        List.of("v2"),
        tailrace.ok("consume", "clicks", "--group", "counting", "--max", "1").lines());
    tailrace.ok("group", "reset", "counting", "--topic", "clicks", "--to", "earliest");
    assertEquals(5, tailrace.ok("consume", "clicks", "--group", "counting").lines().size());

    tailrace.ok("group", "delete", "counting");
    Outcome gone = tailrace.run(new byte[0], "group", "describe", "counting");
    assertEquals(1, gone.exitCode());
    assertTrue(gone.err().contains("there is no group 'counting'"), gone.err());
  }

  @Test
  void aGroupWithMembersIsNeitherResetNorDeleted() {
    tailrace.ok("topic", "create", "busy");
    try (TailraceClient client = cluster.client();
        Consumer<String, String> member =
            client
                .consumer(Serdes.string(), Serdes.string())
                .group("g")
                .subscribe("busy")
                .build()) {
      while (member.assignment().isEmpty()) {
        member.poll(Duration.ofMillis(20));
      }
      Outcome reset =
          tailrace.run(new byte[0], "group", "reset", "g", "--topic", "busy", "--to", "0");
      assertEquals(1, reset.exitCode());
      assertTrue(reset.err().contains("group 'g' has 1 member; stop them first"), reset.err());
      Outcome deleted = tailrace.run(new byte[0], "group", "delete", "g");
      assertEquals(1, deleted.exitCode());
      assertTrue(deleted.err().contains("stop them first"), deleted.err());
    }
  }

  @Test
  void theTopicOfTheOffsetsIsListedOnlyWhenAskedFor() {
    tailrace.ok("topic", "create", "shown");
    tailrace.ok("consume", "shown", "--group", "any");
    assertTrue(
        tailrace.ok("topic", "list").lines().stream().noneMatch(line -> line.contains("__")));
    assertTrue(
        tailrace.ok("topic", "list", "--internal").lines().stream()
            .anyMatch(line -> line.startsWith("__consumer_offsets")));
  }
}
