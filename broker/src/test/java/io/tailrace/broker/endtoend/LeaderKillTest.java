package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Admin;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three broker processes, whose leaders are killed and frozen in turn in the middle of work, and
 * replaced long before their sessions with ZooKeeper expire.
 */
class LeaderKillTest {
  private static final int BROKERS = 3;
  private static final int ROUNDS = Integer.getInteger("tailrace.test.leaderKillRounds", 2);
  private static final int SESSION_TIMEOUT_MS = 20_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir static Path directory;
  private static EmbeddedZooKeeper zookeeper;
  private static final List<BrokerProcess> brokers = new ArrayList<>();
  private static TailraceClient client;
  private static Admin admin;

  @BeforeAll
  static void start() throws Exception {
    zookeeper = EmbeddedZooKeeper.start(directory.resolve("zk"), 0);
    for (int id = 0; id < BROKERS; id++) {
      brokers.add(
          BrokerProcess.start(
              directory.resolve("broker-" + id),
              Map.of(
                  "broker.id", Integer.toString(id),
                  "zookeeper.connect", zookeeper.connectString(),
                  "zookeeper.session.timeout.ms", Integer.toString(SESSION_TIMEOUT_MS),
                  "replica.lag.time.max.ms", Integer.toString(2 * SESSION_TIMEOUT_MS),
                  "default.replication.factor", "3",
                  "min.insync.replicas", "2")));
    }
    String bootstrap =
        brokers.stream().map(BrokerProcess::listener).collect(Collectors.joining(","));
    client = TailraceClient.connect(bootstrap);
    admin = client.admin();
  }

  @AfterAll
  static void stop() {
    if (client != null) {
      client.close();
    }
    brokers.forEach(BrokerProcess::close);
    zookeeper.close();
  }

  @Test
  void keepsEveryAcknowledgedRecordExactlyOnceWhenLeadersAreKilledOrFrozen() {
    TestTopics.create(client, Topic.named("replicated").partitions(3));
    KillUnderLoad.run(
        client, "replicated", ROUNDS, () -> strike("replicated"), () -> heal("replicated"));
  }

  @Test
  void losesNoMessageAndReturnsNoneThatWasAcknowledgedWhenLeadersAreKilledOrFrozen()
      throws Exception {
    WorkUnderLoad.run(client, "work", ROUNDS, () -> strike("work.inbox"), () -> heal("work.inbox"));
  }

  private int strikes;
  private Runnable remedy;

  private void strike(String topic) {
    int leader = admin.describeTopic(topic).join().partitions().get(0).leader().orElseThrow();
    remedy = strikes++ % 2 == 0 ? kill(leader) : freeze(leader);
    awaitAllLedWithout(topic, leader);
  }

  private static Runnable kill(int id) {
    brokers.get(id).kill();
    return brokers.get(id)::start;
  }

  private static Runnable freeze(int id) {
    brokers.get(id).freeze();
    return brokers.get(id)::thaw;
  }

  private void heal(String topic) {
    remedy.run();
    awaitAllInSync(topic);
  }

  private static void awaitAllLedWithout(String topic, int killed) {
    long giveUpNanos = System.nanoTime() + Duration.ofMillis(SESSION_TIMEOUT_MS / 2).toNanos();
    while (!admin.describeTopic(topic).join().partitions().stream()
        .allMatch(each -> each.leader().isPresent() && each.leader().getAsInt() != killed)) {
      assertTrue(System.nanoTime() < giveUpNanos, "only the session's end is noticed");
      Thread.onSpinWait();
    }
  }

  private static void awaitAllInSync(String topic) {
    long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!admin.describeTopic(topic).join().partitions().stream()
        .allMatch(each -> each.inSyncReplicas().size() == BROKERS)) {
      assertTrue(System.nanoTime() < giveUpNanos, "a replica stays out of sync");
      Thread.onSpinWait();
    }
  }
}
