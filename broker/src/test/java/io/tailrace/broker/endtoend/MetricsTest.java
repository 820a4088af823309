package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.client.Producer;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.Topic;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page of metrics of a running broker. */
class MetricsTest {
  @TempDir Path directory;
  private final HttpClient http = HttpClient.newHttpClient();

  private String scrape(TestCluster cluster) throws IOException, InterruptedException {
    InetSocketAddress address = cluster.broker().httpAddress();
    URI page = URI.create("http://127.0.0.1:" + address.getPort() + "/metrics");
    return http.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
        .body();
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
  void tellsWhatLogsHoldAndWhatRequestsTook() throws Exception {
    try (TestCluster cluster =
        TestCluster.start(directory, Map.of("log.check.interval.ms", "100"))) {
      try (TailraceClient client = cluster.client()) {
        client.admin().createTopic(Topic.named("orders").partitions(3)).join();
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
