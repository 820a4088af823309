package io.tailrace.client;

import static io.tailrace.client.Failures.codeOf;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import io.tailrace.protocol.record.StoredRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A producer on a cluster that behaves. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ProducerTest {
  private FakeCluster cluster;
  private TailraceClient client;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(1).topic("t", 1).topic("six", 6);
    client = TailraceClient.connect(cluster.bootstrap());
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private ProducerBuilder<String, String> builder() {
    return client.producerBuilder(Serdes.string(), Serdes.string());
  }

  @Test
  void tellsWhereARecordStands() {
    Producer<String, String> producer = builder().build();
    assertEquals(0, producer.send("t", "k", "a").join().offset());
    RecordMetadata second = producer.send("t", "k", "b").join();
    assertEquals("t-0@1", second.toString());
    assertTrue(second.timestampMs() > 0);
  }

  @Test
  void givesEachRecordOfABatchItsOwnOffset() {
    Producer<String, String> producer = builder().linger(Duration.ofMinutes(1)).build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      sent.add(producer.send("t", null, "v" + i));
    }
    producer.flush();
    for (int i = 0; i < 100; i++) {
      assertTrue(sent.get(i).isDone());
      assertEquals(i, sent.get(i).join().offset());
    }
    assertEquals(1, cluster.batchCount("t", 0));
  }

  @Test
  void writesHeadersTimestampAndPartitionOfAMessage() {
    Producer<String, String> producer = builder().build();
    RecordMetadata at =
        producer
            .send(
                Message.<String, String>of("value")
                    .key("key")
                    .header("trace", "1-2-3")
                    .timestamp(Instant.ofEpochMilli(123_456))
                    .partition(4)
                    .to("six"))
            .join();
    assertEquals(4, at.partition());
    assertEquals(123_456, at.timestampMs());
    StoredRecord record = cluster.records("six", 4).get(0);
    assertEquals("1-2-3", record.headers().get(0).valueAsString());
    assertEquals(123_456, record.timestampMs());
    assertArrayEquals("key".getBytes(java.nio.charset.StandardCharsets.UTF_8), record.key());
  }

  @Test
  void sendsNullKeysAndValuesAsNull() {
    Producer<String, String> producer = builder().build();
    producer.send("t", null, null).join();
    assertNull(cluster.records("t", 0).get(0).key());
    assertNull(cluster.records("t", 0).get(0).value());
  }

  @Test
  void keepsRecordsOfAKeyInOnePartitionAndInOrder() {
    Producer<String, String> producer = builder().build();
    for (int i = 0; i < 5000; i++) {
      producer.send("six", "key-" + i % 50, i % 50 + ":" + i);
    }
    producer.flush();
    int total = 0;
    for (int partition = 0; partition < 6; partition++) {
      int[] last = new int[50];
      for (String value : cluster.values("six", partition)) {
        String[] parts = value.split(":", 2);
        int key = Integer.parseInt(parts[0]);
        int number = Integer.parseInt(parts[1]);
        assertTrue(number > last[key] || number < 50, value);
        last[key] = number;
        total++;
      }
    }
    assertEquals(5000, total);
  }

  @Test
  void callsBackOncePerRecord() throws Exception {
    Producer<String, String> producer = builder().build();
    CountDownLatch called = new CountDownLatch(1000);
    AtomicReference<TailraceException> failed = new AtomicReference<>();
    for (int i = 0; i < 1000; i++) {
      producer.send(
          "t",
          null,
          "v",
          (metadata, error) -> {
            if (error != null) {
              failed.set(error);
            }
            called.countDown();
          });
    }
    assertTrue(called.await(20, TimeUnit.SECONDS));
    assertNull(failed.get());
  }

  @Test
  void survivesACallbackThatThrows() {
    Producer<String, String> producer = builder().build();
    producer.send(
        "t",
        null,
        "v",
        (metadata, error) -> {
          throw new IllegalStateException("thrown by the test");
        });
    assertEquals(1, producer.send("t", null, "w").join().offset());
  }

  @Test
  void mayBeUsedFromItsOwnCallbacks() {
    Producer<String, String> producer = builder().build();
    CompletableFuture<RecordMetadata> chained =
        producer.send("t", null, "first").thenCompose(at -> producer.send("t", null, "second"));
    assertEquals(1, chained.join().offset());
    assertEquals(List.of("first", "second"), cluster.values("t", 0));
  }

  @Test
  void doesNotKnowOffsetsWithoutAcknowledgements() {
    Producer<String, String> producer = builder().acks(Acks.NONE).build();
    RecordMetadata at = producer.send("t", null, "v").join();
    assertFalse(at.hasOffset());
    assertEquals("t-0@?", at.toString());
    Eventually.await("the record is there", () -> cluster.end("t", 0) == 1);
  }

  @Test
  void writesBatchesWithoutProducerIdWhenItIsNotIdempotent() {
    builder().idempotent(false).build().send("t", null, "v").join();
    assertEquals(
        RecordBatch.NO_PRODUCER_ID,
        RecordBatch.producerId(Unpooled.wrappedBuffer(cluster.batch("t", 0, 0)), 0));
    assertEquals(0, cluster.broker(0).count(ApiKey.ALLOCATE_PRODUCER_ID));
  }

  @Test
  void compressesWithLz4UnlessToldOtherwise() {
    String long1 = "abcdefgh".repeat(200);
    builder().build().send("t", null, long1).join();
    builder().compression(CompressionType.NONE).build().send("t", null, long1).join();
    assertEquals(
        CompressionType.LZ4,
        RecordBatch.compression(Unpooled.wrappedBuffer(cluster.batch("t", 0, 0)), 0));
    assertEquals(
        CompressionType.NONE,
        RecordBatch.compression(Unpooled.wrappedBuffer(cluster.batch("t", 0, 1)), 0));
    assertEquals(List.of(long1, long1), cluster.values("t", 0));
  }

  @Test
  void sendsWhatLingersWhenItsTimeIsOver() {
    Producer<String, String> producer = builder().linger(Duration.ofMillis(20)).build();
    CompletableFuture<RecordMetadata> first = producer.send("t", null, "a");
    CompletableFuture<RecordMetadata> second = producer.send("t", null, "b");
    assertEquals(0, first.join().offset());
    assertEquals(1, second.join().offset());
  }

  @Test
  void gathersManyFullBatchesIntoOneRequestWhileOneIsUnderWay() {
    AtomicInteger produces = new AtomicInteger();
    cluster.setFault(
        (broker, api, nth) -> {
          if (api != ApiKey.PRODUCE) {
            return Action.PASS;
          }
          return produces.getAndIncrement() == 0 ? Action.delay(300) : Action.PASS;
        });
    Producer<String, String> producer =
        builder().maxInFlight(1).compression(CompressionType.NONE).build();
    String value = "x".repeat(1000);
    for (int i = 0; i < 900; i++) {
      producer.send("t", null, value);
    }
    producer.flush();
    assertEquals(900, cluster.end("t", 0));
    assertTrue(cluster.batchCount("t", 0) > 50, "batches: " + cluster.batchCount("t", 0));
    assertTrue(produces.get() <= 5, "requests: " + produces.get());
  }

  @Test
  void refusesRecordsThatAreTooLarge() {
    Producer<String, String> producer =
        builder().maxRequestBytes(20_000).compression(CompressionType.NONE).build();
    assertEquals(ErrorCode.RECORD_TOO_LARGE, codeOf(producer.send("t", null, "x".repeat(20_000))));
    assertEquals(0, producer.send("t", null, "x".repeat(19_000)).join().offset());
  }

  @Test
  void sendsARecordThatIsLargerThanABatch() {
    Producer<String, String> producer = builder().build();
    String large = "x".repeat(500_000);
    producer.send("t", null, "small");
    producer.send("t", null, large);
    producer.send("t", null, "small");
    producer.flush();
    assertEquals(List.of("small", large, "small"), cluster.values("t", 0));
  }

  @Test
  void reportsWhatCannotBeSerialised() {
    Serializer<String> broken =
        (topic, data) -> {
          throw new IllegalStateException("no way");
        };
    Producer<String, String> producer =
        client.<String, String>producerBuilder(Serdes.string(), broken).build();
    assertEquals(ErrorCode.SERIALIZATION, codeOf(producer.send("t", "k", "v")));
  }

  @Test
  void waitsForATopicThatIsCreatedLater() {
    Producer<String, String> producer = builder().build();
    CompletableFuture<RecordMetadata> sent =
        CompletableFuture.supplyAsync(() -> producer.send("late", null, "v"))
            .thenCompose(future -> future);
    int before = cluster.broker(0).count(ApiKey.METADATA);
    Eventually.await(
        "the topic is looked for", () -> cluster.broker(0).count(ApiKey.METADATA) > before + 2);
    cluster.topic("late", 2);
    assertEquals(0, sent.join().offset());
  }

  @Test
  void namesTopicAndBootstrapWhenATopicDoesNotComeUp() {
    Producer<String, String> producer = builder().maxBlock(Duration.ofSeconds(2)).build();
    TailraceException error = Failures.of(producer.send("nowhere", null, "v"));
    assertEquals(ErrorCode.UNKNOWN_TOPIC, error.code());
    assertTrue(error.getMessage().contains("'nowhere'"), error.getMessage());
    assertTrue(error.getMessage().contains(cluster.bootstrap()), error.getMessage());
  }

  @Test
  void failsSoonForWhatTheClusterDoesNotHave() {
    Producer<String, String> producer = builder().maxBlock(Duration.ofMinutes(10)).build();
    producer.send("t", null, "v").join();
    assertEquals(ErrorCode.UNKNOWN_TOPIC, codeOf(producer.send("nowhere", null, "v")));
    assertEquals(
        ErrorCode.UNKNOWN_PARTITION,
        codeOf(producer.send(Message.of("t", "k", "v").partition(99))));
  }

  @Test
  void refusesANameThatNoTopicCanHaveWithoutAskingForIt() {
    Producer<String, String> producer = builder().maxBlock(Duration.ofMinutes(10)).build();
    int before = cluster.broker(0).count(ApiKey.METADATA);
    TailraceException error = Failures.of(producer.send("no such name/", null, "v"));
    assertEquals(ErrorCode.INVALID_TOPIC_NAME, error.code());
    assertTrue(error.getMessage().contains("'no such name/'"), error.getMessage());
    assertEquals(ErrorCode.INVALID_TOPIC_NAME, codeOf(producer.send("t".repeat(250), null, "v")));
    assertEquals(before, cluster.broker(0).count(ApiKey.METADATA));
  }

  @Test
  void namesTheSettingThatHelpsWhenARecordIsTooLarge() {
    Producer<String, String> producer = builder().maxRequestBytes(1 << 20).build();
    String own = Failures.of(producer.send("t", null, "x".repeat(1 << 21))).getMessage();
    assertTrue(own.contains("maxRequestBytes") && !own.contains("max.message.bytes"), own);
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE
                ? Action.refusePartitions(ErrorCode.BATCH_TOO_LARGE)
                : Action.PASS);
    String topics = Failures.of(producer.send("t", null, "v")).getMessage();
    assertTrue(topics.contains("max.message.bytes") && !topics.contains("maxRequest"), topics);
  }

  @Test
  void usesNewPartitionsOfATopic() {
    Producer<String, String> producer = builder().maxBlock(Duration.ofSeconds(2)).build();
    producer.send("t", null, "v").join();
    assertEquals(
        ErrorCode.UNKNOWN_PARTITION, codeOf(producer.send(Message.of("t", "k", "v").partition(2))));
    cluster.addPartitions("t", 3);
    assertEquals(2, producer.send(Message.of("t", "k", "v").partition(2)).join().partition());
  }

  @Test
  void blocksWhileItsMemoryIsFullAndThenGivesUp() {
    cluster.setFault((broker, api, nth) -> api == ApiKey.PRODUCE ? Action.IGNORE : Action.PASS);
    Producer<String, String> producer =
        builder()
            .bufferMemory(64 * 1024)
            .maxRequestBytes(32 * 1024)
            .compression(CompressionType.NONE)
            .maxBlock(Duration.ofMillis(200))
            .deliveryTimeout(Duration.ofSeconds(30))
            .build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    long start = System.nanoTime();
    while (sent.isEmpty() || !sent.get(sent.size() - 1).isCompletedExceptionally()) {
      sent.add(producer.send("t", null, "x".repeat(1000)));
      assertTrue(sent.size() < 100, "nothing stops the sender");
    }
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(200).toNanos());
    assertEquals(ErrorCode.BUFFER_FULL, codeOf(sent.get(sent.size() - 1)));
    assertTrue(sent.size() > 50);
    producer.close(Duration.ZERO);
    sent.forEach(future -> assertTrue(future.isDone()));
  }

  @Test
  void goesOnWhenMemoryBecomesFree() {
    Producer<String, String> producer =
        builder()
            .bufferMemory(64 * 1024)
            .maxRequestBytes(32 * 1024)
            .compression(CompressionType.NONE)
            .build();
    for (int i = 0; i < 2000; i++) {
      producer.send("t", null, i + "x".repeat(1000));
    }
    producer.flush();
    assertEquals(2000, cluster.end("t", 0));
  }

  @Test
  void doesNotWaitForMemoryOnTheNetworkThread() {
    cluster.setFault(
        (broker, api, nth) -> api == ApiKey.PRODUCE && nth > 0 ? Action.IGNORE : Action.PASS);
    Producer<String, String> producer =
        builder()
            .bufferMemory(32 * 1024)
            .maxRequestBytes(32 * 1024)
            .compression(CompressionType.NONE)
            .build();
    CompletableFuture<ErrorCode> refused =
        producer
            .send("t", null, "first")
            .thenApply(
                at -> {
                  for (int i = 0; i < 100; i++) {
                    CompletableFuture<RecordMetadata> sent =
                        producer.send("t", null, "x".repeat(1000));
                    if (sent.isCompletedExceptionally()) {
                      return codeOf(sent);
                    }
                  }
                  return ErrorCode.NONE;
                });
    assertEquals(ErrorCode.BUFFER_FULL, refused.join());
    producer.close(Duration.ZERO);
  }

  @Test
  void settlesEverythingWhenItIsClosed() {
    Producer<String, String> producer = builder().linger(Duration.ofMinutes(1)).build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      sent.add(producer.send("six", "k" + i, "v"));
    }
    producer.close();
    sent.forEach(future -> assertTrue(future.isDone() && !future.isCompletedExceptionally()));
    assertEquals(ErrorCode.CLIENT_CLOSED, codeOf(producer.send("t", null, "v")));
    producer.close();
  }

  @Test
  void failsWhatIsNotSettledWhenClosingTakesTooLong() {
    cluster.setFault((broker, api, nth) -> api == ApiKey.PRODUCE ? Action.IGNORE : Action.PASS);
    Producer<String, String> producer = builder().build();
    CompletableFuture<RecordMetadata> sent = producer.send("t", null, "v");
    long start = System.nanoTime();
    producer.close(Duration.ofMillis(300));
    assertTrue(System.nanoTime() - start < Duration.ofSeconds(5).toNanos());
    assertEquals(ErrorCode.DELIVERY_TIMED_OUT, codeOf(sent));
  }

  @Test
  void isClosedWithItsClient() {
    Producer<String, String> producer = builder().linger(Duration.ofMinutes(1)).build();
    CompletableFuture<RecordMetadata> sent = producer.send("t", null, "v");
    client.close();
    assertEquals(0, sent.join().offset());
    assertEquals(ErrorCode.CLIENT_CLOSED, codeOf(producer.send("t", null, "v")));
    assertThrows(TailraceException.class, () -> builder().build());
  }

  @Test
  void isSharedByManyThreads() throws Exception {
    Producer<String, String> producer = builder().build();
    int threads = 4;
    int each = 5000;
    List<Thread> senders = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int thread = t;
      senders.add(
          new Thread(
              () -> {
                for (int i = 0; i < each; i++) {
                  producer.send("t", null, thread + ":" + i);
                }
              }));
    }
    senders.forEach(Thread::start);
    for (Thread sender : senders) {
      sender.join();
    }
    producer.flush();
    int[] next = new int[threads];
    for (String value : cluster.values("t", 0)) {
      String[] parts = value.split(":", 2);
      assertEquals(next[Integer.parseInt(parts[0])]++, Integer.parseInt(parts[1]));
    }
    for (int count : next) {
      assertEquals(each, count);
    }
  }

  @Test
  void refusesSettingsThatDoNotGoTogether() {
    assertThrows(
        IllegalArgumentException.class, () -> builder().acks(Acks.LEADER).idempotent(true).build());
    assertThrows(IllegalArgumentException.class, () -> builder().batchBytes(1).build());
    assertThrows(IllegalArgumentException.class, () -> builder().maxInFlight(6).build());
    assertThrows(
        IllegalArgumentException.class, () -> builder().linger(Duration.ofHours(1)).build());
  }

  @Test
  void failsWithUnsupportedApiWhenTheBrokerHasNoProducerIds() {
    cluster.close();
    cluster = FakeCluster.start(1).topic("t", 1);
    cluster.broker(0).doNotSupport(ApiKey.ALLOCATE_PRODUCER_ID);
    try (TailraceClient old = TailraceClient.connect(cluster.bootstrap())) {
      Producer<String, String> producer = old.producer(Serdes.string(), Serdes.string());
      assertEquals(ErrorCode.UNSUPPORTED_API, codeOf(producer.send("t", null, "v")));
      assertEquals(ErrorCode.UNSUPPORTED_API, codeOf(producer.send("t", null, "v")));
    }
  }
}
