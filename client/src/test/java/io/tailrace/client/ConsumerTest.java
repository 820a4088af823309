package io.tailrace.client;

import static io.tailrace.client.RoundTripTest.pollAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.client.fake.FakeCluster;
import io.tailrace.client.fake.Fault.Action;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordHeader;
import io.tailrace.protocol.record.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ConsumerTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final TopicPartition T0 = new TopicPartition("t", 0);

  private FakeCluster cluster;
  private TailraceClient client;
  private Producer<String, String> producer;

  @BeforeEach
  void start() {
    cluster = FakeCluster.start(3).topic("t", 1).topic("three", 3);
    client = TailraceClient.connect(cluster.bootstrap());
    producer =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .linger(Duration.ZERO)
            .build();
  }

  @AfterEach
  void stop() {
    client.close(Duration.ofSeconds(5));
    cluster.close();
  }

  private ConsumerBuilder<String, String> builder() {
    return client.consumer(Serdes.string(), Serdes.string());
  }

  /** Sends numbers as values; the timestamp of n is 1000 n. */
  private void send(int from, int to) {
    for (int i = from; i < to; i++) {
      producer.send(Message.of("t", "k", "v" + i).timestampMs(i * 1000L)).join();
    }
  }

  private static List<String> values(List<ConsumerRecord<String, String>> records) {
    return records.stream().map(ConsumerRecord::value).toList();
  }

  @Test
  void waitsForRecordsThatComeLater() {
    Consumer<String, String> consumer = builder().assign("t").build();
    assertTrue(consumer.poll(SHORT).isEmpty());
    CompletableFuture<RecordMetadata> sent = producer.send("t", "k", "late");
    assertEquals(List.of("late"), values(consumer.poll(LONG)));
    assertEquals(1, sent.join().offset() + 1);
  }

  @Test
  void readsAllPartitionsEachInOrder() {
    for (int i = 0; i < 3000; i++) {
      producer.send(Message.of("three", "k", Integer.toString(i)).partition(i % 3));
    }
    producer.flush();
    Consumer<String, String> consumer = builder().assign("three").maxPollRecords(100).build();
    Map<Integer, Long> next = new HashMap<>();
    for (ConsumerRecord<String, String> record : pollAll(consumer, 3000)) {
      assertEquals(next.getOrDefault(record.partition(), 0L), record.offset());
      assertEquals(record.offset() * 3 + record.partition(), Long.parseLong(record.value()));
      next.put(record.partition(), record.offset() + 1);
    }
    assertEquals(Map.of(0, 1000L, 1, 1000L, 2, 1000L), next);
  }

  @Test
  void returnsNoMoreThanAskedForAtOnce() {
    send(0, 25);
    Consumer<String, String> consumer = builder().assign(T0).maxPollRecords(10).build();
    Eventually.await(
        "records", () -> consumer.poll(LONG).size() <= 10 && consumer.position(T0) >= 25);
  }

  @Test
  void skipsRecordsOfABatchBeforeThePosition() {
    Producer<String, String> lingering =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .linger(Duration.ofMinutes(1))
            .build();
    for (int i = 0; i < 10; i++) {
      lingering.send("t", "k", "v" + i);
    }
    lingering.flush();
    assertEquals(1, cluster.batchCount("t", 0));
    Consumer<String, String> consumer = builder().assign(T0).startAt(Position.offset(7)).build();
    assertEquals(List.of("v7", "v8", "v9"), values(pollAll(consumer, 3)));
  }

  @Test
  void seeksByOffsetTimeBeginningAndEnd() {
    send(0, 20);
    Consumer<String, String> consumer = builder().assign(T0).build();
    pollAll(consumer, 20);
    consumer.seek(T0, 15);
    assertEquals("v15", consumer.poll(LONG).get(0).value());
    consumer.seekToTime(Instant.ofEpochMilli(11_500));
    assertEquals("v12", consumer.poll(LONG).get(0).value());
    consumer.seekToBeginning();
    assertEquals("v0", consumer.poll(LONG).get(0).value());
    consumer.seekToEnd();
    assertEquals(20, consumer.position(T0));
    send(20, 21);
    assertEquals(List.of("v20"), values(consumer.poll(LONG)));
  }

  @Test
  void knowsHowFarItIsBehind() {
    send(0, 10);
    Consumer<String, String> consumer = builder().assign(T0).maxPollRecords(4).build();
    assertEquals(OptionalLong.empty(), builder().assign(T0).build().lag(T0));
    int read = consumer.poll(LONG).size();
    assertEquals(OptionalLong.of(10 - read), consumer.lag(T0));
  }

  @Test
  void returnsNothingFromPausedPartitionsUntilTheyAreResumed() {
    send(0, 5);
    Consumer<String, String> consumer = builder().assign(T0).build();
    consumer.pause(Set.of(T0));
    assertEquals(Set.of(T0), consumer.paused());
    assertTrue(consumer.poll(Duration.ofMillis(300)).isEmpty());
    consumer.resume(Set.of(T0));
    assertEquals(5, pollAll(consumer, 5).size());
  }

  @Test
  void dropsPartitionsThatAreNotAssignedAnyMoreAndKeepsThePositionsOfOthers() {
    send(0, 5);
    producer.send(Message.of("three", "k", "other").partition(1)).join();
    Consumer<String, String> consumer = builder().assign(T0).build();
    pollAll(consumer, 5);
    TopicPartition other = new TopicPartition("three", 1);
    consumer.assign(List.of(T0, other));
    assertEquals(List.of("other"), values(consumer.poll(LONG)));
    assertEquals(5, consumer.position(T0));
    consumer.assign(List.of(other));
    assertThrows(IllegalStateException.class, () -> consumer.position(T0));
  }

  @Test
  void wakesUpAPollThatWaits() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    CompletableFuture<List<ConsumerRecord<String, String>>> polled =
        CompletableFuture.supplyAsync(() -> consumer.poll(Duration.ofMinutes(10)));
    consumer.wakeup();
    assertTrue(polled.join().isEmpty());
  }

  @Test
  void tellsASecondThreadThatItIsInUse() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    Thread[] poller = new Thread[1];
    CompletableFuture<Void> polled =
        CompletableFuture.runAsync(
            () -> {
              poller[0] = Thread.currentThread();
              consumer.poll(Duration.ofMinutes(10));
            });
    Eventually.await(
        "it is in use",
        () -> {
          try {
            consumer.assignment();
            return false;
          } catch (IllegalStateException e) {
            return e.getMessage().contains(poller[0].getName());
          }
        });
    consumer.wakeup();
    polled.join();
  }

  @Test
  void failsAtARecordThatCannotBeReadAndStaysThere() {
    sendBadRecordAt5();
    Consumer<String, Long> consumer =
        client.<String, Long>consumer(Serdes.string(), Serdes.longs()).assign(T0).build();
    assertEquals(5, pollAll(consumer, 5).size());
    for (int i = 0; i < 2; i++) {
      RecordDeserializationException error =
          assertThrows(RecordDeserializationException.class, () -> consumer.poll(LONG));
      assertEquals(5, error.offset());
      assertEquals(T0, error.partition());
      assertEquals(5, consumer.position(T0));
    }
    consumer.seek(T0, 6);
    assertEquals(6L, consumer.poll(LONG).get(0).value());
  }

  @Test
  void leavesOutOrHandsOverRecordsThatCannotBeRead() {
    sendBadRecordAt5();
    Consumer<String, Long> skipping =
        client
            .<String, Long>consumer(Serdes.string(), Serdes.longs())
            .assign(T0)
            .onBadRecord(BadRecordHandler.skip())
            .build();
    assertEquals(9, pollAll(skipping, 9).size());
    List<Long> handed = new ArrayList<>();
    Consumer<String, Long> handing =
        client
            .<String, Long>consumer(Serdes.string(), Serdes.longs())
            .assign(T0)
            .onBadRecord((partition, record, cause) -> handed.add(record.offset()))
            .build();
    assertEquals(9, pollAll(handing, 9).size());
    assertEquals(List.of(5L), handed);
  }

  @Test
  void writesRecordsThatCannotBeReadToAnotherTopicAndGoesOn() {
    cluster.topic("dead", 1);
    producer.send("t", "k", "not a long").join(); // offset 0
    Message<String, String> traced =
        Message.of("t", "key", "neither").header("source", "till-3").timestampMs(1234);
    producer.send(traced).join(); // offset 1
    producer.send("t", null, "eight by").join(); // offset 2: as many bytes as a long has

    Consumer<String, Long> consumer = deadLettering("dead");
    assertEquals(2, pollAll(consumer, 1).get(0).offset());
    assertEquals(3, consumer.position(T0));

    assertEquals(List.of("not a long", "neither"), cluster.values("dead", 0));
    StoredRecord letter = cluster.records("dead", 0).get(1);
    assertArrayEquals("key".getBytes(StandardCharsets.UTF_8), letter.key());
    assertTrue(letter.timestampMs() > 1234, "its retention counts from now");
    assertEquals(
        List.of(
            RecordHeader.of("source", "till-3"),
            RecordHeader.of("tailrace-origin-topic", "t"),
            RecordHeader.of("tailrace-origin-partition", "0"),
            RecordHeader.of("tailrace-origin-offset", "1"),
            RecordHeader.of("tailrace-origin-timestamp", "1234")),
        letter.headers().subList(0, 5));
    assertEquals("tailrace-error", letter.headers().get(5).key());
    assertTrue(letter.headers().get(5).valueAsString().contains("7 bytes are not a long"));
  }

  @Test
  void staysAtARecordWhoseDeadLetterCannotBeWritten() {
    cluster.topic("dead", 1);
    sendBadRecordAt5();
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.PRODUCE
                ? Action.refusePartitions(ErrorCode.INVALID_TIMESTAMP)
                : Action.PASS);
    Consumer<String, Long> consumer = deadLettering("dead");
    assertEquals(5, pollAll(consumer, 5).size());
    for (int i = 0; i < 2; i++) {
      TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(LONG));
      assertEquals(ErrorCode.INVALID_TIMESTAMP, error.code());
      assertTrue(error.getMessage().contains("t-0@5"), error.getMessage());
      assertTrue(error.getMessage().contains("'dead'"), error.getMessage());
      assertEquals(5, consumer.position(T0));
    }
    cluster.setFault((broker, api, nth) -> Action.PASS);
    assertEquals(6L, consumer.poll(LONG).get(0).value());
    assertEquals(1, cluster.end("dead", 0));
  }

  @Test
  void refusesToWriteDeadLettersToTheTopicThatItReads() {
    sendBadRecordAt5();
    Consumer<String, Long> consumer = deadLettering("t");
    assertEquals(5, pollAll(consumer, 5).size());
    TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(LONG));
    assertEquals(ErrorCode.INVALID_CONFIG, error.code());
    assertEquals(10, cluster.end("t", 0));
  }

  private Consumer<String, Long> deadLettering(String topic) {
    return client
        .<String, Long>consumer(Serdes.string(), Serdes.longs())
        .assign(T0)
        .onBadRecord(
            BadRecordHandler.deadLetter(client.producer(Serdes.bytes(), Serdes.bytes()), topic))
        .build();
  }

  private void sendBadRecordAt5() {
    Producer<String, byte[]> bytes =
        client
            .<String, byte[]>producerBuilder(Serdes.string(), Serdes.bytes())
            .linger(Duration.ofMinutes(1))
            .build();
    for (long i = 0; i < 10; i++) {
      bytes.send("t", "k", i == 5 ? new byte[] {1} : Serdes.longs().serialize("t", i));
    }
    bytes.flush();
  }

  @Test
  void failsWhenThePositionIsOutOfRange() {
    send(0, 10);
    cluster.setLogStart("t", 0, 4);
    Consumer<String, String> consumer = builder().assign(T0).startAt(Position.offset(1)).build();
    for (int i = 0; i < 2; i++) {
      Duration timeout = i == 0 ? LONG : SHORT; // an error that was thrown waits for its end
      TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(timeout));
      assertEquals(ErrorCode.OFFSET_OUT_OF_RANGE, error.code());
      assertTrue(error.getMessage().contains("t-0"), error.getMessage());
    }
    consumer.seek(T0, 4);
    assertEquals("v4", consumer.poll(LONG).get(0).value());
  }

  @Test
  void goesToEitherEndWhenThePositionIsOutOfRangeAndItWasToldTo() {
    send(0, 10);
    cluster.setLogStart("t", 0, 4);
    Consumer<String, String> earliest =
        builder()
            .assign(T0)
            .startAt(Position.offset(1))
            .outOfRange(OutOfRangePolicy.EARLIEST)
            .build();
    assertEquals("v4", earliest.poll(LONG).get(0).value());
    Consumer<String, String> latest =
        builder()
            .assign(T0)
            .startAt(Position.offset(99))
            .outOfRange(OutOfRangePolicy.LATEST)
            .build();
    Eventually.await(
        "it is at the end",
        () -> {
          latest.poll(SHORT);
          return latest.position(T0) == 10;
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void returnsWhatItHasFetchedBeforeItGoesOnElsewhere(boolean truncated) {
    AtomicBoolean held = new AtomicBoolean(true);
    cluster.setFault(
        (broker, api, nth) ->
            api == ApiKey.FETCH && nth > 0 && held.get()
                ? Action.refusePartitions(ErrorCode.OVERLOADED)
                : Action.PASS);
    send(0, 10);
    Consumer<String, String> consumer =
        builder().assign(T0).outOfRange(OutOfRangePolicy.EARLIEST).maxPollRecords(1).build();
    assertEquals(List.of("v0"), values(consumer.poll(LONG)));
    List<String> expected = new ArrayList<>(List.of("v1", "v2", "v3", "v4", "v5", "v6", "v7"));
    expected.addAll(List.of("v8", "v9"));
    if (truncated) {
      cluster.truncate("t", 0, 3);
      expected.addAll(List.of("v0", "v1", "v2"));
    } else {
      send(10, 14);
      cluster.setLogStart("t", 0, 12);
      expected.addAll(List.of("v12", "v13"));
    }
    int lookups = cluster.broker(0).count(ApiKey.LIST_OFFSETS);
    int fetches = fetches();
    held.set(false);
    Eventually.await(
        "it has found out where to go on",
        () -> cluster.broker(0).count(ApiKey.LIST_OFFSETS) > lookups && fetches() > fetches + 1);

    assertEquals(expected, values(pollAll(consumer, expected.size())));
  }

  @Test
  void namesABatchThatIsTooLargeToBeDecompressed() {
    send(0, 1);
    byte[] zeros = new byte[65 << 20];
    try (Producer<byte[], byte[]> large =
        client
            .<byte[], byte[]>producerBuilder(Serdes.bytes(), Serdes.bytes())
            .maxRequestBytes(zeros.length + 1000)
            .bufferMemory(2L * zeros.length)
            .compression(CompressionType.ZSTD)
            .build()) {
      large.send("t", null, zeros).join();
    }
    send(2, 3);
    Consumer<String, String> consumer = builder().assign(T0).build();
    assertEquals(List.of("v0"), values(consumer.poll(LONG)));

    TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(LONG));

    assertEquals(ErrorCode.RECORD_TOO_LARGE, error.code());
    assertEquals(
        "partition t-0, at or behind offset 1: the batch holds more than 67108864 bytes when"
            + " decompressed, which is more than consumers take; seek to offset 2 to go on behind"
            + " it",
        error.getMessage());
    consumer.seek(T0, 2);
    assertEquals(List.of("v2"), values(consumer.poll(LONG)));
  }

  @Test
  void noticesBatchesWhoseChecksumIsWrong() {
    send(0, 2);
    cluster.damageLastBatch("t", 0);
    Consumer<String, String> consumer = builder().assign(T0).build();
    assertEquals(List.of("v0"), values(consumer.poll(LONG)));
    for (int i = 0; i < 2; i++) {
      TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(LONG));
      assertEquals(ErrorCode.CORRUPT_BATCH, error.code());
    }
    cluster.damageLastBatch("t", 0);
    Eventually.await(
        "it is mended",
        () -> {
          try {
            return values(consumer.poll(SHORT)).equals(List.of("v1"));
          } catch (TailraceException e) {
            return false;
          }
        });
  }

  @Test
  void followsALeaderThatMovesAndABrokerThatRestarts() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    send(0, 5);
    pollAll(consumer, 5);
    cluster.setLeader("t", 0, 1);
    send(5, 10);
    assertEquals(List.of("v5", "v6", "v7", "v8", "v9"), values(pollAll(consumer, 5)));
    cluster.broker(1).stop();
    cluster.broker(1).start();
    send(10, 12);
    assertEquals(List.of("v10", "v11"), values(pollAll(consumer, 2)));
  }

  @Test
  void leavesAFrozenLeaderAsSoonAsAnotherLeads() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    send(0, 1);
    pollAll(consumer, 1);
    cluster.broker(0).freeze();
    cluster.setLeader("t", 0, 1);
    send(1, 2);
    assertEquals(List.of("v1"), values(consumer.poll(LONG)));
  }

  @Test
  void fetchesNoFurtherAheadThanItMay() {
    String large = "x".repeat(10_000);
    try (Producer<String, String> uncompressed =
        client
            .<String, String>producerBuilder(Serdes.string(), Serdes.string())
            .compression(CompressionType.NONE)
            .build()) {
      for (int i = 0; i < 300; i++) {
        uncompressed.send("t", "k" + i, large + i);
      }
      uncompressed.flush();
    }
    Consumer<String, String> consumer =
        builder()
            .assign(T0)
            .partitionFetchBytes(50_000)
            .prefetchBytes(50_000)
            .maxPollRecords(1)
            .build();
    consumer.poll(LONG);
    int fetches = fetches();
    assertTrue(fetches <= 5, "fetches: " + fetches);
    assertEquals(299, pollAll(consumer, 299).size());
    assertTrue(fetches() > fetches);
  }

  private int fetches() {
    return cluster.broker(0).count(ApiKey.FETCH);
  }

  @Test
  void retriesWhenFetchesAreRefusedOrLost() {
    AtomicInteger fetches = new AtomicInteger();
    Action[] faults = {
      Action.DROP,
      Action.refuse(ErrorCode.OVERLOADED),
      Action.refusePartitions(ErrorCode.NOT_LEADER),
      Action.DO_AND_DROP,
      Action.refusePartitions(ErrorCode.UNKNOWN_LEADER_EPOCH)
    };
    cluster.setFault(
        (broker, api, nth) -> {
          int n = api == ApiKey.FETCH ? fetches.getAndIncrement() : faults.length;
          return n < faults.length ? faults[n] : Action.PASS;
        });
    send(0, 5);
    Consumer<String, String> consumer = builder().assign(T0).build();
    assertEquals(List.of("v0", "v1", "v2", "v3", "v4"), values(pollAll(consumer, 5)));
  }

  @Test
  void saysThatItIsClosed() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    consumer.close();
    consumer.close();
    TailraceException error = assertThrows(TailraceException.class, () -> consumer.poll(SHORT));
    assertEquals(ErrorCode.CLIENT_CLOSED, error.code());
  }

  @Test
  void isClosedWithItsClientWhileItPolls() {
    Consumer<String, String> consumer = builder().assign(T0).build();
    CompletableFuture<ErrorCode> polled =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                while (true) {
                  consumer.poll(Duration.ofMinutes(10));
                }
              } catch (TailraceException e) {
                return e.code();
              }
            });
    client.close();
    assertEquals(ErrorCode.CLIENT_CLOSED, polled.join());
  }

  @Test
  void namesATopicThatThereIsNot() {
    try (TailraceClient impatient =
        TailraceClient.builder()
            .bootstrap(cluster.bootstrap())
            .requestTimeout(Duration.ofSeconds(2))
            .connect()) {
      TailraceException error =
          assertThrows(
              TailraceException.class,
              () -> impatient.consumer(Serdes.bytes(), Serdes.bytes()).assign("nowhere").build());
      assertEquals(ErrorCode.UNKNOWN_TOPIC, error.code());
      assertTrue(error.getMessage().contains("'nowhere'"), error.getMessage());
    }
  }

  @Test
  void replaysAStretchAndEnds() {
    send(0, 30);
    Replay<String, String> replay =
        builder().replay("t", Position.at(Instant.ofEpochMilli(5_000)), Position.offset(12));
    assertEquals(7, replay.remaining());
    List<String> seen = new ArrayList<>();
    replay.forEach(record -> seen.add(record.value()));
    assertEquals(List.of("v5", "v6", "v7", "v8", "v9", "v10", "v11"), seen);
    assertEquals(0, replay.remaining());
    assertEquals(Map.of(T0, 12L), replay.positions());
  }

  @Test
  void replaysEveryPartitionUpToTheEndThatItHadAtTheStart() {
    for (int i = 0; i < 300; i++) {
      producer.send(Message.of("three", "k", "v" + i).partition(i % 2)).join();
    }
    try (Replay<String, String> replay =
        builder().replay("three", Position.earliest(), Position.latest())) {
      producer.send(Message.of("three", "k", "too late").partition(0)).join();
      List<String> seen = replay.stream().map(ConsumerRecord::value).toList();
      assertEquals(300, seen.size());
      assertFalse(seen.contains("too late"));
    }
  }

  @Test
  void replaysPartitionsThatTheFirstAnswerHasNoRoomFor() {
    try (FakeCluster one = FakeCluster.start(1).topic("many", 5);
        TailraceClient other = TailraceClient.connect(one.bootstrap())) {
      Producer<String, String> sender = other.producer(Serdes.string(), Serdes.string());
      for (int i = 0; i < 20; i++) {
        sender.send(Message.of("many", "k", "v" + i).partition(i % 5)).join();
      }
      List<String> replayed = new ArrayList<>();
      try (Replay<String, String> replay =
          other
              .consumer(Serdes.string(), Serdes.string())
              .fetchMaxBytes(1) // one batch of one partition
              .replay("many", Position.earliest(), Position.latest())) {
        replay.forEach(record -> replayed.add(record.value()));
      }
      assertEquals(20, Set.copyOf(replayed).size());
      assertEquals(20, replayed.size());
    }
  }
}
