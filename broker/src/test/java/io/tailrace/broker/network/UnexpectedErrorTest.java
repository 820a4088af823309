package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.PartitionLog;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.testkit.ForwardingLogStore;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.port.Scheduler;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Errors that nobody expected, on the connection's thread and on the partition's: the request is
 * answered and its memory given back, and the next one is served.
 */
@Timeout(60)
class UnexpectedErrorTest {
  private static final String TOPIC = "orders";

  private final BrokenLogStore logs = new BrokenLogStore();
  private TestServer server;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    ManualClock clock = new ManualClock(1_000_000);
    EventLoops eventLoops = EventLoops.create(2); // of two partitions, one is behind a hop
    PartitionRegistry registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 4, 0, 1));
    PartitionLookup lookup = new PartitionLookup(registry);
    server =
        new TestServer(
            eventLoops,
            TestServer.wideLimits(),
            clock,
            memory ->
                Map.of(
                    ApiKey.PRODUCE,
                    TestServer.produce(lookup, memory),
                    ApiKey.FETCH,
                    TestServer.fetch(lookup, memory),
                    ApiKey.LIST_OFFSETS,
                    new ListOffsetsHandler(new OffsetsService(lookup, TestServer.READERS)),
                    ApiKey.METADATA,
                    request -> {
                      throw new AssertionError("broken by the test");
                    }));
    client = server.client().greet();
    assertProduced(ErrorCode.NONE); // the logs are open
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void anErrorInAnAppendLeavesTheOutcomeOpen() throws Exception {
    logs.breakOn("append");
    assertProduced(ErrorCode.OUTCOME_UNKNOWN);
    logs.breakOn("");
    assertProduced(ErrorCode.NONE);
  }

  @Test
  void anErrorInAReadFailsTheFetch() throws Exception {
    logs.breakOn("read");
    client.send(fetch());
    assertEquals(ErrorCode.UNKNOWN, fetched());
    client.send(fetch());
    assertEquals(ErrorCode.UNKNOWN, fetched());
    client.send(fetch());
    assertEquals(ErrorCode.UNKNOWN, fetched());
    assertAllMemoryIsFree();
    logs.breakOn("");
    client.send(fetch());
    assertEquals(ErrorCode.NONE, fetched());
    assertAllMemoryIsFree();
  }

  @Test
  void anErrorInALookUpOfATimeFailsTheRequest() throws Exception {
    logs.breakOn("findByTimestamp");
    assertEquals(ErrorCode.UNKNOWN, offsetsListed());
    logs.breakOn("");
    assertEquals(ErrorCode.NONE, offsetsListed());
  }

  @Test
  void anErrorInAHandlerFailsTheRequest() throws Exception {
    client.send(client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
    ResponseFrame response = client.receive();
    assertEquals(ErrorCode.UNKNOWN, response.error());
    response.release();
    assertAllMemoryIsFree();
  }

  // ---- how ----

  /** To all four partitions. */
  private void assertProduced(ErrorCode expected) throws IOException {
    byte[] batch = ByteBufUtil.getBytes(TestBatches.batch(0, 1, 100));
    ProduceRequest.Builder body = ProduceRequest.newBuilder().setAcks(-1).setTimeoutMs(60_000);
    byte[] batches = new byte[4 * batch.length];
    for (int i = 0; i < 4; i++) {
      System.arraycopy(batch, 0, batches, i * batch.length, batch.length);
      body.addPartitions(
          PartitionProduce.newBuilder()
              .setTopic(TOPIC)
              .setPartition(i)
              .setRecordsLength(batch.length));
    }
    client.send(client.request(ApiKey.PRODUCE, body.build(), batches));
    ResponseFrame response = client.receive();
    assertEquals(ErrorCode.NONE, response.error());
    ProduceResponse results = response.body(ProduceResponse.parser());
    response.release();
    for (int i = 0; i < 4; i++) {
      assertEquals(expected, ErrorCode.of(results.getResults(i).getErrorCode()));
    }
    assertAllMemoryIsFree();
  }

  private byte[] fetch() {
    return client.request(
        ApiKey.FETCH,
        RawClient.fetchRequest(TOPIC, 0, 0, 0).toBuilder()
            .addPartitions(RawClient.partitionFetch(TOPIC, 1, 0))
            .addPartitions(RawClient.partitionFetch(TOPIC, 2, 0))
            .addPartitions(RawClient.partitionFetch(TOPIC, 3, 0))
            .build(),
        new byte[0]);
  }

  private ErrorCode fetched() throws IOException {
    ResponseFrame response = client.receive();
    try {
      if (response.error() != ErrorCode.NONE) {
        return response.error();
      }
      FetchResponse results = response.body(FetchResponse.parser());
      return ErrorCode.of(results.getResults(0).getErrorCode());
    } finally {
      response.release();
    }
  }

  private ErrorCode offsetsListed() throws IOException {
    ListOffsetsRequest body =
        ListOffsetsRequest.newBuilder()
            .addPartitions(
                PartitionOffsetQuery.newBuilder().setTopic(TOPIC).setPartition(0).setTimestampMs(0))
            .addPartitions(
                PartitionOffsetQuery.newBuilder().setTopic(TOPIC).setPartition(1).setTimestampMs(0))
            .build();
    client.send(client.request(ApiKey.LIST_OFFSETS, body, new byte[0]));
    ResponseFrame response = client.receive();
    try {
      assertAllMemoryIsFree();
      return response.error() != ErrorCode.NONE
          ? response.error()
          : ErrorCode.of(response.body(ListOffsetsResponse.parser()).getResults(0).getErrorCode());
    } finally {
      response.release();
    }
  }

  private void assertAllMemoryIsFree() {
    TestServer.await(
        "the memory of requests is free", () -> server.server().requestMemoryUsedBytes() == 0);
    TestServer.await(
        "the memory of responses is free", () -> server.server().responseMemoryUsedBytes() == 0);
  }

  /** A store in memory whose logs throw an Error from a method that the test names. Thread-safe. */
  private static final class BrokenLogStore extends ForwardingLogStore {
    private volatile String broken = "";

    void breakOn(String method) {
      broken = method;
    }

    @Override
    public CompletionStage<PartitionLog> open(
        LogId id, LogConfig config, Scheduler owner, PartitionLog.Listener listener) {
      return super.open(id, config, owner, listener).thenApply(this::breakable);
    }

    private PartitionLog breakable(PartitionLog log) {
      return (PartitionLog)
          Proxy.newProxyInstance(
              PartitionLog.class.getClassLoader(),
              new Class<?>[] {PartitionLog.class},
              (proxy, method, arguments) -> {
                if (method.getName().equals(broken)) {
                  throw new StackOverflowError("broken by the test");
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
