package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestProxy;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker process that is killed while a queue is worked on. */
class QueueKillTest {
  private static final int MESSAGES = 2_000;

  @TempDir Path directory;

  @Test
  @Timeout(120)
  void nothingIsLostAndNothingAcknowledgedComesBack() {
    try (TestProxy proxy = new TestProxy();
        BrokerProcess broker =
            BrokerProcess.start(directory, Map.of("advertised.listener", proxy.address()))) {
      proxy.forwardTo(broker.listener());
      try (TailraceClient client = TailraceClient.connect(proxy.address())) {
        work(client, broker, proxy);
      }
    }
  }

  private static void work(TailraceClient client, BrokerProcess broker, TestProxy proxy) {
    client.admin().createQueue(Queue.named("work").lock(Duration.ofSeconds(2))).join();
    Set<String> expected = new TreeSet<>();
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < MESSAGES; i++) {
        expected.add("m" + i);
        producer.send("work.inbox", null, "m" + i);
      }
      producer.flush();
    }
    Set<String> confirmed = ConcurrentHashMap.newKeySet();
    Set<String> seen = new HashSet<>();
    int kills = 0;
    try (QueueConsumer<String, String> consumer =
        client.queueConsumer("work", Serdes.string(), Serdes.string())) {
      while (confirmed.size() < MESSAGES) {
        Set<String> before = Set.copyOf(confirmed);
        for (ReceivedMessage<String, String> message :
            consumer.receive(50, Duration.ofSeconds(30))) {
          assertFalse(before.contains(message.value()), message.value() + " came back");
          seen.add(message.value());
          CompletableFuture<Void> acked = consumer.ack(message);
          acked.thenRun(() -> confirmed.add(message.value()));
        }
        if (seen.size() > (kills + 1) * MESSAGES / 4 && kills < 3) {
          kills++;
          broker.kill();
          broker.start();
          proxy.forwardTo(broker.listener());
        }
      }
    }
    assertEquals(3, kills);
    assertEquals(expected, new TreeSet<>(seen));
    assertTrue(confirmed.containsAll(expected));
  }
}
