package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.BrokerProcess;
import io.tailrace.broker.testkit.TestProxy;
import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.Redrive;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker process that is killed while messages die and come back. */
class DeadLetterKillTest {
  private static final int MESSAGES = 600;

  @TempDir Path directory;

  private TailraceClient client;
  private Runnable kill;

  @Test
  @Timeout(120)
  void everyMessageIsForwardedOnceWheneverTheBrokerDies() {
    try (TestProxy proxy = new TestProxy();
        BrokerProcess broker =
            BrokerProcess.start(directory, Map.of("advertised.listener", proxy.address()))) {
      proxy.forwardTo(broker.listener());
      kill =
          () -> {
            broker.kill();
            broker.start();
            proxy.forwardTo(broker.listener());
          };
      try (TailraceClient connected = TailraceClient.connect(proxy.address())) {
        client = connected;
        client.admin().createQueue(Queue.named("work").lock(Duration.ofSeconds(2))).join();
        List<String> sent = send();

        rejectAll();
        assertEquals(sent, deadLetters(), "each died once");
        redriveAll();
        assertEquals(sent, receiveAll(), "each came back once");
      }
    }
  }

  private List<String> send() {
    List<String> sent = new ArrayList<>();
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int i = 0; i < MESSAGES; i++) {
        sent.add("m" + i);
        producer.send("work.inbox", null, "m" + i);
      }
      producer.flush();
    }
    return sent.stream().sorted().toList();
  }

  /** The broker dies while the first of them are forwarded. */
  private void rejectAll() {
    int rejected = 0;
    boolean killed = false;
    try (QueueConsumer<String, String> consumer = consumer()) {
      while (open("work") > 0) {
        for (ReceivedMessage<String, String> message :
            consumer.receive(100, Duration.ofMillis(200))) {
          consumer.reject(message, "no");
          rejected++;
        }
        if (!killed && rejected >= MESSAGES / 3) {
          killed = true;
          kill.run();
        }
      }
    }
    assertTrue(killed);
  }

  /** The broker dies when some have come back. */
  private void redriveAll() {
    CompletableFuture<Void> some = new CompletableFuture<>();
    CompletableFuture<Long> first =
        client.admin().redrive(Redrive.of("work").progress(count -> some.complete(null)));
    some.join();
    kill.run();
    try {
      first.join();
    } catch (CompletionException e) {
      // run again below, as a person does
    }
    while (open("work.dlq") > 0) {
      try {
        client.admin().redrive(Redrive.of("work")).join();
      } catch (CompletionException e) {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
    }
  }

  private long open(String queue) {
    QueueDescription now = client.admin().describeQueue(queue).join();
    return now.ready() + now.inFlight() + now.delayed() + now.setAside();
  }

  private List<String> deadLetters() {
    return client.admin().browseQueue("work.dlq", 2 * MESSAGES).join().stream()
        .map(each -> new String(each.record().value(), StandardCharsets.UTF_8))
        .sorted()
        .toList();
  }

  private List<String> receiveAll() {
    List<String> values = new ArrayList<>();
    try (QueueConsumer<String, String> consumer = consumer()) {
      while (open("work") > 0) {
        for (ReceivedMessage<String, String> message :
            consumer.receive(100, Duration.ofMillis(200))) {
          values.add(message.value());
          consumer.ack(message).join();
        }
      }
    }
    return values.stream().sorted().toList();
  }

  private QueueConsumer<String, String> consumer() {
    return client.queueConsumer("work", Serdes.string(), Serdes.string());
  }
}
