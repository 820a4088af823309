package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.OwnerThread;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.broker.testkit.SteppedThread;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A fetch that waits where its partitions are: they grow, its time ends, its client goes and the
 * broker stops, in every order. The partitions' thread is the test's.
 */
@Timeout(120)
class FetchWaitTest {
  private static final String TOPIC = "orders";
  private static final int LONG_MS = 60_000;
  private static final int SHORT_MS = 1;

  private final SteppedThread thread = new SteppedThread();
  private final HookedLogStore logs = new HookedLogStore();
  private final EventLoops eventLoops = EventLoops.create(1);
  private PartitionRegistry registry;
  private TestServer server;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    ManualClock clock = new ManualClock(1_000_000); // nobody is closed because of the time
    registry =
        new PartitionRegistry(
            new PartitionThreads(List.of(thread)),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 2, 0, 1));
    for (Partition partition : registry.all()) {
      partition.whenReady(() -> {});
    }
    thread.run();
    PartitionLookup lookup = new PartitionLookup(registry);
    server =
        new TestServer(
            eventLoops,
            TestServer.wideLimits(),
            clock,
            memory -> Map.of(ApiKey.FETCH, TestServer.fetch(lookup, memory)));
    client = server.client().greet();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void aGrowthIsAnswered() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step(); // reads, finds nothing, waits
    append(0, 10);
    thread.step(); // reads again

    assertEquals(List.of(1, 0), receive());
    assertNothingIsLeft();
  }

  @Test
  void theGrowthsOfOneTurnAreAnsweredTogether() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step();
    append(0, 10);
    append(1, 10);
    append(1, 10);
    thread.run();

    assertEquals(List.of(1, 2), receive());
    assertNothingIsLeft();
  }

  @Test
  void aGrowthThatIsTooSmallIsWaitedOver() throws Exception {
    client.send(fetch(0, 1_000, LONG_MS));
    thread.step();
    append(0, 10);
    thread.run();
    append(0, 10);
    thread.run();
    append(0, 1_000);
    thread.run();

    assertEquals(List.of(3, 0), receive());
    assertNothingIsLeft();
  }

  @Test
  void theEndOfTheTimeIsAnsweredWithWhatThereIs() throws Exception {
    client.send(fetch(0, 1_000, SHORT_MS));
    thread.step();
    TestServer.await("the time is over", () -> thread.waiting() == 1);
    append(0, 10);
    thread.step(); // reads

    assertEquals(List.of(1, 0), receive());
    append(0, 10);
    assertNothingIsLeft();
  }

  @Test
  void theEndOfTheTimeComesBetweenAGrowthAndItsRead() throws Exception {
    client.send(fetch(0, 1, SHORT_MS));
    thread.step();
    append(0, 10); // its read is handed over
    onLoop(() -> {}); // the wait has begun
    passOnLoop(SHORT_MS);
    thread.step();

    assertEquals(List.of(1, 0), receive());
    assertNothingIsLeft();
  }

  @Test
  void theTimeEndsWhileAGrowthThatIsTooSmallIsRead() throws Exception {
    int waitMs = 20;
    client.send(fetch(0, 1_000, waitMs));
    thread.step();
    onLoop(() -> {}); // the wait has begun
    logs.beforeRead(
        () -> {
          logs.beforeRead(() -> {});
          passOnLoop(waitMs);
        });
    append(0, 10);
    thread.step(); // reads, finds too little, and nothing more to wait for

    assertEquals(List.of(1, 0), receive());
    assertNothingIsLeft();
  }

  @Test
  void aClientGoesWhileAGrowthThatIsTooSmallIsRead() throws Exception {
    client.send(fetch(0, 1_000, LONG_MS));
    thread.step();
    logs.beforeRead(
        () -> {
          logs.beforeRead(() -> {});
          client.close();
          TestServer.await("the client is gone", () -> server.server().connectionCount() == 0);
          onLoop(() -> {}); // and its fetch has been told
        });
    append(0, 10);
    thread.step(); // reads, finds too little, and nobody to wait
    assertNothingIsLeft();
  }

  @Test
  void theTimeIsOverBeforeTheFirstRead() throws Exception {
    client.send(fetch(0, 1, 0));
    thread.step();

    assertEquals(List.of(0, 0), receive());
    assertNothingIsLeft();
  }

  @Test
  void aClientThatGoesIsForgotten() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step();
    client.close();
    thread.step(); // forgets the waiters
    append(0, 10);
    assertNothingIsLeft();
  }

  @Test
  void aClientGoesBetweenAGrowthAndItsRead() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step();
    append(0, 10);
    client.close();
    TestServer.await("the client is gone", () -> server.server().connectionCount() == 0);
    onLoop(() -> {}); // and its fetch has been told
    thread.run();
    assertNothingIsLeft();
  }

  @Test
  void aBrokerThatStopsAnswersWithWhatThereIs() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step();
    Thread stopping = new Thread(() -> server.server().stop(10_000), "stopping");
    stopping.start();

    assertEquals(List.of(0, 0), receive());
    client.close();
    stopping.join();
    thread.run();
    append(0, 10);
    assertEquals(0, thread.run());
  }

  @Test
  void lostLeadershipIsAnsweredWithAnError() throws Exception {
    client.send(fetch(0, 1, LONG_MS));
    thread.step();
    registry.onImage(TestServer.image(TOPIC, 2, 7, 2));
    thread.run();

    try (Answer answer = answer()) {
      assertEquals(ErrorCode.NOT_LEADER.number(), answer.body().getResults(0).getErrorCode());
    }
    registry.onImage(TestServer.image(TOPIC, 2, 0, 3));
    thread.run();
    assertNothingIsLeft();
  }

  /** Growths and ends of time meet in all ways; the loop is a thread of its own. */
  @Test
  void everyFetchIsAnsweredOnceAndNoRecordIsMissed() throws Exception {
    SplittableRandom random = new SplittableRandom(7);
    int[] next = {0, 0};
    int[] appended = {0, 0};
    for (int fetches = 0; fetches < 2_000; fetches++) {
      int minBytes = random.nextBoolean() ? 1 : 200;
      client.send(fetch(next[0], next[1], minBytes, random.nextInt(3)));
      while (client.socket().getInputStream().available() == 0) {
        thread.run();
        if (random.nextInt(50) == 0) {
          int partition = random.nextInt(2);
          append(partition, 10);
          appended[partition]++;
        }
      }
      List<Integer> got = receive();
      next[0] += got.get(0);
      next[1] += got.get(1);
      assertTrue(next[0] <= appended[0] && next[1] <= appended[1]);
    }
    while (next[0] < appended[0] || next[1] < appended[1]) {
      client.send(fetch(next[0], next[1], 1, 0));
      thread.step();
      List<Integer> got = receive();
      next[0] += got.get(0);
      next[1] += got.get(1);
    }
    assertNothingIsLeft();
  }

  // ---- how ----

  /** Timers of one loop go off in their order. */
  private void passOnLoop(int ms) throws InterruptedException {
    eventLoops.loops().next().schedule(() -> {}, ms, TimeUnit.MILLISECONDS).sync();
  }

  private void onLoop(Runnable task) throws InterruptedException {
    eventLoops.loops().next().submit(task).sync();
  }

  private byte[] fetch(long offset, int minBytes, int maxWaitMs) {
    return fetch(offset, 0, minBytes, maxWaitMs);
  }

  private byte[] fetch(long offset0, long offset1, int minBytes, int maxWaitMs) {
    FetchRequest body =
        FetchRequest.newBuilder()
            .setMinBytes(minBytes)
            .setMaxBytes(1 << 20)
            .setMaxWaitMs(maxWaitMs)
            .addPartitions(RawClient.partitionFetch(TOPIC, 0, offset0))
            .addPartitions(RawClient.partitionFetch(TOPIC, 1, offset1))
            .build();
    return client.request(ApiKey.FETCH, body, new byte[0]);
  }

  private void append(int partition, int payloadBytes) {
    ByteBuf batch = TestBatches.batch(0, 1, payloadBytes);
    List<ProduceResult> results = new ArrayList<>();
    registry
        .partition(TOPIC, partition)
        .produce(batch, 0, batch.readableBytes(), 1, Partition.ANY_EPOCH, 1_000, results::add);
    assertNull(results.get(0).error());
  }

  /** A response and its body. */
  private record Answer(ResponseFrame frame, FetchResponse body) implements AutoCloseable {
    @Override
    public void close() {
      frame.release();
    }
  }

  private Answer answer() throws IOException {
    ResponseFrame frame = client.receive();
    assertEquals(ErrorCode.NONE, frame.error());
    return new Answer(frame, frame.body(FetchResponse.parser()));
  }

  /** How many records of each partition the next answer has. */
  private List<Integer> receive() throws IOException {
    try (Answer answer = answer()) {
      ByteBuf records = answer.frame().records();
      List<Integer> counts = new ArrayList<>();
      for (var result : answer.body().getResultsList()) {
        assertEquals(0, result.getErrorCode());
        counts.add(TestBatches.parse(records.readSlice(result.getRecordsLength())).size());
      }
      return counts;
    }
  }

  /** Nobody waits, nothing was answered twice, and all memory is given back. */
  private void assertNothingIsLeft() throws Exception {
    TestServer.await(
        "the memory is free",
        () -> {
          thread.run();
          return server.server().responseMemoryUsedBytes() == 0;
        });
    append(0, 10);
    append(1, 10);
    assertEquals(0, thread.run(), "somebody still waits");
    if (!client.socket().isClosed()) {
      assertEquals(0, client.socket().getInputStream().available(), "a second answer");
    }
  }

  /** A store in memory that does what the test says before a log is read. Test's thread only. */
  private static final class HookedLogStore extends ForwardingLogStore {
    private OwnerThread.Step hook = () -> {};

    void beforeRead(OwnerThread.Step step) {
      hook = step;
    }

    @Override
    public CompletionStage<PartitionLog> open(
        LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
      return super.open(id, config, owner, listener).thenApply(this::hooked);
    }

    private PartitionLog hooked(PartitionLog log) {
      return (PartitionLog)
          Proxy.newProxyInstance(
              PartitionLog.class.getClassLoader(),
              new Class<?>[] {PartitionLog.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals("read")) {
                  hook.run();
                }
                return method.invoke(log, arguments);
              });
    }
  }
}
