package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.tailrace.broker.testkit.CommandLine;
import io.tailrace.broker.testkit.TestCluster;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Exchanges and queues from the command line, against a real broker. */
@Timeout(60)
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

    assertEquals(3, describe("mails").get("ready").asInt());
    assertEquals("one\n", tailrace.ok("queue", "receive", "mails", "--max", "1").out());
    assertEquals(
        "two\n", tailrace.ok("queue", "receive", "mails", "--max", "1", "--ack", "reject").out());
    assertEquals(
        "three\n", tailrace.ok("queue", "receive", "mails", "--max", "1", "--ack", "none").out());
    JsonNode now = describe("mails");
    assertEquals(1, now.get("ready").asInt());
    assertEquals(0, now.get("inFlight").asInt());
    assertEquals(1, now.get("setAside").asInt());
    assertEquals(2, now.get("bindings").size());
    assertTrue(now.get("oldestUnsettledMs").asLong() >= 0);
    assertEquals("purged 1 message\n", tailrace.ok("queue", "purge", "mails").out());

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
  void producesToAWorkQueueByItsName() {
    tailrace.ok("queue", "create", "jobs", "--max-deliveries", "2", "--backoff", "0s,1,0s");
    tailrace.okWith("a\nb\n", "produce", "jobs");

    assertEquals("a\nb\n", tailrace.ok("queue", "receive", "jobs", "--max", "2").out());
    assertEquals("", tailrace.ok("queue", "receive", "jobs", "--wait", "10ms").out());
    assertEquals(2, tailrace.run(NOTHING, "queue", "create", "x", "--backoff", "soon").exitCode());
    assertEquals(2, tailrace.run(NOTHING, "queue", "receive", "jobs", "--ack", "maybe").exitCode());
  }
}
