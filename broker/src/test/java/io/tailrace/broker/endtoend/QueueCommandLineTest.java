package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.TestCluster;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Exchanges and queues from the command line, against a real broker. */
@Timeout(180)
class QueueCommandLineTest {
  @TempDir static Path directory;
  private static final byte[] NOTHING = {};

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

  private static JsonNode describe(String queue) {
    return tailrace.ok("queue", "describe", queue, "--json").json();
  }

  @Test
  void routesReceivesAndCounts() {
    tailrace.ok("exchange", "create", "orders", "--type", "topic");
    tailrace.ok("queue", "create", "mails", "--bind", "orders:eu.#", "--bind", "orders:us.vip");
    tailrace.okWith("one\ntwo\n", "publish", "orders", "--routing-key", "eu.new");
    tailrace.okWith("no\n", "publish", "orders", "--routing-key", "us.new");
    tailrace.okWith("three\n", "publish", "orders", "--routing-key", "us.vip");

    tailrace.okWith("none\n", "publish", "orders", "--routing-key", "us.new");
    CommandLine.Outcome unmatched =
        tailrace.run(
            "x\ny\n".getBytes(StandardCharsets.UTF_8),
            "publish",
            "orders",
            "--routing-key",
            "us.new",
            "--mandatory");
    assertEquals(1, unmatched.exitCode());
    assertTrue(unmatched.err().contains("no queue matches 2 messages"), unmatched.err());
    assertEquals(3, describe("mails").get("ready").asInt());
    assertEquals(
        0,
        tailrace
            .okWith(
                "later\n",
                "publish",
                "orders",
                "--routing-key",
                "us.vip",
                "--mandatory",
                "--deliver-after",
                "1h",
                "--json")
            .json()
            .get("unrouted")
            .size());
    assertEquals(1, describe("mails").get("delayed").asInt());
    assertEquals("one\n", tailrace.ok("queue", "receive", "mails", "--max", "1").out());
    assertEquals(
        "two\n", tailrace.ok("queue", "receive", "mails", "--max", "1", "--ack", "reject").out());
    assertEquals(
        "three\n", tailrace.ok("queue", "receive", "mails", "--max", "1", "--ack", "none").out());
    JsonNode now = describe("mails");
    assertEquals(1, now.get("ready").asInt());
    assertEquals(0, now.get("inFlight").asInt());
    assertEquals(2, now.get("bindings").size());
    assertTrue(now.get("oldestUnsettledMs").asLong() >= 0);
    assertEquals("purged 2 messages\n", tailrace.ok("queue", "purge", "mails").out());

    tailrace.ok("queue", "unbind", "mails", "--exchange", "orders", "--binding-key", "eu.#");
    tailrace.ok("queue", "bind", "mails", "--exchange", "orders", "--binding-key", "asia");
    assertTrue(tailrace.ok("queue", "list").out().contains("mails"));
    assertTrue(tailrace.ok("exchange", "list").out().contains("orders"));
    assertEquals(1, tailrace.run(NOTHING, "exchange", "delete", "orders").exitCode());
    tailrace.ok("exchange", "delete", "orders", "--force");
    tailrace.ok("queue", "delete", "mails");
    assertEquals(1, tailrace.run(NOTHING, "queue", "describe", "mails").exitCode());
  }

  @Test
  void showsDeadLettersAndSendsThemBack() {
    tailrace.ok("queue", "create", "bills");
    tailrace.okWith("one\ntwo\n", "produce", "bills");
    assertEquals(1, tailrace.run(NOTHING, "dlq", "browse", "bills").exitCode());
    tailrace.ok("queue", "receive", "bills", "--max", "2", "--ack", "reject");
    awaitDeadLetters("bills.dlq", 2);

    assertEquals(
        "one bills rejected\ntwo bills rejected\n",
        tailrace
            .ok("dlq", "browse", "bills", "--format", "%v %h\\n")
            .out()
            .replaceAll("dead-letter-reason=([a-z]+),dead-letter-queue=([a-z]+).*", "$2 $1"));
    assertEquals(
        "ready",
        tailrace.ok("dlq", "browse", "bills", "--max", "1", "--json").json().get("state").asText());
    assertEquals("bills", tailrace.ok("dlq", "list", "--json").json().get(0).get("queue").asText());
    assertEquals(
        "would redrive 2 messages\n", tailrace.ok("dlq", "redrive", "bills", "--dry-run").out());
    assertEquals("redrove 1 message\n", tailrace.ok("dlq", "redrive", "bills", "--max", "1").out());
    assertEquals("one\n", tailrace.ok("queue", "receive", "bills", "--max", "1").out());
    assertEquals("purged 1 message\n", tailrace.ok("dlq", "purge", "bills.dlq").out());
    assertEquals(2, tailrace.run(NOTHING, "dlq", "redrive", "bills", "--from", "soon").exitCode());
    assertEquals(2, tailrace.run(NOTHING, "dlq", "redrive", "bills", "--max", "0").exitCode());
  }

