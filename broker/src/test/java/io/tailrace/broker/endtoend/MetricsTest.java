package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import io.tailrace.client.TopicPartition;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages of a running broker: its health and its metrics. */
class MetricsTest {
  @TempDir Path directory;
  private final HttpClient http = HttpClient.newHttpClient();

  private HttpResponse<String> ask(TestCluster cluster, String method, String path)
      throws IOException, InterruptedException {
    InetSocketAddress address = cluster.broker().httpAddress();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.getPort() + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private String scrape(TestCluster cluster) throws IOException, InterruptedException {
    return ask(cluster, "GET", "/metrics").body();
  }

  private void await(TestCluster cluster, String line) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    String page = scrape(cluster);
    while (!page.contains(line)) {
      assertTrue(System.nanoTime() < deadline, "no " + line + " in\n" + page);
      Thread.onSpinWait();
      page = scrape(cluster);
    }
  }

  @Test
  void tellsThatItIsUp() throws Exception {
    try (TestCluster cluster = TestCluster.start(directory);
        TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named("orders").partitions(3));

      HttpResponse<String> health = ask(cluster, "GET", "/health");

      assertEquals(200, health.statusCode());
      assertEquals(
          "application/json; charset=utf-8", health.headers().firstValue("content-type").get());
      JsonNode body = new ObjectMapper().readTree(health.body());
      assertEquals("UP", body.get("status").asText());
      assertEquals(0, body.get("brokerId").asInt());
      assertEquals(3, body.get("partitions").asInt());
      assertFalse(body.get("clusterId").asText().isEmpty(), health.body());
      assertFalse(body.get("version").asText().isEmpty(), health.body());
    }
  }

  @Test
  void servesNoOtherPathsAndChangesNothing() throws Exception {
    try (TestCluster cluster = TestCluster.start(directory)) {
      HttpResponse<String> unknown = ask(cluster, "GET", "/healthy");
      assertEquals(404, unknown.statusCode());
      assertEquals("there are: /health /metrics\n", unknown.body());
      for (String method : List.of("POST", "PUT", "DELETE")) {
        assertEquals(405, ask(cluster, method, "/health").statusCode(), method);
      }
    }
  }

  @Test
  void tellsHowFarGroupsAreBehindInRecordsAndSeconds() throws Exception {
    try (TestCluster cluster =
            TestCluster.start(directory, Map.of("group.lag.interval.ms", "100"));
        TailraceClient client = cluster.client()) {
      TestTopics.create(client, Topic.named("orders").partitions(2));
      TopicPartition first = new TopicPartition("orders", 0);
      Instant written = Instant.now().minusSeconds(1000);
      Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string());
      for (int i = 0; i < 5; i++) {
        Instant at = written.plusSeconds(i * 100L);
        producer.send(Message.<String, String>of("v").partition(0).timestamp(at).to("orders"));
      }
      producer.flush();
      client.admin().setGroupOffsets("billing", Map.of(first, 2L)).join();
      String tags = "{group=\"billing\",topic=\"orders\"} ";

      await(cluster, "tailrace_group_lag_records" + tags + "3.0");
      await(cluster, "tailrace_group_lag_seconds" + tags + "8"); // 800 and some

      client.admin().setGroupOffsets("billing", Map.of(first, 5L)).join();
      await(cluster, "tailrace_group_lag_records" + tags + "0.0");
      await(cluster, "tailrace_group_lag_seconds" + tags + "0.0");
    }
  }

  @Test
  void tellsWhatLogsHoldAndWhatRequestsTook() throws Exception {
    try (TestCluster cluster =
        TestCluster.start(directory, Map.of("log.check.interval.ms", "100"))) {
      try (TailraceClient client = cluster.client()) {
        TestTopics.create(client, Topic.named("orders").partitions(3));
        try (Producer<String, String> producer =
            client.producer(Serdes.string(), Serdes.string())) {
          for (int i = 0; i < 10; i++) {
            producer.send("orders", "key " + i, "value " + i).join();
          }
        }
      }
      await(cluster, "tailrace_topic_log_end_offsets{topic=\"orders\"} 10.0");
      String page = scrape(cluster);
      assertTrue(page.contains("tailrace_topic_log_partitions{topic=\"orders\"} 3.0"), page);
      assertTrue(
          page.lines().anyMatch(line -> line.matches("tailrace_request_bytes_total [1-9]\\d*\\.0")),
          page);
      assertTrue(
          page.lines()
              .anyMatch(line -> line.matches("tailrace_response_bytes_total [1-9]\\d*\\.0")),
          page);
      assertTrue(
          page.lines()
              .anyMatch(
                  line ->
                      line.matches(
                          "tailrace_request_duration_seconds_count\\{api=\"PRODUCE\"} \\d+")),
          page);

      cluster.restart();

      await(cluster, "tailrace_topic_log_end_offsets{topic=\"orders\"} 10.0");
      await(cluster, "tailrace_topic_log_partitions_open{topic=\"orders\"} 0.0");
    }
  }
}
