package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.FetchSessionState;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Fetch sessions, by a client of bytes: what grows arrives once and in order, what is forgotten is
 * silent, and a fetch costs what has grown.
 */
@Timeout(120)
class FetchSessionTest {
  private static final String TOPIC = "orders";
  private static final int LONG_MS = 60_000;

  private final CountedLogs logs = new CountedLogs();
  private final EventLoops eventLoops = EventLoops.create(2);
  private PartitionRegistry registry;
  private NetworkMemory memory;
  private TestServer server;
  private RawClient client;

  private int sessionId;
  private int epoch;

  private void start(int partitions) throws IOException {
    ManualClock clock = new ManualClock(1_000_000); // nobody is closed because of the time
    registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, partitions, 0, 1));
    PartitionLookup lookup = new PartitionLookup(registry);
    server =
        new TestServer(
            eventLoops,
            TestServer.wideLimits(),
            clock,
            given -> {
              memory = given;
              return Map.of(ApiKey.FETCH, TestServer.fetch(lookup, given));
            });
    client = server.client().greet();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    TestServer.await("all memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
    server.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void whatGrowsArrivesOnceAndInOrder(long seed) throws Exception {
    int partitions = 30;
    start(partitions);
    SplittableRandom random = new SplittableRandom(seed);
    long[] appended = new long[partitions];
    long[] next = new long[partitions];
    Set<Integer> forgotten = new TreeSet<>();
    Map<Integer, Long> named = all(partitions);
    Set<Integer> nowForgotten = Set.of();
    for (int step = 0; step < 200; step++) {
      send(named, nowForgotten, step % 3 == 0 ? 0 : 2);
      for (int i = random.nextInt(4); i > 0; i--) {
        int grows = random.nextInt(partitions);
        append(grows);
        appended[grows]++;
      }
      named = take(receive(), next, forgotten);
      nowForgotten = new TreeSet<>();
      int changes = random.nextInt(partitions * 3);
      if (changes < partitions) {
        if (forgotten.remove(changes)) {
          named.put(changes, next[changes]);
        } else {
          forgotten.add(changes);
          nowForgotten.add(changes);
          named.remove(changes);
        }
      }
    }
    for (int each : forgotten) {
      named.put(each, next[each]);
    }
    nowForgotten.clear();
    forgotten.clear();
    for (int idle = 0; idle < 3; idle = named.isEmpty() ? idle + 1 : 0) {
      send(named, nowForgotten, 20);
      named = take(receive(), next, forgotten);
    }
    for (int i = 0; i < partitions; i++) {
      assertEquals(appended[i], next[i], "records of partition " + i);
    }
  }

  @Test
  void aFetchCostsWhatHasGrownAndNotWhatTheSessionHolds() throws Exception {
    int partitions = 1_000;
    start(partitions);
    send(all(partitions), Set.of(), 0);
    assertEquals(partitions, receive().results().size());
    send(Map.of(), Set.of(), 0);
    assertTrue(receive().results().isEmpty());
    onAllLoops(); // the partitions are waited for
    onAllLoops();
    Map<LogId, Integer> before = logs.calls();
    int readsBefore = logs.reads();

    send(Map.of(), Set.of(), LONG_MS);
    append(7);
    Answer answer = receive();

    assertEquals(List.of(7), answer.results().stream().map(PartitionFetchResult::getSlot).toList());
    assertEquals(List.of(0L), answer.offsets().get(7));
    assertEquals(1, logs.reads() - readsBefore);
    LogId grown = registry.partition(TOPIC, 7).id();
    logs.calls()
        .forEach((id, calls) -> assertTrue(id.equals(grown) || calls.equals(before.get(id))));
  }

  @Test
  void theEndsOfALogAreToldOnce() throws Exception {
    start(2);
    append(0);
    send(Map.of(0, 1L, 1, 0L), Set.of(), 0);
    Answer first = receive();
    assertEquals(2, first.results().size());
    assertEquals(Set.of(0L, 1L), highWatermarks(first));
    send(Map.of(), Set.of(), 0);
    assertTrue(receive().results().isEmpty());
    send(Map.of(0, 1L), Set.of(), 0);
    assertTrue(receive().results().isEmpty());
  }

  @Test
  void thatNothingIsLeftBelowTheHighWatermarkIsToldOnceForEachOffset() throws Exception {
    start(1);
    append(0);
    append(0);
    logs.emptied = true; // as compaction leaves a log whose last records were replaced
    for (long offset : List.of(0L, 1L)) {
      send(Map.of(0, offset), Set.of(), 0);
      PartitionFetchResult told = receive().results().get(0);
      assertEquals(ErrorCode.NONE.number(), told.getErrorCode());
      assertEquals(2, told.getHighWatermark());
      assertEquals(0, told.getRecordsLength());
      assertFalse(told.getUnread());
      send(Map.of(), Set.of(), 0);
      assertTrue(receive().results().isEmpty());
    }
  }

  @Test
  void aPartitionThatTheAnswerHasNoRoomForIsMarkedAndReadByTheNextFetch() throws Exception {
    int partitions = 4; // on two threads, each of which reads one batch
    start(partitions);
    for (int i = 0; i < partitions; i++) {
      append(i);
    }
    FetchRequest.Builder first = body(all(partitions), Set.of(), LONG_MS).setMaxBytes(1);
    client.send(client.request(ApiKey.FETCH, first.build(), new byte[0]));
    epoch++;
    Answer answer = receive();
    Set<Integer> read = new TreeSet<>();
    int unread = 0;
    for (PartitionFetchResult result : answer.results()) {
      assertEquals(result.getRecordsLength() == 0, result.getUnread());
      unread += result.getUnread() ? 1 : 0;
      if (result.getRecordsLength() > 0) {
        read.add(result.getSlot());
      }
    }
    assertEquals(2, unread);
    while (read.size() < partitions) {
      send(Map.of(), Set.of(), LONG_MS);
      for (PartitionFetchResult result : receive().results()) {
        assertTrue(result.getRecordsLength() > 0 && read.add(result.getSlot()));
      }
    }
  }

  @Test
  void aPartitionThatWasAnsweredIsNotReadAgainUntilItIsNamed() throws Exception {
    start(1);
    append(0);
    send(all(1), Set.of(), LONG_MS);
    assertEquals(List.of(0L), receive().offsets().get(0));
    append(0);
    send(Map.of(), Set.of(), 5);
    assertTrue(receive().results().isEmpty());
    send(Map.of(0, 0L), Set.of(), LONG_MS);
    assertEquals(List.of(0L, 1L), receive().offsets().get(0));
  }

  @Test
  void anErrorIsToldOnceAndAgainWhenThePartitionIsNamed() throws Exception {
    start(1);
    Map<Integer, Long> unknown = Map.of(5, 0L);
    send(unknown, Set.of(), LONG_MS);
    assertEquals(ErrorCode.UNKNOWN_PARTITION.number(), receive().results().get(0).getErrorCode());
    send(Map.of(), Set.of(), 5);
    assertTrue(receive().results().isEmpty());
    send(unknown, Set.of(), LONG_MS);
    assertEquals(ErrorCode.UNKNOWN_PARTITION.number(), receive().results().get(0).getErrorCode());
  }

  @Test
  void lostLeadershipIsToldToAFetchThatWaits() throws Exception {
    start(2);
    send(all(2), Set.of(), 0);
    receive();
    send(Map.of(), Set.of(), LONG_MS);
    registry.onImage(TestServer.image(TOPIC, 2, 7, 2));

    Set<Integer> lost = new TreeSet<>();
    while (lost.size() < 2) {
      for (PartitionFetchResult result : receive().results()) {
        assertEquals(ErrorCode.NOT_LEADER.number(), result.getErrorCode());
        assertTrue(lost.add(result.getSlot()));
      }
      if (lost.size() < 2) {
        send(Map.of(), Set.of(), LONG_MS);
      }
    }
  }

  @Test
  void aWrongEpochEndsTheSession() throws Exception {
    start(2);
    send(all(2), Set.of(), 0);
    receive();
    epoch += 5;
    send(Map.of(), Set.of(), 0);
    assertEquals(ErrorCode.UNKNOWN_FETCH_SESSION, receiveError());
    TestServer.await("the memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
    epoch = 1;
    send(Map.of(), Set.of(), 0);
    assertEquals(ErrorCode.UNKNOWN_FETCH_SESSION, receiveError());

    sessionId = 0;
    epoch = 0;
    append(1);
    send(all(2), Set.of(), LONG_MS);
    assertEquals(List.of(0L), receive().offsets().get(1));
  }

  @Test
  void anotherSessionEndsTheFirst() throws Exception {
    start(1);
    send(all(1), Set.of(), 0);
    receive();
    int first = sessionId;
    send(Map.of(), Set.of(), LONG_MS);
    sessionId = 0;
    epoch = 0;
    send(all(1), Set.of(), 0);
    assertEquals(first, receive().sessionId(), "the fetch that waited is answered");
    int second = receive().sessionId();
    assertFalse(first == second);

    sessionId = first;
    epoch = 2;
    send(Map.of(), Set.of(), 0);
    assertEquals(ErrorCode.UNKNOWN_FETCH_SESSION, receiveError());
  }

  @Test
  void aFetchEndsTheWaitOfTheOneBefore() throws Exception {
    start(2);
    send(Map.of(0, 0L), Set.of(), 0);
    receive();
    send(Map.of(), Set.of(), LONG_MS);
    append(1);
    send(Map.of(1, 0L), Set.of(0), LONG_MS);

    assertTrue(receive().results().isEmpty());
    assertEquals(List.of(0L), receive().offsets().get(1));
  }

  @Test
  void aPartitionHasOneSlot() throws Exception {
    start(1);
    FetchRequest.Builder body = body(Map.of(0, 0L), Set.of(), 0);
    body.addPartitions(RawClient.partitionFetch(TOPIC, 0, 0).toBuilder().setSlot(9));
    client.send(client.request(ApiKey.FETCH, body.build(), new byte[0]));
    assertEquals(ErrorCode.INVALID_REQUEST, receiveError());
  }

  @Test
  void aSessionIsBounded() throws Exception {
    start(1);
    send(all(10_001), Set.of(), 0);
    assertEquals(ErrorCode.INVALID_REQUEST, receiveError());
    TestServer.await("the memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
  }

  @Test
  void whatWasRefusedForWantOfMemoryIsReadByTheNextFetch() throws Exception {
    start(1);
    send(all(1), Set.of(), 0);
    receive();
    onAllLoops();
    memory.responses().add(64 << 20);
    append(0);
    send(Map.of(), Set.of(), LONG_MS);
    assertEquals(ErrorCode.OVERLOADED, receiveError());
    memory.responses().add(-(64 << 20));
    send(Map.of(), Set.of(), LONG_MS);
    assertEquals(List.of(0L), receive().offsets().get(0));
  }

  @Test
  void aClientThatGoesLeavesNothing() throws Exception {
    start(2);
    send(all(2), Set.of(), 0);
    receive();
    send(Map.of(), Set.of(), LONG_MS);
    client.close();
    TestServer.await("the client is gone", () -> server.server().connectionCount() == 0);
    onAllLoops();
    int reads = logs.reads();
    append(0);
    onAllLoops();
    assertEquals(reads, logs.reads());
    TestServer.await("the memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
  }

  @Test
  void aFetchWithoutASessionWorksBesideIt() throws Exception {
    start(1);
    append(0);
    send(all(1), Set.of(), LONG_MS);
    receive();
    client.send(
        client.request(ApiKey.FETCH, RawClient.fetchRequest(TOPIC, 0, 0, LONG_MS), new byte[0]));
    Answer full = receive();
    assertEquals(0, full.sessionId());
    assertEquals(List.of(0L), full.offsets().get(0));
    append(0);
    send(Map.of(0, 1L), Set.of(), LONG_MS);
    assertEquals(List.of(1L), receive().offsets().get(0));
  }

  // ---- how ----

  private static Map<Integer, Long> all(int partitions) {
    Map<Integer, Long> all = new TreeMap<>();
    for (int i = 0; i < partitions; i++) {
      all.put(i, 0L);
    }
    return all;
  }

  private static Set<Long> highWatermarks(Answer answer) {
    Set<Long> all = new TreeSet<>();
    answer.results().forEach(result -> all.add(result.getHighWatermark()));
    return all;
  }

  /** Checks what has come, and gives what is to be named next. */
  private static Map<Integer, Long> take(Answer answer, long[] next, Set<Integer> forgotten) {
    Map<Integer, Long> named = new TreeMap<>();
    for (PartitionFetchResult result : answer.results()) {
      int slot = result.getSlot();
      assertEquals(0, result.getErrorCode(), result.getErrorMessage());
      assertFalse(forgotten.contains(slot), "a forgotten partition was answered");
      for (long offset : answer.offsets().get(slot)) {
        assertEquals(next[slot]++, offset);
      }
      if (result.getRecordsLength() > 0) {
        named.put(slot, next[slot]);
      }
    }
    return named;
  }

  /** A partition's slot is its number. */
  private void send(Map<Integer, Long> named, Set<Integer> forgotten, int maxWaitMs)
      throws IOException {
    FetchRequest body = body(named, forgotten, maxWaitMs).build();
    client.send(client.request(ApiKey.FETCH, body, new byte[0]));
    epoch++;
  }

  private FetchRequest.Builder body(
      Map<Integer, Long> named, Set<Integer> forgotten, int maxWaitMs) {
    FetchRequest.Builder body =
        FetchRequest.newBuilder()
            .setMinBytes(1)
            .setMaxBytes(1 << 20)
            .setMaxWaitMs(maxWaitMs)
            .setSession(
                FetchSessionState.newBuilder()
                    .setId(sessionId)
                    .setEpoch(epoch)
                    .addAllForgottenSlots(forgotten));
    named.forEach(
        (slot, offset) ->
            body.addPartitions(
                RawClient.partitionFetch(TOPIC, slot, offset).toBuilder().setSlot(slot)));
    return body;
  }

  private record Answer(
      int sessionId, List<PartitionFetchResult> results, Map<Integer, List<Long>> offsets) {}

  private Answer receive() throws IOException {
    ResponseFrame frame = client.receive();
    assertEquals(ErrorCode.NONE, frame.error());
    FetchResponse body = frame.body(FetchResponse.parser());
    ByteBuf records = frame.records();
    Map<Integer, List<Long>> offsets = new TreeMap<>();
    for (PartitionFetchResult result : body.getResultsList()) {
      offsets.put(
          result.getSlot(),
          TestBatches.parse(records.readSlice(result.getRecordsLength())).stream()
              .map(TestBatches.ReadBatch::baseOffset)
              .toList());
    }
    frame.release();
    if (body.getSessionId() != 0) {
      sessionId = body.getSessionId();
    }
    return new Answer(body.getSessionId(), body.getResultsList(), offsets);
  }

  private ErrorCode receiveError() throws IOException {
    ResponseFrame frame = client.receive();
    ErrorCode error = frame.error();
    frame.release();
    return error;
  }

  private void append(int number) throws Exception {
    ByteBuf batch = TestBatches.batch(0, 1, 10);
    CompletableFuture<Object> error = new CompletableFuture<>();
    Partition partition = registry.partition(TOPIC, number);
    partition
        .scheduler()
        .execute(
            () ->
                partition.whenReady(
                    () ->
                        partition.produce(
                            batch,
                            0,
                            batch.readableBytes(),
                            1,
                            Partition.ANY_EPOCH,
                            LONG_MS,
                            result -> error.complete(result.error()))));
    assertNull(error.get(TestServer.AWAIT_S, TimeUnit.SECONDS));
  }

  /** What was handed to the loops until now has run. */
  private void onAllLoops() throws InterruptedException {
    for (int round = 0; round < 2; round++) {
      for (var loop : eventLoops.loops()) {
        loop.submit(() -> {}).sync();
      }
    }
  }

  /** A store in memory that counts what is done with its logs. Thread-safe. */
  private static final class CountedLogs extends ForwardingLogStore {
    private final Map<LogId, Integer> calls = new ConcurrentHashMap<>();
    private final List<LogId> reads = new ArrayList<>();

    /** Whether the logs have lost their records. */
    private volatile boolean emptied;

    Map<LogId, Integer> calls() {
      return Map.copyOf(calls);
    }

    synchronized int reads() {
      return reads.size();
    }

    private synchronized void onRead(LogId id) {
      reads.add(id);
    }

    @Override
    public CompletionStage<PartitionLog> open(
        LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
      return super.open(id, config, owner, listener).thenApply(log -> counted(id, log));
    }

    private PartitionLog counted(LogId id, PartitionLog log) {
      return (PartitionLog)
          Proxy.newProxyInstance(
              PartitionLog.class.getClassLoader(),
              new Class<?>[] {PartitionLog.class},
              (proxy, method, arguments) -> {
                calls.merge(id, 1, Integer::sum);
                if (method.getName().equals("read")) {
                  onRead(id);
                  if (emptied) {
                    return 0;
                  }
                }
                try {
                  return method.invoke(log, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }
}
