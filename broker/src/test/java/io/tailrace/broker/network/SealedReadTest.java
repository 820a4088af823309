package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.broker.log.chronicle.StoreLimits;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ReaderThreads;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What lies in sealed segments is read by reader threads, whatever becomes of the partition, the
 * client and the broker meanwhile; and every view is closed.
 */
@Timeout(120)
class SealedReadTest {
  private static final String TOPIC = "orders";
  private static final int BATCHES = 40;
  private static final int PAYLOAD = 100;

  /** Three batches or so in each. */
  private static final int SEGMENT_BYTES = 600;

  private static final int LONG_MS = 60_000;

  enum Store {
    MEMORY,
    CHRONICLE
  }

  @TempDir Path directory;

  private final ManualClock clock = new ManualClock(1_000_000);
  private final EventLoops eventLoops = EventLoops.create(1);
  private ReaderThreads readers = new ReaderThreads(1, 16);
  private WatchedViews logs;
  private LogStore store;
  private PartitionRegistry registry;
  private TestServer server;
  private RawClient client;

  private void start(Store kind) throws Exception {
    store =
        kind == Store.MEMORY
            ? new InMemoryLogStore()
            : ChronicleLogStore.open(directory, clock, StoreLimits.withFreeSpaceFloor(0));
    logs = new WatchedViews(store);
    LogConfig usual = LogConfig.defaults();
    LogConfig config =
        new LogConfig(
            SEGMENT_BYTES,
            usual.segmentMs(),
            SEGMENT_BYTES,
            usual.retentionMs(),
            usual.maxBatchBytes(),
            usual.flush(),
            usual.flushIntervalRecords(),
            usual.flushIntervalMs());
    registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(config, 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 2, 0, 1));
    PartitionLookup lookup = new PartitionLookup(registry);
    server =
        new TestServer(
            eventLoops,
            TestServer.wideLimits(),
            clock,
            memory ->
                Map.of(
                    ApiKey.FETCH,
                    TestServer.fetch(lookup, memory, readers),
                    ApiKey.LIST_OFFSETS,
                    new ListOffsetsHandler(new OffsetsService(lookup, readers))));
    client = server.client().greet();
    for (int i = 0; i < BATCHES; i++) {
      append(0, i);
    }
  }

  @AfterEach
  void stop() throws Exception {
    logs.letGo();
    client.close();
    TestServer.await("all views are closed", () -> logs.open() == 0);
    TestServer.await("all memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
    registry.stopAll(10_000);
    readers.close();
    server.close();
    store.close();
  }

  @ParameterizedTest
  @EnumSource
  void everythingIsReadOnceAndInOrder(Store kind) throws Exception {
    start(kind);
    List<Long> got = new ArrayList<>();
    while (got.size() < BATCHES) {
      client.send(fetch(got.size(), 1, LONG_MS));
      got.addAll(receive().get(0));
    }

    assertEquals(offsets(0, BATCHES), got);
    assertTrue(logs.taken() > 1, "views taken: " + logs.taken());
    assertEquals(logs.taken(), logs.readBy("reader-"));
  }

  @ParameterizedTest
  @EnumSource
  void theTailIsReadWithoutAHandOver(Store kind) throws Exception {
    start(kind);
    client.send(fetch(BATCHES - 1, 1, LONG_MS));

    assertEquals(List.of((long) BATCHES - 1), receive().get(0));
    assertEquals(0, logs.taken());
  }

  @ParameterizedTest
  @EnumSource
  void whatAClientHasToCatchUpWithIsNotWaitedFor(Store kind) throws Exception {
    start(kind);
    client.send(fetch(0, 1 << 20, LONG_MS));

    assertFalse(receive().get(0).isEmpty());
  }

  @ParameterizedTest
  @EnumSource
  void theTailOfAnotherPartitionIsAnsweredWithIt(Store kind) throws Exception {
    start(kind);
    append(1, 0);
    client.send(fetch(0, 1, LONG_MS));

    List<List<Long>> got = receive();
    assertFalse(got.get(0).isEmpty());
    assertEquals(List.of(0L), got.get(1));
  }

  @ParameterizedTest
  @EnumSource
  void aSlowReadHoldsUpNeitherItsPartitionNorItsConnection(Store kind) throws Exception {
    start(kind);
    logs.hold();
    client.send(fetch(0, 1, LONG_MS));
    logs.awaitHeld();

    append(0, BATCHES);
    client.send(fetch(BATCHES, 1, LONG_MS));
    assertEquals(List.of((long) BATCHES), receive().get(0));

    logs.letGo();
    assertEquals(0, receive().get(0).get(0));
  }

  @ParameterizedTest
  @EnumSource
  void aReadIsMadeWhereThePartitionIsWhenAllReadersAreBusy(Store kind) throws Exception {
    readers.close();
    readers = new ReaderThreads(1, 1);
    start(kind);
    logs.holdFirst();
    client.send(fetch(0, 1, LONG_MS)); // is held
    logs.awaitHeld();
    try (RawClient waiting = server.client().greet();
        RawClient third = server.client().greet()) {
      waiting.send(fetch(0, 1, LONG_MS)); // waits in the queue
      TestServer.await("a second view is taken", () -> logs.taken() == 2);
      third.send(fetch(0, 1, LONG_MS));
      assertEquals(0, receive(third).get(0).get(0));
      assertEquals(1, logs.readBy("reader-"), "only the held read is on a reader");

      logs.letGo();
      assertEquals(0, receive(waiting).get(0).get(0));
      assertEquals(0, receive(client).get(0).get(0));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatRetentionTakesMeanwhileIsAnsweredStill(Store kind) throws Exception {
    start(kind);
    assertReadWhile(
        () -> {
          clock.setMs(clock.wallMs() + 1_000_000);
          partition(0).onTick();
          assertTrue(partition(0).log().logStartOffset() > BATCHES / 2);
        });
  }

  @ParameterizedTest
  @EnumSource
  void whatATruncationTakesMeanwhileIsAnsweredStill(Store kind) throws Exception {
    start(kind);
    assertReadWhile(() -> partition(0).replicated().truncateTo(0));
  }

  @ParameterizedTest
  @EnumSource
  void whatADeletionTakesMeanwhileIsAnsweredStill(Store kind) throws Exception {
    start(kind);
    assertReadWhile(
        () -> {
          ClusterImage deleted =
              new ClusterImage(3, "test", 0, Map.of(), Map.of(), Map.of(), Map.of());
          registry.onImage(deleted);
        });
  }

  @ParameterizedTest
  @EnumSource
  void aBrokerThatStopsAnswersWhatIsBeingRead(Store kind) throws Exception {
    start(kind);
    logs.hold();
    client.send(fetch(0, 1, LONG_MS));
    logs.awaitHeld();
    Thread stopping = new Thread(() -> server.server().stop(60_000), "stopping");
    stopping.start();
    TestServer.await("connections are refused", this::isRefused);

    logs.letGo();
    assertEquals(0, receive().get(0).get(0));
    client.close();
    stopping.join();
  }

  @ParameterizedTest
  @EnumSource
  void aReadAfterTheReadersWereClosedIsMade(Store kind) throws Exception {
    start(kind);
    readers.close();
    client.send(fetch(0, 1, LONG_MS));

    assertEquals(0, receive().get(0).get(0));
  }

  @ParameterizedTest
  @EnumSource
  void aClientThatGoesMeanwhileLeavesNothing(Store kind) throws Exception {
    start(kind);
    logs.hold();
    client.send(fetch(0, 1, LONG_MS));
    logs.awaitHeld();
    client.close();
    TestServer.await("the client is gone", () -> server.server().connectionCount() == 0);
    // The views and the memory are asserted at the end of every test.
  }

  @ParameterizedTest
  @EnumSource
  void anErrorIsAnsweredForItsPartition(Store kind) throws Exception {
    start(kind);
    append(1, 0);
    logs.failWith(new LogException(ErrorCode.CORRUPT_LOG, "broken by the test"));
    assertEquals(ErrorCode.CORRUPT_LOG, errorOfFetch());
    logs.failWith(new AssertionError("broken by the test"));
    assertEquals(ErrorCode.UNKNOWN, errorOfFetch());
  }

  @ParameterizedTest
  @EnumSource
  void aTimeIsLookedForByAReader(Store kind) throws Exception {
    start(kind);
    for (int i : List.of(0, 7, BATCHES / 2)) {
      assertEquals(i, offsetOf(timestamp(i)).getOffset());
      assertEquals(timestamp(i), offsetOf(timestamp(i)).getTimestampMs());
    }
    assertEquals(6, logs.readBy("reader-"));
    assertEquals(BATCHES - 1, offsetOf(timestamp(BATCHES - 1)).getOffset());
    assertEquals(BATCHES, offsetOf(timestamp(BATCHES)).getOffset());
    assertEquals(6, logs.taken());

    logs.failWith(new AssertionError("broken by the test"));
    assertEquals(ErrorCode.UNKNOWN.number(), offsetOf(timestamp(0)).getErrorCode());
    logs.failWith(new LogException(ErrorCode.CORRUPT_LOG, "broken by the test"));
    assertEquals(0, offsetOf(timestamp(0)).getOffset(), "the log itself is asked");
  }

  // ---- how ----

  private static long timestamp(int offset) {
    return 1_000 + 10L * offset;
  }

  private void assertReadWhile(Step meanwhile) throws Exception {
    logs.hold();
    client.send(fetch(0, 1, LONG_MS));
    logs.awaitHeld();
    onLoop(meanwhile);
    logs.letGo();
    List<Long> got = receive().get(0);
    assertEquals(offsets(0, got.size()), got);
    assertFalse(got.isEmpty());
  }

  private boolean isRefused() {
    try (RawClient late = server.client()) {
      return late.socket().getInputStream().read() < 0;
    } catch (IOException e) {
      return true;
    }
  }

  private static List<Long> offsets(int from, int to) {
    List<Long> offsets = new ArrayList<>();
    for (long i = from; i < to; i++) {
      offsets.add(i);
    }
    return offsets;
  }

  private Partition partition(int number) {
    return registry.partition(TOPIC, number);
  }

  /** A step on the partitions' thread. */
  private interface Step {
    void run() throws Exception;
  }

  private void onLoop(Step step) throws Exception {
    eventLoops
        .loops()
        .next()
        .submit(
            () -> {
              step.run();
              return null;
            })
        .sync();
  }

  private void append(int number, int offset) throws Exception {
    ByteBuf batch = TestBatches.batch(0, timestamp(offset), PAYLOAD);
    CompletableFuture<Object> error = new CompletableFuture<>();
    onLoop(
        () -> {
          Partition partition = partition(number);
          partition.whenReady(
              () ->
                  partition.produce(
                      batch,
                      0,
                      batch.readableBytes(),
                      1,
                      Partition.ANY_EPOCH,
                      LONG_MS,
                      result -> error.complete(result.error())));
        });
    assertNull(error.get(TestServer.AWAIT_S, TimeUnit.SECONDS));
  }

  private byte[] fetch(long offset, int minBytes, int maxWaitMs) {
    FetchRequest body =
        FetchRequest.newBuilder()
            .setMinBytes(minBytes)
            .setMaxBytes(1 << 20)
            .setMaxWaitMs(maxWaitMs)
            .addPartitions(RawClient.partitionFetch(TOPIC, 0, offset))
            .addPartitions(RawClient.partitionFetch(TOPIC, 1, 0))
            .build();
    return client.request(ApiKey.FETCH, body, new byte[0]);
  }

  private List<List<Long>> receive() throws IOException {
    return receive(client);
  }

  /** The offsets of each partition's records. */
  private static List<List<Long>> receive(RawClient from) throws IOException {
    ResponseFrame frame = from.receive();
    assertEquals(ErrorCode.NONE, frame.error());
    ByteBuf records = frame.records();
    List<List<Long>> offsets = new ArrayList<>();
    for (var result : frame.body(FetchResponse.parser()).getResultsList()) {
      assertEquals(0, result.getErrorCode(), result.getErrorMessage());
      offsets.add(
          TestBatches.parse(records.readSlice(result.getRecordsLength())).stream()
              .map(TestBatches.ReadBatch::baseOffset)
              .toList());
    }
    frame.release();
    return offsets;
  }

  private ErrorCode errorOfFetch() throws IOException {
    client.send(fetch(0, 1, LONG_MS));
    ResponseFrame frame = client.receive();
    FetchResponse body = frame.body(FetchResponse.parser());
    frame.release();
    return ErrorCode.of(body.getResults(0).getErrorCode());
  }

  private PartitionOffsetResult offsetOf(long timestampMs) throws IOException {
    ListOffsetsRequest body =
        ListOffsetsRequest.newBuilder()
            .addPartitions(
                PartitionOffsetQuery.newBuilder().setTopic(TOPIC).setTimestampMs(timestampMs))
            .build();
    client.send(client.request(ApiKey.LIST_OFFSETS, body, new byte[0]));
    ResponseFrame frame = client.receive();
    ListOffsetsResponse response = frame.body(ListOffsetsResponse.parser());
    frame.release();
    return response.getResults(0);
  }
}
