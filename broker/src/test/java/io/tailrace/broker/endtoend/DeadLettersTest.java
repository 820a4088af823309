package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestCluster;
import io.tailrace.broker.testkit.TestTopics;
import io.tailrace.client.BrowsedMessage;
import io.tailrace.client.ConsumerRecord;
import io.tailrace.client.DeadLetterHeaders;
import io.tailrace.client.Message;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Redrive;
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
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Dead letters and their way back, over one real broker. */
@Timeout(60)
class DeadLettersTest {
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

  private void send(String queue, String... values) {
    for (String value : values) {
      producer.send(queue + ".inbox", "k-" + value, value).join();
    }
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

  private void reject(String queue, int count, String error) {
    try (QueueConsumer<String, String> consumer = consumer(queue)) {
      receive(consumer, count).forEach(message -> consumer.reject(message, error).join());
    }
  }

  private QueueConsumer<String, String> consumer(String queue) {
    return client.queueConsumer(queue, Serdes.string(), Serdes.string());
  }

  private static List<String> values(List<ReceivedMessage<String, String>> messages) {
    return messages.stream().map(ReceivedMessage::value).toList();
  }

  /** Waits until a queue's dead-letter queue is there and holds so many. */
  private List<BrowsedMessage> deadLetters(String queue, int count) {
    long deadline = System.nanoTime() + WAIT.toNanos();
    while (true) {
      List<BrowsedMessage> found = List.of();
      try {
        found = client.admin().browseQueue(queue + ".dlq", 1_000).join();
      } catch (CompletionException e) {
        assertEquals(ErrorCode.UNKNOWN_QUEUE, code(e), e.toString());
      }
      if (found.size() == count) {
        return found;
      }
      assertTrue(System.nanoTime() < deadline, found.size() + " dead letters of " + count);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private static ErrorCode code(CompletionException e) {
    return ((TailraceException) e.getCause()).code();
  }

  private static String value(ConsumerRecord<byte[], byte[]> record) {
    return new String(record.value(), StandardCharsets.UTF_8);
  }

  private static String header(ConsumerRecord<?, ?> record, String name) {
    return record.header(name) == null ? null : record.header(name).valueAsString();
  }

  @Test
  void aRejectedMessageGoesToTheDeadLetterQueueAndComesBackByARedrive() {
    client.admin().createQueue(Queue.named("jobs")).join();
    send("jobs", "good", "bad");
    try (QueueConsumer<String, String> consumer = consumer("jobs")) {
      List<ReceivedMessage<String, String>> both = receive(consumer, 2);
      consumer.ack(both.get(0)).join();
      consumer.reject(both.get(1), "no such customer").join();

      BrowsedMessage letter = deadLetters("jobs", 1).get(0);
      ConsumerRecord<byte[], byte[]> record = letter.record();
      assertEquals("bad", value(record));
      assertEquals("k-bad", new String(record.key(), StandardCharsets.UTF_8));
      assertEquals(both.get(1).record().timestampMs(), record.timestampMs());
      assertEquals("rejected", header(record, DeadLetterHeaders.REASON));
      assertEquals("jobs", header(record, DeadLetterHeaders.QUEUE));
      assertEquals("1", header(record, DeadLetterHeaders.HOPS));
      assertEquals("jobs.inbox", header(record, DeadLetterHeaders.TOPIC));
      assertEquals("0", header(record, DeadLetterHeaders.PARTITION));
      assertEquals("1", header(record, DeadLetterHeaders.OFFSET));
      assertEquals("0", header(record, DeadLetterHeaders.DELIVERY_COUNT));
      assertEquals("no such customer", header(record, DeadLetterHeaders.LAST_ERROR));
      QueueDescription jobs = client.admin().describeQueue("jobs").join();
      assertEquals(jobs.id().toString(), header(record, DeadLetterHeaders.QUEUE_ID));
      awaitSetAside("jobs", 0);
      QueueDescription letters = client.admin().deadLetterQueue("jobs").join();
      assertEquals("jobs.dlq", letters.name());
      assertEquals(jobs.id(), letters.deadLettersOf());
      assertEquals(1, letters.ready());

      assertEquals(1, client.admin().redrive(Redrive.of("jobs").asDryRun()).join());
      assertEquals(1, client.admin().redrive(Redrive.of("jobs")).join());
      ReceivedMessage<String, String> back = receive(consumer, 1).get(0);
      assertEquals("bad", back.value());
      assertEquals(0, back.failures());
      assertEquals("1", header(back.record(), DeadLetterHeaders.REDRIVE_COUNT));
      deadLetters("jobs", 0);
    }
  }

  @Test
  void theLastFailureOfManyMakesADeadLetter() {
    client
        .admin()
        .createQueue(Queue.named("weak").maxDeliveries(2).backoff(Duration.ZERO, 1, Duration.ZERO))
        .join();
    send("weak", "poison");
    try (QueueConsumer<String, String> consumer = consumer("weak")) {
      for (int i = 0; i < 2; i++) {
        consumer.nack(receive(consumer, 1).get(0), "attempt " + i).join();
      }
    }
    ConsumerRecord<byte[], byte[]> record = deadLetters("weak", 1).get(0).record();
    assertEquals("delivery-limit", header(record, DeadLetterHeaders.REASON));
    assertEquals("2", header(record, DeadLetterHeaders.DELIVERY_COUNT));
    assertEquals("attempt 1", header(record, DeadLetterHeaders.LAST_ERROR));
    assertTrue(Long.parseLong(header(record, DeadLetterHeaders.FIRST_FAILURE_TIME)) > 0);
  }

  @Test
  void aQueueOfAnExchangeGetsItsDeadLettersBackThroughAnInboxOfItsOwn() {
    TestTopics.create(client, Topic.named("orders").type("topic").partitions(3));
    client.admin().createQueue(Queue.named("eu").bind("orders", "eu.#")).join();
    client.admin().createQueue(Queue.named("all").bind("orders", "#")).join();
    for (int i = 0; i < 30; i++) {
      producer.publish("orders", "eu." + i, "m" + i).join();
    }
    reject("eu", 30, "");
    deadLetters("eu", 30);

    assertEquals(30, client.admin().redrive(Redrive.of("eu.dlq")).join());
    try (QueueConsumer<String, String> eu = consumer("eu");
        QueueConsumer<String, String> all = consumer("all")) {
      assertEquals(30, values(receive(eu, 30)).stream().distinct().count());
      assertEquals(30, receive(all, 30).size());
      assertEquals(List.of(), all.receive(1, Duration.ofMillis(50)), "other queues see it once");
    }
  }

  @Test
  void aRedriveTakesWhatItsFiltersSayAndTheRestStays() {
    client.admin().createQueue(Queue.named("mixed")).join();
    send("mixed", "a", "b", "c", "d");
    reject("mixed", 4, "");
    deadLetters("mixed", 4);
    assertEquals(0, client.admin().redrive(Redrive.of("mixed").reason("expired")).join());
    assertEquals(1, client.admin().redrive(Redrive.of("mixed").key("k-c")).join());
    assertEquals(2, client.admin().redrive(Redrive.of("mixed").max(2)).join());

    try (QueueConsumer<String, String> consumer = consumer("mixed")) {
      assertEquals(List.of("c", "a", "b"), values(receive(consumer, 3)));
    }
    assertEquals("d", value(deadLetters("mixed", 1).get(0).record()));
  }

  @Test
  void browsingTakesAndCountsNothing() {
    client.admin().createQueue(Queue.named("seen")).join();
    send("seen", "a", "b");
    try (QueueConsumer<String, String> consumer = consumer("seen")) {
      ReceivedMessage<String, String> held = receive(consumer, 1).get(0);
      List<BrowsedMessage> seen = client.admin().browseQueue("seen", 10).join();
      assertEquals(
          List.of(BrowsedMessage.State.HELD, BrowsedMessage.State.READY),
          seen.stream().map(BrowsedMessage::state).toList());
      consumer.ack(held).join();
      assertEquals(0, receive(consumer, 1).get(0).failures());
    }
  }

  @Test
  void deadLettersOfADeletedQueueGoBackToAnotherOneOnly() {
    client.admin().createQueue(Queue.named("old")).join();
    send("old", "a");
    reject("old", 1, "");
    deadLetters("old", 1);
    client.admin().deleteQueue("old").join();
    client.admin().createQueue(Queue.named("new")).join();

    CompletionException refused =
        assertThrows(
            CompletionException.class, () -> client.admin().redrive(Redrive.of("old")).join());
    assertEquals(ErrorCode.UNKNOWN_QUEUE, code(refused));
    assertEquals(1, client.admin().redrive(Redrive.of("old.dlq").into("new")).join());
    try (QueueConsumer<String, String> consumer = consumer("new")) {
      assertEquals(List.of("a"), values(receive(consumer, 1)));
    }
  }

  @Test
  void aDeadLetterQueuesOwnRejectsStaySetAsideInIt() {
    client.admin().createQueue(Queue.named("twice")).join();
    send("twice", "a");
    reject("twice", 1, "");
    deadLetters("twice", 1);
    reject("twice.dlq", 1, "");

    assertEquals(BrowsedMessage.State.SET_ASIDE, deadLetters("twice", 1).get(0).state());
    assertNull(
        client.admin().listQueues().join().stream()
            .filter(each -> each.name().equals("twice.dlq.dlq"))
            .findFirst()
            .orElse(null));
    assertEquals(1, client.admin().redrive(Redrive.of("twice")).join());
    reject("twice", 1, "again");
    ConsumerRecord<byte[], byte[]> record = deadLetters("twice", 1).get(0).record();
    assertEquals("2", header(record, DeadLetterHeaders.HOPS));
    assertNull(header(record, DeadLetterHeaders.LAST_ERROR), "the first death's headers stay");
  }

  @Test
  void deadLettersGoToAnExchangeUnderAnotherRoutingKeyOrNowhere() {
    TestTopics.create(client, Topic.named("failed").type("direct"));
    client.admin().createQueue(Queue.named("failures").bind("failed", "late")).join();
    client.admin().createQueue(Queue.named("routed").deadLetterTo("failed", "late")).join();
    client.admin().createQueue(Queue.named("careless").dropDeadLetters()).join();
    send("routed", "a");
    send("careless", "b", "c");
    reject("routed", 1, "");
    reject("careless", 2, "");

    try (QueueConsumer<String, String> consumer = consumer("failures")) {
      ReceivedMessage<String, String> letter = receive(consumer, 1).get(0);
      assertEquals("a", letter.value());
      assertEquals("late", header(letter.record(), "routing-key"));
      assertEquals("routed", header(letter.record(), DeadLetterHeaders.QUEUE));
    }
    awaitSetAside("careless", 0);
    assertEquals(2, client.admin().describeQueue("careless").join().dropped());
    CompletionException refused =
        assertThrows(
            CompletionException.class,
            () -> client.admin().createQueue(Queue.named("x").deadLetterTo("nowhere")).join());
    assertEquals(ErrorCode.UNKNOWN_TOPIC, code(refused));
  }

  @Test
  void theOldestReadyMessagesOfALongQueueBecomeDeadLetters() {
    client.admin().createQueue(Queue.named("short").maxLength(2)).join();
    send("short", "a", "b");
    try (QueueConsumer<String, String> consumer = consumer("short")) {
      receive(consumer, 1);
      send("short", "c", "d", "e");
      List<BrowsedMessage> letters = deadLetters("short", 2);

      assertEquals(List.of("b", "c"), letters.stream().map(each -> value(each.record())).toList());
      assertEquals("max-length", header(letters.get(0).record(), DeadLetterHeaders.REASON));
      assertEquals(List.of("d", "e"), values(receive(consumer, 2)));
    }
  }

  @Test
  void messagesThatWaitForTooLongBecomeDeadLettersButNoneThatIsHeldOrCameBack() {
    client.admin().createQueue(Queue.named("fresh").messageTtl(Duration.ofHours(1))).join();
    send("fresh", "held");
    try (QueueConsumer<String, String> consumer = consumer("fresh")) {
      ReceivedMessage<String, String> held = receive(consumer, 1).get(0);
      long longAgoMs = System.currentTimeMillis() - Duration.ofHours(2).toMillis();
      producer.send(Message.of("fresh.inbox", "k-late", "late").timestampMs(longAgoMs)).join();
      BrowsedMessage letter = deadLetters("fresh", 1).get(0);
      assertEquals("late", value(letter.record()));
      assertEquals("expired", header(letter.record(), DeadLetterHeaders.REASON));
      consumer.ack(held).join();

      assertEquals(1, client.admin().redrive(Redrive.of("fresh")).join());
      assertEquals(List.of("late"), values(receive(consumer, 1)));
    }
  }

  /** What has become a dead letter is settled a moment later. */
  private void awaitSetAside(String queue, long expected) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    long aside;
    do {
      aside = client.admin().describeQueue(queue).join().setAside();
    } while (aside != expected && System.nanoTime() < deadline);
    assertEquals(expected, aside);
  }

  /** Two queues whose dead letters go to each other's exchange. */
  @Test
  void aMessageThatGoesRoundInACircleStaysSetAside() {
    TestTopics.create(client, Topic.named("ping").type("fanout"));
    client.admin().createQueue(Queue.named("circle").bind("ping").deadLetterTo("ping")).join();
    producer.publish("ping", "", "round").join();
    reject("circle", 1, "");
    for (int hops = 2; hops <= 17; hops++) {
      reject("circle", 1, "");
    }
    awaitSetAside("circle", 1); // the last but one may still be on its way
    BrowsedMessage stuck = client.admin().browseQueue("circle", 10).join().get(0);
    assertEquals("16", header(stuck.record(), DeadLetterHeaders.HOPS));
  }

  @Test
  void deadLettersWaitWhileTheNameOfTheirQueueIsTaken() {
    TestTopics.create(client, Topic.named("blocked.dlq"));
    client.admin().createQueue(Queue.named("blocked")).join();
    send("blocked", "a", "b");
    reject("blocked", 1, "");
    try (QueueConsumer<String, String> consumer = consumer("blocked")) {
      assertEquals(List.of("b"), values(receive(consumer, 1)), "the queue goes on");
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    QueueDescription waiting;
    do { // until its first attempt to forward
      waiting = client.admin().describeQueue("blocked").join();
    } while (waiting.forwardProblem().isEmpty() && System.nanoTime() < deadline);
    assertEquals(1, waiting.setAside());
    assertTrue(waiting.forwardProblem().contains("blocked.dlq"), waiting.forwardProblem());

    client.admin().deleteTopic("blocked.dlq").join();
    deadLetters("blocked", 1);
  }
}
