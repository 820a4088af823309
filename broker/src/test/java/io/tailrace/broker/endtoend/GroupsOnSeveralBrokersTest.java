package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.Broker;
import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.client.Consumer;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.GroupSummary;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import io.tailrace.protocol.port.Clock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Groups whose coordinators are different brokers. */
class GroupsOnSeveralBrokersTest {
  private static final int GROUPS = 6;
  private static final long AWAIT_NANOS = 30_000_000_000L;

  @TempDir private Path directory;

  @Test
  void everyGroupFindsItsCoordinator() throws Exception {
    List<AutoCloseable> open = new ArrayList<>();
    EmbeddedZooKeeper zookeeper = EmbeddedZooKeeper.start(directory.resolve("zookeeper"), 0);
    open.add(zookeeper);
    try {
      List<Broker> brokers = new ArrayList<>();
      for (int id = 0; id < 3; id++) {
        Broker broker =
            Broker.start(
                BrokerConfig.of(
                    TestCluster.settings(
                        directory.resolve("broker-" + id),
                        Map.of(
                            "broker.id", Integer.toString(id),
                            "zookeeper.connect", zookeeper.connectString()))),
                Clock.SYSTEM);
        open.add(broker);
        brokers.add(broker);
      }
      TailraceClient client =
          TailraceClient.connect("127.0.0.1:" + brokers.get(2).address().getPort());
      open.add(client);
      useGroups(client);
    } finally {
      for (int i = open.size() - 1; i >= 0; i--) {
        open.get(i).close();
      }
    }
  }

  private static void useGroups(TailraceClient client) {
    client.admin().createTopic(Topic.named("t").partitions(6)).join();
    Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
    for (int i = 0; i < 12; i++) {
      producer.send(Message.<String, String>of("v" + i).partition(i % 6).to("t")).join();
    }
    for (int group = 0; group < GROUPS; group++) {
      List<String> values = new ArrayList<>();
      try (Consumer<String, String> consumer =
          client
              .consumer(Serdes.string(), Serdes.string())
              .group("group-" + group)
              .subscribe("t")
              .build()) {
        long deadline = System.nanoTime() + AWAIT_NANOS;
        while (values.size() < 12) {
          assertTrue(System.nanoTime() < deadline, values.toString());
          consumer.poll(Duration.ofMillis(50)).stream()
              .map(ConsumerRecord::value)
              .forEach(values::add);
        }
        consumer.commit();
      }
      assertEquals(6, client.admin().groupOffsets("group-" + group).join().size());
    }
    assertEquals(
        GROUPS, client.admin().listGroups().join().stream().map(GroupSummary::name).count());
  }
}
