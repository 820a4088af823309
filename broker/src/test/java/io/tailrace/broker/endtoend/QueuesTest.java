package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.Message;
import io.tailrace.client.Partitioner;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Exchanges and queues over one real broker. */
@Timeout(60)
class QueuesTest {
  private static final Duration WAIT = Duration.ofSeconds(20);

  @TempDir static Path directory;
  private static TestCluster cluster;

  private TailraceClient client;
  private Producer<String, String> producer;

  @BeforeAll
  static void start() {
    cluster = TestCluster.start(directory);
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @BeforeEach
  void connect() {
    client = cluster.client();
    producer = client.producer(Serdes.string(), Serdes.string());
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private void exchange(String name, String type, int partitions) {
    TestTopics.create(client, Topic.named(name).type(type).partitions(partitions));
  }

  private void publish(String exchange, String key, String... values) {
    for (String value : values) {
      producer.publish(exchange, key, value).join();
    }
  }

  private QueueConsumer<String, String> consumer(String queue) {
    return client.queueConsumer(queue, Serdes.string(), Serdes.string());
  }

  private List<ReceivedMessage<String, String>> receive(
      QueueConsumer<String, String> consumer, int count) {
    List<ReceivedMessage<String, String>> all = new ArrayList<>();
    while (all.size() < count) {
      List<ReceivedMessage<String, String>> some = consumer.receive(count - all.size(), WAIT);
      assertTrue(!some.isEmpty(), "only " + all.size() + " of " + count + " came");
      all.addAll(some);
    }
    return all;
  }

  private static List<String> values(List<ReceivedMessage<String, String>> messages) {
    return messages.stream().map(ReceivedMessage::value).toList();
  }

  private static ErrorCode codeOf(Runnable action) {
    CompletionException failed = assertThrows(CompletionException.class, action::run);
    return ((TailraceException) failed.getCause()).code();
  }

  /** Takes the name of the queue's dead-letter queue, so that what is rejected stays set aside. */
  private void keepAside(String queue) {
    TestTopics.create(client, Topic.named(queue + ".dlq"));
  }

  private void assertCounts(String queue, long ready, long inFlight, long delayed, long aside) {
    QueueDescription now = client.admin().describeQueue(queue).join();
    assertEquals(
        List.of(ready, inFlight, delayed, aside),
        List.of(now.ready(), now.inFlight(), now.delayed(), now.setAside()));
  }

  @Test
  void routesByTopicPattern() {
    exchange("orders", "topic", 1);
    client.admin().createQueue(Queue.named("eu").bind("orders", "eu.#", "*.paid")).join();
    client.admin().createQueue(Queue.named("all").bind("orders", "#")).join();
    publish("orders", "eu.new", "a");
    publish("orders", "us.new", "b");
    publish("orders", "us.paid", "c");
    publish("orders", "eu.paid", "d");

    assertEquals(List.of("a", "c", "d"), values(receive(consumer("eu"), 3)));
    assertEquals(List.of("a", "b", "c", "d"), values(receive(consumer("all"), 4)));
    assertCounts("eu", 0, 3, 0, 0);
  }

  @Test
  void aQueueGetsWhatIsPublishedWhileItIsBound() {
    exchange("news", "direct", 1);
    publish("news", "a", "before");
    client.admin().createQueue(Queue.named("reader").bind("news", "a")).join();
    publish("news", "a", "one");
    client.admin().bindQueue("reader", "news", List.of("b")).join();
    publish("news", "b", "two");
    client.admin().unbindQueue("reader", "news", List.of("a")).join();
    publish("news", "a", "after");
    publish("news", "b", "three");

    assertEquals(List.of("one", "two", "three"), values(receive(consumer("reader"), 3)));
  }

  @Test
  void fanoutOverManyPartitionsReachesEveryQueue() {
    exchange("wide", "fanout", 4);
    client.admin().createQueue(Queue.named("w1").bind("wide")).join();
    client.admin().createQueue(Queue.named("w2").bind("wide")).join();
    Set<String> sent = new TreeSet<>();
    for (int i = 0; i < 200; i++) {
      sent.add("m" + i);
      producer.send("wide", "key" + i, "m" + i);
    }
    producer.flush();

    for (String queue : List.of("w1", "w2")) {
      QueueConsumer<String, String> consumer = consumer(queue);
      List<ReceivedMessage<String, String>> all = receive(consumer, 200);
      assertEquals(sent, new TreeSet<>(values(all)));
      all.forEach(message -> consumer.ack(message).join());
      assertCounts(queue, 0, 0, 0, 0);
    }
  }

  @Test
  void theRoutingKeyDecidesThePartitionOfAMessageWithoutAKey() {
    exchange("spread", "direct", 7);
    for (String key : List.of("a", "b", "c", "order.paid")) {
      byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
      int expected = (Partitioner.murmur2(bytes) & 0x7fffffff) % 7;
      for (int i = 0; i < 3; i++) {
        assertEquals(expected, producer.publish("spread", key, "m").join().partition());
      }
    }
    byte[] recordKey = "record".getBytes(StandardCharsets.UTF_8);
    Message<String, String> keyed =
        Message.of("spread", "record", "m").header("routing-key", "another");
    assertEquals(
        (Partitioner.murmur2(recordKey) & 0x7fffffff) % 7, producer.send(keyed).join().partition());
  }

  @Test
  void workersShareAWorkQueueAndAnswer() {
    keepAside("work");
    client.admin().createQueue(Queue.named("work").maxDeliveries(2)).join();
    for (int i = 0; i < 6; i++) {
      producer.send("work.inbox", null, "job" + i).join();
    }
    QueueConsumer<String, String> one = consumer("work");
    QueueConsumer<String, String> two = consumer("work");
    List<ReceivedMessage<String, String>> first = receive(one, 3);
    List<ReceivedMessage<String, String>> second = receive(two, 3);
    assertEquals(List.of("job0", "job1", "job2"), values(first));
    assertEquals(List.of("job3", "job4", "job5"), values(second));
    assertCounts("work", 0, 6, 0, 0);

    one.ack(first.get(0)).join();
    one.ack(first.get(0)).join();
    one.nack(first.get(1), "boom", Duration.ofHours(1)).join();
    one.reject(first.get(2), "never").join();
    two.release(second.get(0)).join();
    two.renew(second.get(1)).join();
    two.nack(second.get(2), "again", Duration.ZERO).join();
    assertCounts("work", 2, 1, 1, 1);

    List<ReceivedMessage<String, String>> again = receive(one, 2);
    assertEquals(List.of("job3", "job5"), values(again));
    assertEquals(List.of(0, 1), again.stream().map(ReceivedMessage::failures).toList());
    one.nack(again.get(1), "at the limit").join();
    assertCounts("work", 0, 2, 1, 2);
    assertEquals(ErrorCode.LOCK_LOST, codeOf(() -> two.ack(second.get(2)).join()));
  }

  @Test
  void nothingAcknowledgedComesBackAndNothingIsLostOverARestart() {
    exchange("restarted", "topic", 1);
    keepAside("kept");
    client.admin().createQueue(Queue.named("kept").bind("restarted", "a.*")).join();
    for (int i = 0; i < 100; i++) {
      publish("restarted", i % 2 == 0 ? "a.x" : "b.x", "m" + i);
    }
    QueueConsumer<String, String> consumer = consumer("kept");
    List<ReceivedMessage<String, String>> some = receive(consumer, 20);
    for (int i = 0; i < 10; i++) {
      consumer.ack(some.get(i)).join();
    }
    consumer.reject(some.get(10), "bad").join();
    producer
        .send(
            Message.<String, String>of("restarted", null, "late")
                .header("routing-key", "a.x")
                .deliverAfter(Duration.ofHours(1)))
        .join();
    assertCounts("kept", 30, 9, 1, 1);
    cluster.restart();
    client = cluster.client();
    producer = client.producer(Serdes.string(), Serdes.string());

    assertCounts("kept", 30, 9, 1, 1);
    QueueConsumer<String, String> after = consumer("kept");
    List<String> expected = new ArrayList<>();
    for (int i = 40; i < 100; i += 2) {
      expected.add("m" + i);
    }
    assertEquals(expected, values(receive(after, 30)));
  }

  @Test
  void purgeDropsWhatNobodyHolds() {
    client.admin().createQueue(Queue.named("purged")).join();
    for (int i = 0; i < 5; i++) {
      producer.send("purged.inbox", null, "m" + i).join();
    }
    QueueConsumer<String, String> consumer = consumer("purged");
    List<ReceivedMessage<String, String>> held = receive(consumer, 2);

    assertEquals(3, client.admin().purgeQueue("purged").join());
    assertCounts("purged", 0, 2, 0, 0);
    producer.send("purged.inbox", null, "new").join();
    assertEquals(List.of("new"), values(receive(consumer, 1)));
    held.forEach(message -> consumer.ack(message).join());
  }

  @Test
  void deletingAQueueEndsItsReceives() {
    client.admin().createQueue(Queue.named("gone")).join();
    QueueConsumer<String, String> consumer = consumer("gone");
    CompletableFuture<ErrorCode> ended =
        CompletableFuture.supplyAsync(
            () -> assertThrows(TailraceException.class, () -> consumer.receive(1, WAIT)).code());
    client.admin().deleteQueue("gone").join();

    assertEquals(ErrorCode.UNKNOWN_QUEUE, ended.join());
    assertEquals(
        ErrorCode.UNKNOWN_QUEUE, codeOf(() -> client.admin().describeQueue("gone").join()));
  }

  @Test
  void namesAreKeptApart() {
    exchange("same", "direct", 1);
    client.admin().createQueue(Queue.named("same").bind("same", "k")).join();
    assertEquals(
        ErrorCode.QUEUE_EXISTS,
        codeOf(() -> client.admin().createQueue(Queue.named("same").bind("same", "k")).join()));
    assertEquals(
        ErrorCode.EXCHANGE_IN_USE, codeOf(() -> client.admin().deleteTopic("same").join()));
    exchange("taken", "log", 1);
    assertEquals(
        ErrorCode.INVALID_QUEUE,
        codeOf(() -> client.admin().createQueue(Queue.named("taken")).join()));
    client.admin().forceDeleteTopic("same").join();
  }

  @Test
  void aHandlerAcknowledgesOnReturnAndNacksOnException() throws InterruptedException {
    keepAside("handled");
    client
        .admin()
        .createQueue(
            Queue.named("handled").backoff(Duration.ZERO, 1, Duration.ZERO).maxDeliveries(2))
        .join();
    for (int i = 0; i < 50; i++) {
      producer.send("handled.inbox", null, "m" + i).join();
    }
    Set<String> done = ConcurrentHashMap.newKeySet();
    QueueConsumer<String, String> consumer = consumer("handled");
    Thread worker =
        new Thread(
            () ->
                consumer.handle(
                    message -> {
                      if (message.value().equals("m7")) {
                        throw new IllegalStateException("cannot");
                      }
                      done.add(message.value());
                    },
                    4));
    worker.start();
    QueueDescription now = client.admin().describeQueue("handled").join();
    while (now.ready() + now.inFlight() + now.delayed() > 0) {
      now = client.admin().describeQueue("handled").join();
    }
    consumer.close();
    worker.join();

    assertEquals(1, now.setAside());
    assertEquals(49, done.size());
  }
}
