package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.coordinator.zookeeper.EmbeddedZooKeeper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /health} tells of a broker with which something is wrong. */
class HealthTest {
  private static final long DEADLINE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path directory;

  private static HttpResponse<String> ask(TestCluster cluster) throws Exception {
    URI uri =
        URI.create("http://127.0.0.1:" + cluster.broker().httpAddress().getPort() + "/health");
    return HTTP.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode await(TestCluster cluster, String status) throws Exception {
    long deadline = System.nanoTime() + DEADLINE_NANOS;
    HttpResponse<String> answer = ask(cluster);
    JsonNode body = new ObjectMapper().readTree(answer.body());
    while (!body.get("status").asText().equals(status)) {
      assertTrue(System.nanoTime() < deadline, answer.body());
      LockSupport.parkNanos(PAUSE_NANOS);
      answer = ask(cluster);
      body = new ObjectMapper().readTree(answer.body());
    }
    assertEquals(status.equals("DOWN") ? 503 : 200, answer.statusCode());
    return body;
  }

  @Test
  void isDownWhileZooKeeperIsAwayAndLeadersServeOn() throws Exception {
    Path data = directory.resolve("zookeeper");
    EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(data, 0);
    int port = zooKeeper.port();
    try (TestCluster cluster =
            TestCluster.start(directory, Map.of("zookeeper.connect", zooKeeper.connectString()));
        TailraceClient client = cluster.client();
        Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      TestTopics.create(client, Topic.named("orders"));
      assertEquals(0, producer.send("orders", "k", "v").join().offset());
      assertEquals("", await(cluster, "UP").get("reason").asText());

      zooKeeper.close();
      JsonNode away = await(cluster, "DOWN");

      assertEquals("AWAY", away.get("zooKeeper").asText());
      assertEquals("ZOOKEEPER_AWAY", away.get("faults").get(0).asText());
      assertTrue(away.get("reason").asText().contains("ZooKeeper is away since 20"), away + "");
      assertEquals(1, producer.send("orders", "k", "v").join().offset());

      zooKeeper = EmbeddedZooKeeper.start(data, port);
      await(cluster, "UP");
      assertEquals(2, producer.send("orders", "k", "v").join().offset());
    } finally {
      zooKeeper.close();
    }
  }

  @Test
  void isDownWhileZooKeeperHoldsNoClusterAndNothingIsServedThen() throws Exception {
    Path data = directory.resolve("zookeeper");
    EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.start(data, 0);
    int port = zooKeeper.port();
    try (TestCluster cluster =
            TestCluster.start(directory, Map.of("zookeeper.connect", zooKeeper.connectString()));
        TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named("orders"));
      zooKeeper.close();
      Files.move(data, directory.resolve("lost"));
      zooKeeper = EmbeddedZooKeeper.start(data, port);

      long deadline = System.nanoTime() + DEADLINE_NANOS;
      JsonNode body = await(cluster, "DOWN");
      while (!body.get("zooKeeper").asText().equals("WRONG_CLUSTER")) {
        assertTrue(System.nanoTime() < deadline, body.toString());
        LockSupport.parkNanos(PAUSE_NANOS);
        body = await(cluster, "DOWN");
      }
      assertTrue(body.get("reason").asText().contains("holds no cluster"), body.toString());
      assertEquals(1, body.get("partitionsWithoutLeader").get("count").asInt());
      assertEquals("orders/0", body.get("partitionsWithoutLeader").get("names").get(0).asText());
      assertThrows(
          CompletionException.class, () -> client.admin().createTopic(Topic.named("more")).join());
    } finally {
      zooKeeper.close();
    }
  }

  @Test
  void isDegradedWithLogsThatBelongToNoTopic() throws Exception {
    try (TestCluster cluster = TestCluster.start(directory);
        TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named("orders"));
      await(cluster, "UP");
      Path logs = directory.resolve("data").resolve("logs");
      Files.createDirectory(logs.resolve(new LogId(new UUID(4, 1), 0).toString()));

      JsonNode body = await(cluster, "DEGRADED");

      assertEquals("STRAY_LOGS", body.get("faults").get(0).asText());
      assertEquals(1, body.get("strayLogs").get("count").asInt());
      assertFalse(body.get("reason").asText().isEmpty());
    }
  }
}