  private static void awaitDeadLetters(String queue, int count) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (tailrace.run(NOTHING, "queue", "describe", queue).exitCode() != 0
        || describe(queue).get("ready").asInt() != count) {
      assertTrue(System.nanoTime() < deadline, "no " + count + " dead letters in " + queue);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  @Test
  void aMessageWhoseTimeToLiveIsOverIsADeadLetter() {
    tailrace.ok("exchange", "create", "flashes", "--type", "fanout");
    tailrace.ok("queue", "create", "brief", "--bind", "flashes");
    tailrace.okWith("stays\n", "publish", "flashes", "--routing-key", "k");
    tailrace.okWith("behind it\n", "publish", "flashes", "--routing-key", "k", "--ttl", "1ms");

    assertEquals(
        "stays\n",
        tailrace.ok("queue", "receive", "brief", "--max", "2", "--wait", "50ms").out(),
        "the other one is never delivered");
    awaitDeadLetters("brief.dlq", 1);
    tailrace.okWith("alone\n", "publish", "flashes", "--routing-key", "k", "--ttl", "20ms");
    awaitDeadLetters("brief.dlq", 2);
    assertEquals(
        "behind it expired\nalone expired\n",
        tailrace
            .ok("dlq", "browse", "brief", "--format", "%v %h\\n")
            .out()
            .replaceAll("routing-key=k,dead-letter-reason=([a-z]+),.*", "$1"));
    assertEquals("redrove 2 messages\n", tailrace.ok("dlq", "redrive", "brief").out());
    assertEquals(
        "behind it\nalone\n", tailrace.ok("queue", "receive", "brief", "--max", "2").out());
    assertEquals(
        2,
        tailrace
            .run(NOTHING, "publish", "flashes", "--routing-key", "k", "--ttl", "0s")
            .exitCode());
  }

  @Test
  void replaysAndFillsIn() {
    tailrace.ok("exchange", "create", "archive", "--type", "topic");
    tailrace.ok("queue", "create", "past", "--bind", "archive:eu.#");
    tailrace.okWith("one\n", "publish", "archive", "--routing-key", "eu.a");
    tailrace.okWith("two\n", "publish", "archive", "--routing-key", "us.a");
    tailrace.okWith("both\n", "publish", "archive", "--routing-key", "eu.us");
    assertEquals("one\nboth\n", tailrace.ok("queue", "receive", "past", "--max", "2").out());

    JsonNode range =
        tailrace
            .ok("queue", "replay", "past", "--from", "earliest", "--json")
            .json()
            .get("ranges")
            .get(0);
    assertEquals("replay", range.get("kind").asText());
    assertEquals(3, range.get("to").asInt() - range.get("from").asInt());
    assertEquals("one\nboth\n", tailrace.ok("queue", "receive", "past", "--max", "2").out());
    awaitNoRanges("past");

    String[] bind = {
      "queue",
      "bind",
      "past",
      "--exchange",
      "archive",
      "--binding-key",
      "*.us",
      "--binding-key",
      "us.*",
      "--from",
      "earliest",
      "--json"
    };
    assertEquals("back-fill", tailrace.ok(bind).json().get("ranges").get(0).get("kind").asText());
    assertEquals("two\n", tailrace.ok("queue", "receive", "past", "--max", "3").out());
    awaitNoRanges("past");
    assertEquals(0, tailrace.ok(bind).json().get("ranges").size(), "nothing is filled in twice");

    tailrace.ok("queue", "replay", "past", "--from", "1");
    assertEquals(1, describe("past").get("ranges").size());
    assertEquals(
        1,
        tailrace
            .ok("queue", "replay", "past", "--cancel", "--json")
            .json()
            .get("cancelled")
            .asInt());
    assertEquals("", tailrace.ok("queue", "receive", "past", "--wait", "10ms").out());
    assertEquals(2, tailrace.run(NOTHING, "queue", "replay", "past").exitCode());
    assertEquals(2, tailrace.run(NOTHING, "queue", "replay", "past", "--from", "x").exitCode());
  }

  @Test
  void anInboxKeepsWhatIsSettledForReplaysWhenItIsToldTo() {
    tailrace.ok("queue", "create", "kept", "--retain", "1h");
    tailrace.ok("queue", "create", "plain");
    for (String queue : List.of("kept", "plain")) {
      tailrace.okWith("once\n", "produce", queue);
      assertEquals("once\n", tailrace.ok("queue", "receive", queue).out());
    }
    awaitLogStart("plain.inbox", 1);

    assertEquals(
        0,
        tailrace
            .ok("queue", "replay", "plain", "--from", "earliest", "--json")
            .json()
            .get("ranges")
            .size());
    tailrace.ok("queue", "replay", "kept", "--from", "earliest");
    assertEquals("once\n", tailrace.ok("queue", "receive", "kept").out());
    assertEquals(2, tailrace.run(NOTHING, "queue", "create", "x", "--retain", "0s").exitCode());
  }

  private static void awaitLogStart(String topic, long offset) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (tailrace
            .ok("topic", "describe", topic, "--json")
            .json()
            .get("partitions")
            .get(0)
            .get("logStartOffset")
            .asLong()
        != offset) {
      assertTrue(System.nanoTime() < deadline, topic + " does not begin at " + offset);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  @Test
  void deletesAQueueThatNobodyUses() {
    tailrace.ok("queue", "create", "unused", "--expires", "1s");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (tailrace.run(NOTHING, "queue", "describe", "unused").exitCode() == 0) {
      assertTrue(System.nanoTime() < deadline, "the queue is still there");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
    assertEquals(2, tailrace.run(NOTHING, "queue", "create", "x", "--expires", "9ms").exitCode());
  }

  private static void awaitNoRanges(String queue) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (describe(queue).get("ranges").size() != 0) {
      assertTrue(System.nanoTime() < deadline, "a replay or back-fill of " + queue + " goes on");
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  @Test
  void producingToABoundQueueMakesItsInbox() {
    tailrace.ok("exchange", "create", "news", "--type", "fanout");
    tailrace.ok("queue", "create", "readers", "--bind", "news");
    tailrace.okWith("all\n", "publish", "news", "--routing-key", "k");
    tailrace.okWith("direct\n", "produce", "readers");
    tailrace.okWith("again\n", "produce", "readers");

    List<String> received = tailrace.ok("queue", "receive", "readers", "--max", "3").lines();
    assertEquals(Set.of("all", "direct", "again"), Set.copyOf(received));
    assertEquals(1, tailrace.run(NOTHING, "produce", "nobody").exitCode());
    tailrace.ok("queue", "delete", "readers");
    assertEquals(1, tailrace.run(NOTHING, "topic", "describe", "readers.inbox").exitCode());
  }

  @Test
  void producesToAWorkQueueByItsName() {
    tailrace.ok("queue", "create", "jobs", "--max-deliveries", "2", "--backoff", "0s,1,0s");
    tailrace.okWith("a\nb\n", "produce", "jobs");

    assertEquals("a\nb\n", tailrace.ok("queue", "receive", "jobs", "--max", "2").out());
    assertEquals("", tailrace.ok("queue", "receive", "jobs", "--wait", "10ms").out());
    assertEquals(2, tailrace.run(NOTHING, "queue", "create", "x", "--backoff", "soon").exitCode());
    assertEquals(2, tailrace.run(NOTHING, "queue", "receive", "jobs", "--ack", "maybe").exitCode());
  }
}
