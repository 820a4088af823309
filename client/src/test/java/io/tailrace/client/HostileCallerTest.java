package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.CompressionType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

/** Code of the caller that throws, interrupts or asks for the impossible harms nobody else. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileCallerTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
  private static final Duration NEGATIVE = Duration.ofMillis(-1);

  private FakeCluster cluster;
  private TailraceClient client;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(1).topic("t", 1);
    client = TailraceClient.connect(cluster.bootstrap());
  }

  @AfterEach
  void stop() {
    Thread.interrupted();
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private ProducerBuilder<String, String> producing() {
    return client.producerBuilder(Serdes.string(), Serdes.string());
  }

  private ConsumerBuilder<String, String> consuming() {
    return client.consumer(Serdes.string(), Serdes.string());
  }

  @Test
  void runsTheOtherCallbacksWhenOneThrowsAnError() {
    Producer<String, String> producer = producing().build();
    AtomicInteger told = new AtomicInteger();
    for (int i = 0; i < 100; i++) {
      boolean bad = i % 20 == 7;
      producer.send(
          "t",
          null,
          "v" + i,
          (metadata, error) -> {
            told.incrementAndGet();
            if (bad) {
              throw new AssertionError("a callback that throws");
            }
          });
    }
    producer.flush();
    assertEquals(100, told.get());
    Eventually.await("the memory is given back", () -> client.producerBytes() == 0);
    assertEquals(100, producer.send("t", null, "after").join().offset());
  }

  @Test
  void completesTheOtherFuturesWhenAContinuationThrowsAnError() {
    Producer<String, String> producer = producing().build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      CompletableFuture<RecordMetadata> future = producer.send("t", null, "v" + i);
      future.thenAccept(
          at -> {
            throw new StackOverflowError("a continuation that throws");
          });
      sent.add(future);
    }
    producer.flush();
    sent.forEach(CompletableFuture::join);
  }

  @Test
  void failsOnlyTheRecordThatASerializerCannotWrite() {
    Producer<String, String> producer =
        client
            .<String, String>producerBuilder(
                Serdes.string(),
                (topic, value) -> {
                  if (value.equals("endless")) {
                    throw new StackOverflowError();
                  }
                  return Serdes.string().serialize(topic, value);
                })
            .build();
    assertEquals(ErrorCode.SERIALIZATION, Failures.codeOf(producer.send("t", null, "endless")));
    assertEquals(0, producer.send("t", null, "good").join().offset());
  }

  @Test
  void returnsTheRecordsBeforeOneWhoseDeserializerThrowsAnError() {
    Producer<String, String> producer = producing().linger(Duration.ofSeconds(10)).build();
    List.of("v0", "v1", "bad", "v3").forEach(value -> producer.send("t", null, value));
    producer.flush();
    AssertionError broken = new AssertionError("a deserializer that throws");
    AtomicInteger failures = new AtomicInteger(1);
    Consumer<String, String> consumer =
        client
            .<String, String>consumer(
                Serdes.string(),
                (topic, bytes) -> {
                  String value = Serdes.string().deserialize(topic, bytes);
                  if (value.equals("bad") && failures.getAndDecrement() > 0) {
                    failures.set(value.length());
                    throw broken;
                  }
                  return value;
                })
            .assign("t")
            .build();
    assertEquals(List.of("v0", "v1"), values(consumer.poll(LONG)));
    failures.set(1);
    assertSame(broken, assertThrows(AssertionError.class, () -> consumer.poll(LONG)));
    failures.set(0);
    assertEquals(List.of("bad", "v3"), values(consumer.poll(LONG)));
  }

  private static List<String> values(List<ConsumerRecord<String, String>> records) {
    return records.stream().map(ConsumerRecord::value).toList();
  }

  @Test
  void takesDurationsThatAreLongerThanItCanCount() {
    client.close(Duration.ZERO);
    client =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .connectTimeout(FOR_EVER)
            .requestTimeout(FOR_EVER)
            .metadataMaxAge(FOR_EVER)
            .reconnectBackoff(Duration.ofMillis(1), FOR_EVER)
            .connect();
    Producer<String, String> producer =
        producing().deliveryTimeout(FOR_EVER).maxBlock(FOR_EVER).build();
    producer.send("t", null, "v").join();
    producer.send("t", null, "w");
    producer.flush();
    Consumer<String, String> consumer = consuming().fetchMaxWait(FOR_EVER).assign("t").build();
    List<String> polled = new ArrayList<>();
    while (polled.size() < 2) {
      polled.addAll(values(consumer.poll(FOR_EVER)));
    }
    assertEquals(List.of("v", "w"), polled);
    producer.close(Duration.ofMillis(Long.MAX_VALUE));
    client.close(FOR_EVER);
    assertEquals(
        Long.toString(Long.MAX_VALUE),
        Topic.named("x").retention(FOR_EVER).configs().get("retention.ms"));
  }

  @Test
  void refusesNegativeDurationsBeforeAnythingChanges() {
    Producer<String, String> producer = producing().build();
    Consumer<String, String> consumer = consuming().assign("t").build();
    TailraceClient.Builder builder = TailraceClient.builder().bootstrap(cluster.bootstrap());
    refused(() -> producer.close(NEGATIVE));
    refused(() -> consumer.poll(NEGATIVE));
    refused(() -> client.close(NEGATIVE));
    refused(() -> producing().linger(NEGATIVE).build());
    refused(() -> producing().deliveryTimeout(NEGATIVE).build());
    refused(() -> producing().maxBlock(NEGATIVE).build());
    refused(() -> consuming().fetchMaxWait(NEGATIVE).assign("t").build());
    refused(() -> builder.requestTimeout(Duration.ZERO).connect());
    refused(() -> Topic.named("x").retention(NEGATIVE));
    assertEquals(0, producer.send("t", null, "v").join().offset());
    assertEquals(List.of("v"), values(consumer.poll(LONG)));
  }

  private static void refused(Executable call) {
    assertThrows(IllegalArgumentException.class, call);
  }

  @Test
  void everyBlockingCallTellsOfAnInterruption() {
    Producer<String, String> producer =
        producing().bufferMemory(1 << 20).maxRequestBytes(1 << 20).batchBytes(1 << 20).build();
    producer.send("t", null, "known").join();
    Consumer<String, String> consumer = consuming().assign("t").startAt(Position.latest()).build();
    assertTrue(consumer.poll(Duration.ZERO).isEmpty());
    cluster.setFault((broker, api, nth) -> api == ApiKey.HANDSHAKE ? Action.PASS : Action.IGNORE);
    interrupted(() -> consumer.poll(LONG));
    interrupted(() -> consumer.poll(Duration.ZERO));
    Consumer<String, String> looking =
        consuming().assign(new TopicPartition("t", 0)).startAt(Position.latest()).build();
    interrupted(() -> looking.position(new TopicPartition("t", 0)));
    interrupted(() -> consuming().assign("other").build());
    interrupted(() -> consuming().replay("t", Position.earliest(), Position.latest()));
    interrupted(() -> TailraceClient.connect(cluster.bootstrap()));
    CompletableFuture<RecordMetadata> waiting = producer.send("t", null, full());
    interrupted(producer::flush);
    assertFalse(waiting.isDone());
    Thread.currentThread().interrupt();
    assertEquals(ErrorCode.INTERRUPTED, Failures.codeOf(flagless(producer.send("t", "k", full()))));
    Thread.currentThread().interrupt();
    producer.close(Duration.ofMinutes(10));
    assertTrue(Thread.interrupted());
    assertTrue(waiting.isCompletedExceptionally());
  }

  private static String full() {
    return "x".repeat(1_000_000);
  }

  /** Waiting for the future itself is not to be interrupted. */
  private static <T> T flagless(T future) {
    assertTrue(Thread.interrupted());
    return future;
  }

  private static void interrupted(Executable call) {
    Thread.currentThread().interrupt();
    TailraceException error = assertThrows(TailraceException.class, call);
    assertEquals(ErrorCode.INTERRUPTED, error.code(), error.getMessage());
    assertTrue(Thread.interrupted(), "the interrupt flag stays set");
  }

  @Test
  void boundsTheBytesOfAPoll() {
    Producer<String, String> producer =
        producing()
            .compression(CompressionType.ZSTD)
            .batchBytes(1 << 20)
            .linger(Duration.ofSeconds(10))
            .build();
    for (int i = 0; i < 20; i++) {
      producer.send("t", null, "x".repeat(100_000));
    }
    producer.send("t", null, "y".repeat(400_000));
    producer.flush();
    Consumer<String, String> consumer = consuming().assign("t").maxPollBytes(350_000).build();
    int read = 0;
    while (read < 21) {
      List<String> values = values(consumer.poll(LONG));
      int bytes = values.stream().mapToInt(String::length).sum();
      assertTrue(bytes <= 350_000 || values.size() == 1, values.size() + " of " + bytes);
      assertTrue(read > 17 || values.size() == 3, "a poll is filled: " + values.size());
      read += values.size();
    }
    assertEquals(21, consumer.position(new TopicPartition("t", 0)));
  }
}
