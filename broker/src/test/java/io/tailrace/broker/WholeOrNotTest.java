package io.tailrace.broker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.PartitionDescription;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which of its partitions a broker leads after it was killed, lost its power or its directory. */
class WholeOrNotTest {
  private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(60);

  @TempDir Path directory;

  private final FakeMachine machine = new FakeMachine();
  private EmbeddedZooKeeper zookeeper;

  @BeforeEach
  void startZooKeeper() throws IOException {
    zookeeper = EmbeddedZooKeeper.start(directory.resolve("zookeeper"), 0);
  }

  @AfterEach
  void stopZooKeeper() {
    zookeeper.close();
  }

  private Broker start(String data) {
    return start(0, data);
  }

  private Broker start(int id, String data) {
    Map<String, String> settings =
        TestCluster.settings(
            directory,
            Map.of(
                "broker.id",
                "" + id,
                "data.dir",
                directory.resolve(data).toString(),
                "zookeeper.connect",
                zookeeper.connectString()));
    return Broker.start(BrokerConfig.of(settings), Clock.SYSTEM, machine);
  }

  private static TailraceClient connect(Broker broker) {
    return TailraceClient.connect("127.0.0.1:" + broker.address().getPort());
  }

  private static void createAndSend(Broker broker, String topic) {
    try (TailraceClient client = connect(broker)) {
      TestTopics.create(client, Topic.named(topic).partitions(1));
      send(client, topic);
    }
  }

  private static long send(TailraceClient client, String topic) {
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      return producer.send(topic, "key", "value").join().offset();
    }
  }

  private static long send(Broker broker, String topic) {
    try (TailraceClient client = connect(broker)) {
      return send(client, topic);
    }
  }

  private static OptionalInt leader(Broker broker, String topic) {
    try (TailraceClient client = connect(broker)) {
      return client.admin().describeTopic(topic).join().partitions().get(0).leader();
    }
  }

  /** The directory as a kill leaves it: what the process has written, and no clean end. */
  private void copyOfRunning(String from, String to) throws IOException {
    Path source = directory.resolve(from);
    try (Stream<Path> files = Files.walk(source)) {
      for (Path file : files.toList()) {
        String relative = source.relativize(file).toString();
        if (!relative.startsWith("broker.")) {
          Files.copy(file, directory.resolve(to).resolve(relative));
        }
      }
    }
  }

  @Test
  void theOnlyReplicaLeadsAgainByItselfAfterAKillAndAfterAPowerCut() throws IOException {
    try (Broker broker = start("first")) {
      createAndSend(broker, "orders");
      copyOfRunning("first", "killed");
    }
    try (Broker broker = start("killed")) {
      assertEquals(1, send(broker, "orders"));
      copyOfRunning("killed", "cut");
    }
    machine.stop();
    try (Broker broker = start("cut")) {
      assertEquals(2, send(broker, "orders"));
    }
  }

  @Test
  void aNewDirectoryDoesNotLeadWhatWasInTheOldOne() {
    try (Broker broker = start("first")) {
      createAndSend(broker, "orders");
    }
    try (Broker broker = start("second")) {
      createAndSend(broker, "payments");
      assertTrue(leader(broker, "orders").isEmpty());
    }
    try (Broker broker = start("first")) {
      assertEquals(1, send(broker, "orders"));
      assertTrue(leader(broker, "payments").isEmpty());
    }
  }

  @Test
  void aBrokerThatRegistersAgainNotesThatToo() throws Exception {
    Path note = directory.resolve("first").resolve("registration.properties");
    ZooKeeper outsider = new ZooKeeper(zookeeper.connectString(), 10_000, event -> {});
    try (Broker broker = start("first")) {
      createAndSend(broker, "orders");
      assertTrue(Files.readString(note).contains("broker.epoch=1\n"));
      outsider.delete("/tailrace/brokers/0/live", -1);
      await(() -> Files.readString(note).contains("broker.epoch=2\n"));
      assertEquals(1, send(broker, "orders"));
      copyOfRunning("first", "killed");
    } finally {
      outsider.close();
    }
    try (Broker broker = start("killed")) {
      assertEquals(2, send(broker, "orders"));
    }
  }

  @Test
  void whenAllReplicasLostPowerTheOneWithTheLargestLogLeads() throws Exception {
    int preferred;
    try (Broker first = start(0, "data-0");
        Broker second = start(1, "data-1");
        TailraceClient client = connect(first)) {
      client
          .admin()
          .createTopic(
              Topic.named("orders")
                  .partitions(1)
                  .replicationFactor(2)
                  .config("min.insync.replicas", "2"))
          .join();
      await(() -> describe(client).inSyncReplicas().size() == 2);
      preferred = describe(client).replicas().get(0);
      send(second, "orders");
      copyOfRunning("data-" + preferred, "cut-" + preferred);
      send(client, "orders");
      send(client, "orders");
      copyOfRunning("data-" + (1 - preferred), "cut-" + (1 - preferred));
    }
    machine.stop();
    try (Broker shorter = start(preferred, "cut-" + preferred)) {
      assertTrue(leader(shorter, "orders").isEmpty(), "the other one may have more");
      try (Broker longer = start(1 - preferred, "cut-" + (1 - preferred));
          TailraceClient client = connect(longer)) {
        await(() -> describe(client).leader().isPresent());
        assertEquals(1 - preferred, describe(client).leader().getAsInt());
        await(() -> describe(client).inSyncReplicas().size() == 2);
        assertEquals(3, send(client, "orders"));
      }
    }
  }

  private static PartitionDescription describe(TailraceClient client) {
    return client.admin().describeTopic("orders").join().partitions().get(0);
  }

  private static void await(Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + DEADLINE_NS;
    while (!condition.call()) {
      assertTrue(System.nanoTime() < deadline, "not in time");
      Thread.onSpinWait();
    }
  }
}
