package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.TestBrokers;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Queues on three brokers, whose leaders stop and come back. */
@Timeout(120)
class QueueFailoverTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir static Path directory;
  private static TestBrokers brokers;

  @BeforeAll
  static void start() {
    brokers = TestBrokers.start(directory, 3, Map.of());
  }

  @AfterAll
  static void stop() {
    brokers.close();
  }

  @Test
  void aNewLeaderKnowsWhatWasSettledHeldAndDelayed() {
    try (TailraceClient client = brokers.client()) {
      client.admin().createQueue(Queue.named("jobs")).join();
      assertEquals(3, partition(client, "jobs.inbox").replicas().size());
      Set<String> unsettled = new TreeSet<>();
      try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
        for (int i = 0; i < 100; i++) {
          producer.send("jobs.inbox", null, "m" + i);
          unsettled.add("m" + i);
        }
        producer.flush();
      }
      try (QueueConsumer<String, String> consumer =
          client.queueConsumer("jobs", Serdes.string(), Serdes.string())) {
        List<ReceivedMessage<String, String>> first = receive(consumer, 40);
        for (ReceivedMessage<String, String> message : first.subList(0, 30)) {
          consumer.ack(message).join();
          unsettled.remove(message.value());
        }
        consumer.nack(first.get(30), "later", Duration.ofHours(1)).join();
        unsettled.remove(first.get(30).value());
        QueueDescription before = client.admin().describeQueue("jobs").join();
        assertEquals(List.of(60L, 9L, 1L), counts(before));

        int leader = partition(client, "jobs.inbox").leader().orElseThrow();
        brokers.stop(leader);

        assertEquals(before, client.admin().describeQueue("jobs").join());
        for (ReceivedMessage<String, String> message : first.subList(31, 40)) {
          consumer.ack(message).join(); // its lock token outlives the leader
          unsettled.remove(message.value());
        }
        Set<String> rest = new TreeSet<>();
        while (rest.size() < unsettled.size()) {
          for (ReceivedMessage<String, String> message : receive(consumer, 60)) {
            assertTrue(unsettled.contains(message.value()), message.value() + " came back");
            rest.add(message.value());
            consumer.ack(message).join();
          }
        }
        assertEquals(List.of(0L, 0L, 1L), counts(client.admin().describeQueue("jobs").join()));
        brokers.start(leader);
      }
    }
  }

  private static List<Long> counts(QueueDescription queue) {
    return List.of(queue.ready(), queue.inFlight(), queue.delayed());
  }

  private static List<ReceivedMessage<String, String>> receive(
      QueueConsumer<String, String> consumer, int max) {
    List<ReceivedMessage<String, String>> received = consumer.receive(max, PATIENCE);
    assertTrue(!received.isEmpty(), "nothing was delivered");
    return received;
  }

  private static io.tailrace.client.PartitionDescription partition(
      TailraceClient client, String topic) {
    return client.admin().describeTopic(topic).join().partitions().get(0);
  }
}
