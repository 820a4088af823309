package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.Broker;
import io.tailrace.broker.StartupException;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A data directory belongs to one cluster: a broker uses it with no other, and takes no harm. */
class ClusterIdentityTest {
  private static final int BAD_USAGE = 2;

  @TempDir Path directory;

  private Path data() {
    return directory.resolve("data");
  }

  private static void produce(TestCluster cluster) {
    try (TailraceClient client = cluster.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("orders"));
      producer.send("orders", "k", "v").join();
    }
  }

  private static long nextOffset(TestCluster cluster) {
    try (TailraceClient client = cluster.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      return producer.send("orders", "k", "v").join().offset();
    }
  }

  private static BrokerProcess.Ended run(Path data, String... more) {
    String[] settings = {
      "--set",
      "listener=127.0.0.1:0",
      "--set",
      "http.listener=127.0.0.1:0",
      "--set",
      "data.dir=" + data
    };
    String[] all = Arrays.copyOf(settings, settings.length + more.length);
    System.arraycopy(more, 0, all, settings.length, more.length);
    return BrokerProcess.runToEnd(all);
  }

  @Test
  void refusesToStartWithoutTheEmbeddedZooKeepersDataAndStartsWhenTheyAreBack() throws IOException {
    try (TestCluster cluster = TestCluster.start(directory)) {
      produce(cluster);
    }
    Path zooKeeper = data().resolve("zookeeper");
    Path moved = Files.move(zooKeeper, directory.resolve("moved"));

    BrokerProcess.Ended ended = run(data());

    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    assertTrue(ended.output().contains("restore " + zooKeeper), ended.output());
    assertFalse(Files.exists(zooKeeper), "a new ZooKeeper was made");

    Files.createDirectory(zooKeeper);
    ended = run(data());
    assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
    assertTrue(ended.output().contains("but ZooKeeper holds no cluster"), ended.output());
    assertTrue(ended.output().contains(data().toString()), ended.output());

    Files.move(zooKeeper, directory.resolve("empty"));
    Files.move(moved, zooKeeper);
    try (TestCluster cluster = TestCluster.start(directory)) {
      assertEquals(1, nextOffset(cluster));
    }
  }

  @Test
  void refusesLogsWithoutAnIdentityToAnEmptyZooKeeperButNotToTheirOwn() throws IOException {
    try (TestCluster cluster = TestCluster.start(directory)) {
      produce(cluster);
    }
    Files.delete(data().resolve("directory.properties"));
    try (EmbeddedZooKeeper empty = EmbeddedZooKeeper.start(directory.resolve("zookeeper"), 0)) {
      StartupException refused = refused(Map.of("zookeeper.connect", empty.connectString()));
      assertTrue(refused.getMessage().contains("holds no cluster"), refused.getMessage());
      assertFalse(Files.exists(data().resolve("directory.properties")));
    }
    try (TestCluster cluster = TestCluster.start(directory)) {
      assertFalse(cluster.broker().address().isUnresolved());
      assertTrue(Files.exists(data().resolve("directory.properties")));
    }
  }

  private StartupException refused(Map<String, String> settings) {
    BrokerConfig config = BrokerConfig.of(TestCluster.settings(directory, settings));
    return assertThrows(StartupException.class, () -> Broker.start(config, Clock.SYSTEM).close());
  }

  @Test
  void refusesTheIdOfAnotherLiveBroker() throws IOException {
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(directory.resolve("zookeeper"), 0);
        TestCluster cluster =
            TestCluster.start(directory, Map.of("zookeeper.connect", zooKeeper.connectString()))) {
      assertFalse(cluster.broker().address().isUnresolved());

      BrokerProcess.Ended ended =
          run(
              directory.resolve("second"),
              "--set",
              "zookeeper.connect=" + zooKeeper.connectString());

      assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
      assertTrue(ended.output().contains("broker id 0 is taken"), ended.output());
    }
  }

  @Test
  void refusesTheZooKeeperOfAnotherClusterAndNamesBoth() throws IOException {
    try (TestCluster cluster = TestCluster.start(directory)) {
      produce(cluster);
    }
    String mine = clusterId(data());
    Path other = Files.createDirectory(directory.resolve("other"));
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(other.resolve("zookeeper"), 0);
        TestCluster second =
            TestCluster.start(other, Map.of("zookeeper.connect", zooKeeper.connectString()))) {
      produce(second);
      String theirs = clusterId(other.resolve("data"));

      BrokerProcess.Ended ended =
          run(data(), "--set", "zookeeper.connect=" + zooKeeper.connectString());

      assertEquals(BAD_USAGE, ended.exitCode(), ended.output());
      for (String expected :
          new String[] {data().toString(), mine, theirs, "set zookeeper.connect"}) {
        assertTrue(ended.output().contains(expected), expected + "\n" + ended.output());
      }
    }
    try (TestCluster cluster = TestCluster.start(directory)) {
      assertEquals(1, nextOffset(cluster));
    }
  }

  private static String clusterId(Path data) throws IOException {
    return Files.readAllLines(data.resolve("directory.properties")).stream()
        .filter(line -> line.startsWith("cluster.id="))
        .findFirst()
        .orElseThrow()
        .substring("cluster.id=".length());
  }

  @Test
  void aStartThatWasRefusedForItsBrokerIdSucceedsWithAnother() throws IOException {
    try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(directory.resolve("zookeeper"), 0)) {
      Map<String, String> shared = Map.of("zookeeper.connect", zooKeeper.connectString());
      Path other = Files.createDirectory(directory.resolve("other"));
      try (TestCluster first = TestCluster.start(other, shared)) {
        assertFalse(first.broker().address().isUnresolved());
        StartupException refused = refused(shared);
        assertTrue(refused.getMessage().contains("is taken"), refused.getMessage());
        assertFalse(Files.exists(data().resolve("directory.properties")), "an identity was left");
        try (TestCluster second =
            TestCluster.start(
                directory,
                Map.of("zookeeper.connect", zooKeeper.connectString(), "broker.id", "1"))) {
          assertFalse(second.broker().address().isUnresolved());
        }
      }
    }
  }

  @Test
  void namesADamagedIdentityAndItsMend() throws IOException {
    try (TestCluster cluster = TestCluster.start(directory)) {
      produce(cluster);
    }
    Path file = data().resolve("directory.properties");
    String intact = Files.readString(file);
    for (String damaged :
        new String[] {"", "\0\0\0", intact.replace("broker.id=0", "broker.id=7")}) {
      Files.writeString(file, damaged);
      StartupException refused = refused(Map.of());
      assertTrue(refused.getMessage().contains(file + " is damaged"), refused.getMessage());
      assertTrue(refused.getMessage().contains("or remove it"), refused.getMessage());
    }
    Files.writeString(file, intact);
    try (TestCluster cluster = TestCluster.start(directory)) {
      assertEquals(1, nextOffset(cluster));
    }
  }
}
