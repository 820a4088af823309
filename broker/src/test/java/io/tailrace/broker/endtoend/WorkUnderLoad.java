package io.tailrace.broker.endtoend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.Producer;
import io.tailrace.client.Queue;
import io.tailrace.client.QueueConsumer;
import io.tailrace.client.QueueDescription;
import io.tailrace.client.ReceivedMessage;
import io.tailrace.client.RecordMetadata;
import io.tailrace.client.Serdes;
import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Shares work through a queue among many workers while brokers are killed, and checks that every
 * confirmed message was worked on and that none came back once its acknowledgement was confirmed.
 */
final class WorkUnderLoad {
  private static final int WORKERS = 20;
  private static final int MESSAGES_PER_ROUND = 2_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final TailraceClient client;
  private final String queue;

  /** When the acknowledgement of a message was confirmed, on the nano clock. */
  private final Map<String, Long> confirmed = new ConcurrentHashMap<>();

  private final ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
  private volatile boolean done;

  private WorkUnderLoad(TailraceClient client, String queue) {
    this.client = client;
    this.queue = queue;
  }

  /**
   * @param kill runs in the middle of each round
   * @param heal runs after each round
   */
  static void run(TailraceClient client, String queue, int rounds, Runnable kill, Runnable heal)
      throws InterruptedException {
    client
        .admin()
        .createQueue(Queue.named(queue).lock(Duration.ofSeconds(2)).maxDeliveries(100))
        .join();
    new WorkUnderLoad(client, queue).run(rounds, kill, heal);
  }

  private void run(int rounds, Runnable kill, Runnable heal) throws InterruptedException {
    ExecutorService workers = Executors.newFixedThreadPool(WORKERS);
    Set<String> published;
    try {
      for (int i = 0; i < WORKERS; i++) {
        workers.execute(this::work);
      }
      published = publish(rounds, kill, heal);
      long giveUpNanos = System.nanoTime() + PATIENCE.toNanos();
      while (!confirmed.keySet().containsAll(published)) {
        assertTrue(
            System.nanoTime() < giveUpNanos,
            () -> published.size() - confirmed.size() + " messages were lost");
        Thread.onSpinWait();
      }
    } finally {
      done = true;
      workers.shutdown();
      assertTrue(workers.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }
    assertEquals(List.of(), List.copyOf(wrong));
    assertEquals(published, confirmed.keySet());
    QueueDescription left = client.admin().describeQueue(queue).join();
    assertEquals(
        List.of(0L, 0L, 0L, 0L),
        List.of(left.ready(), left.inFlight(), left.delayed(), left.setAside()));
  }

  private Set<String> publish(int rounds, Runnable kill, Runnable heal) {
    Set<String> published = new HashSet<>();
    try (Producer<String, String> producer = client.producer(Serdes.string(), Serdes.string())) {
      for (int round = 0; round < rounds; round++) {
        List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < MESSAGES_PER_ROUND; i++) {
          String value = round + "-" + i;
          published.add(value);
          sent.add(producer.send(queue + ".inbox", null, value));
          if (i == MESSAGES_PER_ROUND / 2) {
            sent.get(i).join();
            kill.run();
          }
        }
        sent.forEach(CompletableFuture::join);
        heal.run();
      }
    }
    return published;
  }

  private void work() {
    try (QueueConsumer<String, String> consumer =
        client.queueConsumer(queue, Serdes.string(), Serdes.string())) {
      while (!done) {
        long askedNanos = System.nanoTime();
        for (ReceivedMessage<String, String> message : receive(consumer)) {
          Long before = confirmed.get(message.value());
          if (before != null && before - askedNanos < 0) {
            wrong.add(message.value() + " came back");
          }
          consumer
              .ack(message)
              .thenRun(() -> confirmed.putIfAbsent(message.value(), System.nanoTime()));
        }
      }
    } catch (RuntimeException e) {
      wrong.add(e.toString());
    }
  }

  private static List<ReceivedMessage<String, String>> receive(
      QueueConsumer<String, String> consumer) {
    try {
      return consumer.receive(10, Duration.ofSeconds(1));
    } catch (TailraceException e) {
      if (e.retriable()) {
        return List.of();
      }
      throw e;
    }
  }
}
