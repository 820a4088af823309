package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.Eventually;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CompressionType;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What queues refuse, bound, delay and report, over one real broker. */
@Timeout(60)
class QueueRulesTest {
  private static final Duration WAIT = Duration.ofSeconds(20);

  @TempDir static Path directory;
  private static TestCluster cluster;
  private static TailraceClient client;
  private static Producer<String, String> producer;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
    client = cluster.client();
    producer =
        client
            .producerBuilder(Serdes.string(), Serdes.string())
            .compression(CompressionType.NONE)
            .build();
  }

  @AfterAll
  static void stop() {
    client.close();
    cluster.close();
  }

  private static QueueConsumer<String, String> consumer(String queue) {
    return client.queueConsumer(queue, Serdes.string(), Serdes.string());
  }

  private static List<ReceivedMessage<String, String>> receive(
      QueueConsumer<String, String> consumer, int count) {
    List<ReceivedMessage<String, String>> all = new ArrayList<>();
    while (all.size() < count) {
      List<ReceivedMessage<String, String>> some = consumer.receive(count - all.size(), WAIT);
      assertTrue(!some.isEmpty(), "only " + all.size() + " of " + count + " came");
      all.addAll(some);
    }
    return all;
  }

  @Test
  void aFullInboxRefusesRecordsUntilMessagesAreSettled() {
    client.admin().createQueue(Queue.named("small")).join();
    client
        .admin()
        .alterConfigs(ConfigResource.topic("small.inbox"), Map.of("inbox.max.bytes", "1048576"))
        .join();
    String message = "x".repeat(50_000);
    List<TailraceException> refused = new ArrayList<>();
    int[] sent = {0};
    Eventually.await(
        "the inbox is full",
        () -> {
          try {
            producer.send("small.inbox", null, message).join();
            sent[0]++;
          } catch (CompletionException e) {
            refused.add((TailraceException) e.getCause());
          }
          return !refused.isEmpty();
        });

    assertEquals(ErrorCode.QUEUE_FULL, refused.get(0).code());
    assertTrue(refused.get(0).getMessage().contains("inbox.max.bytes=1048576"));
    assertTrue(sent[0] >= 15, "took " + sent[0]);
    QueueConsumer<String, String> consumer = consumer("small");
    for (ReceivedMessage<String, String> each : receive(consumer, sent[0])) {
      consumer.ack(each).join();
    }
    producer.send("small.inbox", null, message).join();
    assertEquals(1, client.admin().describeQueue("small").join().ready());
  }

  @Test
  void eachQueueHasMetrics() throws IOException, InterruptedException {
    client.admin().createQueue(Queue.named("seen")).join();
    for (int i = 0; i < 5; i++) {
      producer.send("seen.inbox", null, "m" + i).join();
    }
    QueueConsumer<String, String> consumer = consumer("seen");
    List<ReceivedMessage<String, String>> held = receive(consumer, 4);
    consumer.nack(held.get(0), "later", Duration.ofHours(1)).join();
    consumer.reject(held.get(1), "never").join();

    String page = metrics();
    for (String line : List.of("ready", "delayed", "set_aside")) {
      assertTrue(page.contains("tailrace_queue_" + line + "{queue=\"seen\"} 1.0\n"), page);
    }
    assertTrue(page.contains("tailrace_queue_in_flight{queue=\"seen\"} 2.0\n"), page);
    assertTrue(page.contains("tailrace_queue_oldest_unsettled_seconds{queue=\"seen\"}"), page);
  }

  private static String metrics() throws IOException, InterruptedException {
    URI page = URI.create("http://127.0.0.1:" + cluster.broker().httpAddress().getPort());
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(page.resolve("/metrics")).build(), BodyHandlers.ofString())
        .body();
  }
}
