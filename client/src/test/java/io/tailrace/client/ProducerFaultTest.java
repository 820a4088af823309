package io.tailrace.client;

import static io.tailrace.client.Failures.codeOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A producer on a cluster that misbehaves: nothing is lost, doubled or out of order. */
@Timeout(value = 90, unit = TimeUnit.SECONDS)
class ProducerFaultTest {
  private FakeCluster cluster;
  private TailraceClient client;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(3).topic("t", 1).topic("three", 3);
    client = connect(Duration.ofSeconds(10));
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private TailraceClient connect(Duration requestTimeout) {
    return TailraceClient.builder()
        .bootstrap(cluster.bootstrap())
        .requestTimeout(requestTimeout)
        .connect();
  }

  /** Every record a batch of its own. */
  private ProducerBuilder<String, String> oneRecordPerBatch() {
    return client
        .<String, String>producerBuilder(Serdes.string(), Serdes.string())
        .batchBytes(128)
        .compression(CompressionType.NONE);
  }

  private static String value(int i) {
    return i + "-" + "x".repeat(100);
  }

  private static List<String> values(int count) {
    return IntStream.range(0, count).mapToObj(ProducerFaultTest::value).toList();
  }

  private static List<CompletableFuture<RecordMetadata>> send(
      Producer<String, String> producer, int count) {
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sent.add(producer.send("t", null, value(i)));
    }
    return sent;
  }

  /** A fault for the nth produce request of the whole cluster. */
  private Fault onProduce(int which, Action action) {
    AtomicInteger produces = new AtomicInteger();
    return (broker, api, nth) ->
        api == ApiKey.PRODUCE && produces.getAndIncrement() == which ? action : Action.PASS;
  }

  private int epochOfLastBatch() {
    byte[] batch = cluster.batch("t", 0, cluster.batchCount("t", 0) - 1);
    return RecordBatch.producerEpoch(Unpooled.wrappedBuffer(batch), 0);
  }

  @Test
  void writesNothingTwiceWhenAnAnswerIsLost() {
    cluster.setFault(onProduce(0, Action.DO_AND_DROP));
    Producer<String, String> producer = oneRecordPerBatch().build();
    List<CompletableFuture<RecordMetadata>> sent = send(producer, 3);
    producer.flush();
    assertEquals(values(3), cluster.values("t", 0));
    for (int i = 0; i < 3; i++) {
      assertEquals(i, sent.get(i).join().offset());
    }
  }

  @Test
  void takesBatchesThatWereAppendedLongAgoForAcknowledged() {
    AtomicInteger produces = new AtomicInteger();
    cluster.setFault(
        (broker, api, nth) -> {
          int which = api == ApiKey.PRODUCE ? produces.getAndIncrement() : 0;
          if (which == 2) {
            cluster.forgetRuns("t", 0);
          }
          return which == 1 ? Action.DO_AND_DROP : Action.PASS;
        });
    Producer<String, String> producer =
        oneRecordPerBatch().maxInFlight(1).linger(Duration.ofSeconds(10)).build();
    producer.send("t", null, value(0));
    producer.flush();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 1; i < 30; i++) {
      sent.add(producer.send("t", null, value(i)));
    }
    producer.flush();
    assertEquals(values(30), cluster.values("t", 0));
    assertFalse(sent.get(0).join().hasOffset());
    for (int i = 1; i < sent.size(); i++) {
      RecordMetadata at = sent.get(i).join();
      assertTrue(at.offset() == i + 1 || !at.hasOffset(), at.toString());
    }
  }

  @Test
  void leavesNoMoreRequestsWithoutAnswerThanBrokersRemember() {
    int lost = 7;
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && nth < lost ? Action.DO_AND_DROP : Action.PASS);
    Producer<String, String> producer = oneRecordPerBatch().linger(Duration.ZERO).build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < lost; i++) {
      int requests = i;
      Eventually.await(
          "the request before", () -> cluster.broker(0).count(ApiKey.PRODUCE) >= requests);
      sent.add(producer.send("t", null, value(i)));
    }
    producer.flush();
    assertEquals(values(lost), cluster.values("t", 0));
    for (int i = 0; i < lost; i++) {
      assertEquals(i, sent.get(i).join().offset());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NOT_LEADER",
        "OVERLOADED",
        "NOT_ENOUGH_REPLICAS",
        "REQUEST_TIMED_OUT",
        "UNKNOWN_LEADER_EPOCH",
        "STORAGE_ERROR",
        "UNKNOWN_TOPIC"
      })
  void keepsTheOrderWhenARequestIsRefusedForNow(String code) {
    Action refusal = Action.refusePartitions(ErrorCode.valueOf(code));
    cluster.setFault(onProduce(1, refusal));
    Producer<String, String> producer = oneRecordPerBatch().linger(Duration.ZERO).build();
    send(producer, 500);
    producer.flush();
    assertEquals(values(500), cluster.values("t", 0));
  }

  @Test
  void keepsTheOrderWhenAWholeRequestIsRefused() {
    cluster.setFault(onProduce(1, Action.refuse(ErrorCode.OVERLOADED)));
    Producer<String, String> producer = oneRecordPerBatch().linger(Duration.ZERO).build();
    send(producer, 500);
    producer.flush();
    assertEquals(values(500), cluster.values("t", 0));
  }

  @Test
  void keepsTheOrderWithoutIdempotence() {
    cluster.setFault(onProduce(1, Action.refusePartitions(ErrorCode.NOT_LEADER)));
    Producer<String, String> producer =
        oneRecordPerBatch().acks(Acks.LEADER).linger(Duration.ZERO).build();
    send(producer, 500);
    producer.flush();
    assertEquals(values(500), cluster.values("t", 0));
  }

  @Test
  void followsALeaderThatMoves() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      if (i % 50 == 25) {
        cluster.setLeader("t", 0, i / 50 % 3);
      }
      sent.add(producer.send("t", null, value(i)));
      if (i % 10 == 0) {
        producer.flush();
      }
    }
    producer.flush();
    assertEquals(values(300), cluster.values("t", 0));
    sent.forEach(CompletableFuture::join);
  }

  @Test
  void waitsForALeaderWhenThereIsNone() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    producer.send("t", null, value(0)).join();
    cluster.setLeader("t", 0, -1);
    CompletableFuture<RecordMetadata> sent = producer.send("t", null, value(1));
    int before = metadataRequests();
    Eventually.await("the leader is looked for", () -> metadataRequests() > before + 3);
    assertFalse(sent.isDone());
    cluster.setLeader("t", 0, 2);
    assertEquals(1, sent.join().offset());
  }

  private int metadataRequests() {
    return IntStream.range(0, 3).map(id -> cluster.broker(id).count(ApiKey.METADATA)).sum();
  }

  @Test
  void goesOnWhenABrokerRestarts() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    producer.send("t", null, value(0)).join();
    cluster.broker(0).stop();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 1; i < 20; i++) {
      sent.add(producer.send("t", null, value(i)));
    }
    cluster.broker(0).start();
    producer.flush();
    sent.forEach(CompletableFuture::join);
    assertEquals(values(20), cluster.values("t", 0));
  }

  @Test
  void leavesAFrozenLeaderAsSoonAsAnotherLeads() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    producer.send("t", null, value(0)).join();
    cluster.broker(0).freeze();
    CompletableFuture<RecordMetadata> sent = producer.send("t", null, value(1));
    cluster.setLeader("t", 0, 1);
    long start = System.nanoTime();
    assertEquals(1, sent.join().offset());
    long tookMs = (System.nanoTime() - start) / 1_000_000;
    assertTrue(tookMs < 9000, "took " + tookMs + " ms, about as long as the request timeout");
    assertEquals(values(2), cluster.values("t", 0));
  }

  @Test
  void doesNotLetAFrozenBrokerHoldUpOthers() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    for (int partition = 0; partition < 3; partition++) {
      producer.send(Message.of("three", "k", "v").partition(partition)).join();
    }
    cluster.broker(0).freeze();
    CompletableFuture<RecordMetadata> stuck =
        producer.send(Message.of("three", "k", "v").partition(0));
    for (int i = 0; i < 100; i++) {
      producer.send(Message.of("three", "k", "v").partition(1 + i % 2)).join();
    }
    assertFalse(stuck.isDone());
    cluster.broker(0).thaw();
    assertEquals(1, stuck.join().offset());
  }

  @Test
  void repeatsWhatASilentBrokerDidNotAnswer() {
    client.close();
    client = connect(Duration.ofMillis(300));
    cluster.setFault(onProduce(0, Action.DO_AND_IGNORE));
    Producer<String, String> producer = oneRecordPerBatch().build();
    List<CompletableFuture<RecordMetadata>> sent = send(producer, 3);
    sent.forEach(CompletableFuture::join);
    assertEquals(values(3), cluster.values("t", 0));
  }

  @Test
  void sendsWhatBecameDueWhileAllItsRequestsWereInFlight() throws Exception {
    try (FakeCluster one = FakeCluster.start(1).topic("two", 2)) {
      one.setFault(
          (broker, api, nth) ->
              api == ApiKey.PRODUCE && nth == 0 ? Action.delay(500) : Action.PASS);
      try (TailraceClient own = TailraceClient.connect(one.bootstrap());
          Producer<String, String> producer =
              own.<String, String>producerBuilder(Serdes.string(), Serdes.string())
                  .linger(Duration.ZERO)
                  .maxInFlight(1)
                  .build()) {
        var first = producer.send(Message.<String, String>of("a").to("two").partition(0));
        Eventually.await("the first request", () -> one.broker(0).count(ApiKey.PRODUCE) == 1);
        // Another partition has a record now, and no answer will be for it.
        var second = producer.send(Message.<String, String>of("b").to("two").partition(1));
        assertEquals(0, first.get(20, TimeUnit.SECONDS).offset());
        assertEquals(0, second.get(20, TimeUnit.SECONDS).offset());
      }
    }
  }

  @Test
  void failsWhatIsNotAcknowledgedInTimeAndGoesOnWithTheRest() {
    cluster.setFault((broker, api, nth) -> api == ApiKey.PRODUCE ? Action.IGNORE : Action.PASS);
    client.close();
    client = connect(Duration.ofMillis(200));
    Producer<String, String> producer =
        oneRecordPerBatch().deliveryTimeout(Duration.ofMillis(500)).build();
    List<CompletableFuture<RecordMetadata>> lost = send(producer, 5);
    for (CompletableFuture<RecordMetadata> each : lost) {
      TailraceException error = Failures.of(each);
      assertEquals(ErrorCode.DELIVERY_TIMED_OUT, error.code());
      assertTrue(error.getMessage().contains("t-0"), error.getMessage());
    }
    cluster.setFault((broker, api, nth) -> Action.PASS);
    Eventually.await(
        "records are taken again",
        () -> !producer.send("t", null, "again").handle((at, e) -> e != null).join());
    assertEquals(Set.of("again"), Set.copyOf(cluster.values("t", 0)));
  }

  @Test
  void doesNotDoubleWhatWasWrittenBeforeItsTimeWasOver() {
    cluster.setFault(onProduce(0, Action.DO_AND_IGNORE));
    client.close();
    client = connect(Duration.ofMillis(700));
    Producer<String, String> producer =
        oneRecordPerBatch().deliveryTimeout(Duration.ofMillis(300)).build();
    assertEquals(ErrorCode.DELIVERY_TIMED_OUT, codeOf(producer.send("t", null, value(0))));
    assertTrue(cluster.end("t", 0) == 1);
    Eventually.await(
        "records are taken again",
        () -> !producer.send("t", null, "again").handle((at, e) -> e != null).join());
    List<String> values = cluster.values("t", 0);
    assertEquals(1, values.stream().filter(value(0)::equals).count());
  }

  @ParameterizedTest
  @ValueSource(strings = {"OUTCOME_UNKNOWN", "REQUEST_TIMED_OUT"})
  void doesNotDoubleWhatFollowsABatchThatIsGivenUp(String code) {
    AtomicInteger produces = new AtomicInteger();
    cluster.setFault(
        (broker, api, nth) -> {
          if (api != ApiKey.PRODUCE) {
            return Action.PASS;
          }
          return switch (produces.getAndIncrement()) {
            case 0 -> Action.doAndRefusePartitions(ErrorCode.valueOf(code));
            case 1 -> Action.refusePartitions(ErrorCode.INVALID_REQUEST);
            default -> Action.PASS;
          };
        });
    Producer<String, String> producer =
        oneRecordPerBatch().linger(Duration.ofMinutes(1)).maxInFlight(1).build();
    cluster.setLeader("t", 0, -1); // so that one request has several batches
    List<CompletableFuture<RecordMetadata>> sent = send(producer, 3);
    cluster.setLeader("t", 0, 1);
    producer.flush();
    assertEquals(ErrorCode.INVALID_REQUEST, codeOf(sent.get(0)));
    assertEquals(1, sent.get(1).join().offset());
    assertEquals(2, sent.get(2).join().offset());
    assertEquals(values(3), cluster.values("t", 0));
  }

  @Test
  void startsOverWhenTheBrokerHasForgottenTheProducer() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    for (int i = 0; i < 100; i++) {
      if (i % 20 == 10) {
        producer.flush();
        cluster.forgetProducers("t", 0);
      }
      producer.send("t", null, value(i));
    }
    producer.flush();
    assertEquals(values(100), cluster.values("t", 0));
  }

  @Test
  void startsOverUnderANewEpochWhenTheLogHasLostAcknowledgedBatches() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    for (int i = 0; i < 10; i++) {
      producer.send("t", null, value(i)).join();
    }
    cluster.truncate("t", 0, 5);
    cluster.setLeader("t", 0, 1);
    for (int i = 10; i < 20; i++) {
      producer.send("t", null, value(i));
    }
    producer.flush();
    List<String> expected = new ArrayList<>(values(20).subList(0, 5));
    expected.addAll(values(20).subList(10, 20));
    assertEquals(expected, cluster.values("t", 0));
    assertEquals(1, epochOfLastBatch());
  }

  @Test
  void takesANewProducerIdWhenItsOwnIsFenced() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    producer.send("t", null, value(0)).join();
    cluster.setFault(onProduce(0, Action.refusePartitions(ErrorCode.FENCED_PRODUCER_EPOCH)));
    producer.send("t", null, value(1)).join();
    assertEquals(values(2), cluster.values("t", 0));
    assertTrue(
        RecordBatch.producerId(Unpooled.wrappedBuffer(cluster.batch("t", 0, 0)), 0)
            != RecordBatch.producerId(Unpooled.wrappedBuffer(cluster.batch("t", 0, 1)), 0));
  }

  @Test
  void failsOnlyTheBatchThatIsRefusedForGood() {
    Producer<String, String> producer =
        oneRecordPerBatch().maxInFlight(1).linger(Duration.ZERO).build();
    producer.send("t", null, value(0)).join();
    cluster.setFault(onProduce(0, Action.refusePartitions(ErrorCode.BATCH_TOO_LARGE)));
    CompletableFuture<RecordMetadata> refused = producer.send("t", null, value(1));
    CompletableFuture<RecordMetadata> next = producer.send("t", null, value(2));
    assertEquals(ErrorCode.RECORD_TOO_LARGE, codeOf(refused));
    next.join();
    producer.send("t", null, value(3)).join();
    assertEquals(List.of(value(0), value(2), value(3)), cluster.values("t", 0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void splitsABatchThatIsTooLarge(boolean idempotent) {
    Producer<String, String> producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .acks(idempotent ? Acks.ALL : Acks.LEADER)
            .linger(Duration.ofSeconds(60))
            .build();
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && nth < 3
                ? Action.refusePartitions(ErrorCode.BATCH_TOO_LARGE)
                : Action.PASS);
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sent.add(producer.send("t", null, value(i)));
    }
    producer.flush();
    assertEquals(values(20), cluster.values("t", 0));
    for (int i = 0; i < 20; i++) {
      assertEquals(i, sent.get(i).join().offset());
    }
  }

  @Test
  void keepsTheOrderOfWhatWasSentBehindABatchThatIsSplit() {
    Producer<String, String> producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .batchBytes(1_000)
            .compression(CompressionType.NONE)
            .build();
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && nth % 3 == 1
                ? Action.refusePartitions(ErrorCode.BATCH_TOO_LARGE)
                : Action.PASS);
    int count = 3_000;
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sent.add(producer.send("t", null, value(i)));
    }
    producer.flush();
    // A record that was alone in its batch when it was refused fails; no other does.
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (sent.get(i).isCompletedExceptionally()) {
        assertEquals(ErrorCode.RECORD_TOO_LARGE, codeOf(sent.get(i)));
      } else {
        expected.add(value(i));
      }
    }
    assertTrue(expected.size() > count / 2, "delivered " + expected.size());
    assertEquals(expected, cluster.values("t", 0));
  }

  @Test
  void givesTheMemoryOfSplitBatchesBack() {
    Producer<String, String> producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .batchBytes(2_000)
            .maxRequestBytes(4_000)
            .bufferMemory(6_000)
            .compression(CompressionType.NONE)
            .build();
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE && nth % 2 == 0
                ? Action.refusePartitions(ErrorCode.BATCH_TOO_LARGE)
                : Action.PASS);
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      sent.add(producer.send("t", null, value(i))); // waits for room
    }
    producer.flush();
    assertEquals(
        sent.stream().filter(each -> !each.isCompletedExceptionally()).count(),
        cluster.values("t", 0).size());
    assertTrue(
        sent.stream()
            .filter(CompletableFuture::isCompletedExceptionally)
            .allMatch(each -> codeOf(each) == ErrorCode.RECORD_TOO_LARGE));
  }

  @Test
  void writesToATopicThatWasMadeAnew() {
    Producer<String, String> producer = oneRecordPerBatch().build();
    for (int i = 0; i < 10; i++) {
      producer.send("t", null, value(i)).join();
    }
    cluster.deleteTopic("t");
    cluster.topic("t", 1);
    for (int i = 0; i < 10; i++) {
      producer.send("t", null, value(i));
    }
    producer.flush();
    assertEquals(values(10), cluster.values("t", 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 3, 4, 6})
  void losesDoublesAndMixesNothingUpUnderRandomFaults(long seed) throws Exception {
    client.close();
    client = connect(Duration.ofMillis(200));
    Random random = new Random(seed);
    cluster.setFault(randomFaults(new Random(seed)));
    Producer<String, String> producer =
        oneRecordPerBatch().batchBytes(400).linger(Duration.ofMillis(1)).build();
    Map<Integer, List<String>> expected = new HashMap<>();
    List<CompletableFuture<RecordMetadata>> sent = new ArrayList<>();
    for (int i = 0; i < 1500; i++) {
      int partition = random.nextInt(3);
      expected.computeIfAbsent(partition, p -> new ArrayList<>()).add(value(i));
      sent.add(producer.send(Message.of("three", "k", value(i)).partition(partition)));
      if (i % 500 == 250) {
        cluster.setLeader("three", random.nextInt(3), random.nextInt(3));
      }
      if (i % 100 == 0) {
        Thread.sleep(1);
      }
    }
    producer.flush();
    for (CompletableFuture<RecordMetadata> each : sent) {
      each.get(1, TimeUnit.SECONDS);
    }
    for (int partition = 0; partition < 3; partition++) {
      assertEquals(expected.get(partition), cluster.values("three", partition), "seed " + seed);
    }
    Set<String> places = new HashSet<>();
    for (CompletableFuture<RecordMetadata> each : sent) {
      RecordMetadata at = each.join();
      assertTrue(!at.hasOffset() || places.add(at.toString()), at + " was given twice");
    }
  }

  private static Fault randomFaults(Random random) {
    Action[] faults = {
      Action.DROP,
      Action.DO_AND_DROP,
      Action.IGNORE,
      Action.DO_AND_IGNORE,
      Action.refuse(ErrorCode.OVERLOADED),
      Action.refusePartitions(ErrorCode.NOT_LEADER),
      Action.refusePartitions(ErrorCode.NOT_ENOUGH_REPLICAS),
      Action.delay(20)
    };
    return (broker, api, nth) -> {
      synchronized (random) {
        return api == ApiKey.PRODUCE && random.nextInt(8) == 0
            ? faults[random.nextInt(faults.length)]
            : Action.PASS;
      }
    };
  }
}
