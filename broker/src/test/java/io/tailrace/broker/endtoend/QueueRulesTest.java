package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.ConfigResource;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.PublishedMessage;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
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
    await(
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
    for (String line : List.of("ready", "delayed")) {
      assertTrue(page.contains("tailrace_queue_" + line + "{queue=\"seen\"} 1.0\n"), page);
    }
    assertTrue(page.contains("tailrace_queue_set_aside{queue=\"seen\"}"), page);
    assertTrue(page.contains("tailrace_queue_in_flight{queue=\"seen\"} 2.0\n"), page);
    assertTrue(page.contains("tailrace_queue_oldest_unsettled_seconds{queue=\"seen\"}"), page);
  }

  private static void publishLater(String exchange, String value, Duration delay) {
    producer
        .send(
            Message.<String, String>of(exchange, null, value)
                .header("routing-key", "k")
                .deliverAfter(delay))
        .join();
  }

  @Test
  void aMessageThatIsPutOffIsDeliveredWhenItIsDueAndHoldsUpNoOther() {
    for (String type : List.of("fanout", "direct", "topic")) {
      String exchange = "late-" + type;
      TestTopics.create(client, Topic.named(exchange).type(type));
      client.admin().createQueue(Queue.named(exchange).bind(exchange, "k")).join();
      producer.publish(exchange, "k", "first").join();
      publishLater(exchange, "later", Duration.ofSeconds(1));
      publishLater(exchange, "never", Duration.ofHours(1));
      producer.publish(exchange, "k", "second").join();

      QueueDescription now = client.admin().describeQueue(exchange).join();
      assertEquals(List.of(2L, 2L), List.of(now.ready(), now.delayed()), type);
      QueueConsumer<String, String> consumer = consumer(exchange);
      List<ReceivedMessage<String, String>> all = receive(consumer, 3);
      assertEquals(
          List.of("first", "second", "later"),
          all.stream().map(ReceivedMessage::value).toList(),
          type);
      ReceivedMessage<String, String> late = all.get(2);
      assertTrue(System.currentTimeMillis() >= late.record().timestampMs() + 1_000);
      all.forEach(message -> consumer.ack(message).join());
      assertEquals(1, client.admin().describeQueue(exchange).join().delayed());
      assertEquals(1, client.admin().purgeQueue(exchange).join());
    }
  }

  @Test
  void aDeadLetterIsNotPutOffAgain() {
    client.admin().createQueue(Queue.named("dying")).join();
    publishLater("dying.inbox", "m", Duration.ofMillis(50));
    QueueConsumer<String, String> consumer = consumer("dying");
    consumer.reject(receive(consumer, 1).get(0), "no").join();
    await(
        "the dead-letter queue is made",
        () ->
            client.admin().listQueues().join().stream()
                .anyMatch(queue -> queue.name().equals("dying.dlq")));
    ReceivedMessage<String, String> dead = receive(consumer("dying.dlq"), 1).get(0);

    assertEquals("m", dead.value());
    assertTrue(
        dead.record().headers().stream().noneMatch(each -> each.key().equals("deliver-after")));
  }

  @Test
  void aDelayBeyondHalfOfTheRetentionIsRefused() {
    client
        .admin()
        .createTopic(Topic.named("hour").type("fanout").configs(Map.of("retention.ms", "3600000")))
        .join();
    publishLater("hour", "in time", Duration.ofMinutes(30));
    TailraceException refused =
        failureOf(() -> publishLater("hour", "too late", Duration.ofMinutes(31)));
    assertEquals(ErrorCode.INVALID_DELAY, refused.code());
    assertTrue(refused.getMessage().contains("retention.ms"));
    Message<String, String> unreadable =
        Message.<String, String>of("hour", null, "m").header("deliver-after", "soon");
    assertEquals(ErrorCode.INVALID_DELAY, failureOf(() -> producer.send(unreadable).join()).code());
    client.admin().createQueue(Queue.named("patient")).join();
    publishLater("patient.inbox", "an inbox keeps it", Duration.ofDays(1_000));
  }

  private static TailraceException failureOf(Runnable action) {
    CompletionException failed = assertThrows(CompletionException.class, action::run);
    return (TailraceException) failed.getCause();
  }

  @Test
  void aMandatoryMessageTellsWhetherAQueueMatchesIt() {
    for (String type : List.of("direct", "topic", "fanout")) {
      String exchange = "must-" + type;
      TestTopics.create(client, Topic.named(exchange).type(type).partitions(2));
      assertFalse(producer.publishMandatory(exchange, "a", "m").join().routed(), type);
      client.admin().createQueue(Queue.named(exchange).bind(exchange, "a")).join();
      List<CompletableFuture<PublishedMessage>> published = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        published.add(producer.publishMandatory(exchange, i % 3 == 0 ? "b" : "a", "m"));
      }
      for (int i = 0; i < 200; i++) {
        boolean expected = type.equals("fanout") || i % 3 != 0;
        assertEquals(expected, published.get(i).join().routed(), type + " " + i);
      }
      client.admin().unbindQueue(exchange, exchange, List.of("a")).join();
      assertFalse(producer.publishMandatory(exchange, "a", "m").join().routed(), type);
      assertEquals(
          published.get(199).join().metadata().topic(), exchange, "what was routed stays routed");
    }
    assertEquals(
        ErrorCode.UNKNOWN_TOPIC,
        failureOf(() -> producer.publishMandatory("nowhere", "a", "m").join()).code());
  }

  private static String metrics() throws IOException, InterruptedException {
    URI page = URI.create("http://127.0.0.1:" + cluster.broker().httpAddress().getPort());
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(page.resolve("/metrics")).build(), BodyHandlers.ofString())
        .body();
  }

  private static void await(String what, BooleanSupplier condition) {
    long giveUpNanos = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < giveUpNanos, () -> "in vain: " + what);
      Thread.onSpinWait();
    }
  }
}
