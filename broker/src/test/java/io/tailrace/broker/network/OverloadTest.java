package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Produce and fetch requests while the memory for them is used up, and afterwards. */
class OverloadTest {
  private static final String TOPIC = "orders";
  private static final int MEMORY_BYTES = 1 << 20;
  private static final int LARGE_BYTES = 400_000;
  private static final int FETCH_BYTES = MEMORY_BYTES / 2;

  private final HeldLogStore logs = new HeldLogStore();
  private TestServer server;

  @BeforeEach
  void start() throws IOException {
    ManualClock clock = new ManualClock(1_000_000); // nobody is closed because of the time
    EventLoops eventLoops = EventLoops.create(2);
    PartitionRegistry registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 1, 0, 1));
    NetworkLimits limits =
        new NetworkLimits(4 << 20, MEMORY_BYTES, MEMORY_BYTES, 500, 100, 600_000, 30_000);
    PartitionLookup lookup = new PartitionLookup(registry);
    server =
        new TestServer(
            eventLoops,
            limits,
            clock,
            memory ->
                Map.of(
                    ApiKey.PRODUCE,
                    TestServer.produce(lookup, memory),
                    ApiKey.FETCH,
                    TestServer.fetch(lookup, memory)));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void recordsAreRefusedWhileRequestsTakeTheirMemoryAndTakenAgainAfterwards() throws Exception {
    try (RawClient client = server.client().greet()) {
      for (int i = 0; i < 4; i++) {
        client.send(produce(client));
      }

      // Two wait for their log; with the third it would be too much.
      assertEquals(ErrorCode.OVERLOADED, refusal(client.receive()));
      assertEquals(ErrorCode.OVERLOADED, refusal(client.receive()));
      assertTrue(ErrorCode.OVERLOADED.retriable());
      assertEquals(2, server.errors(ErrorCode.OVERLOADED));
      assertTrue(server.server().requestMemoryUsedBytes() > 2 * LARGE_BYTES);

      logs.letOpen();
      assertEquals(0, produced(client.receive()));
      assertEquals(1, produced(client.receive()));
      client.send(produce(client));
      assertEquals(2, produced(client.receive()));
      assertEquals(2, server.errors(ErrorCode.OVERLOADED));
      TestServer.await("the memory is free", () -> server.server().requestMemoryUsedBytes() == 0);
    }
  }

  @Test
  void fetchesAreRefusedWhileAnswersTakeTheirMemoryAndAnsweredAgainAfterwards() throws Exception {
    logs.letOpen();
    try (RawClient client = server.client().greet();
        RawClient attacker = server.client()) {
      client.send(produce(client));
      assertEquals(0, produced(client.receive()));
      attacker.socket().setReceiveBufferSize(4096);
      attacker.greet();
      byte[] fetch = fetch(attacker);
      Thread sender = new Thread(() -> attacker.sendUntilClosed(fetch), "attacker");
      sender.setDaemon(true);
      sender.start();

      TestServer.await(
          "answers take the memory",
          () -> server.server().responseMemoryUsedBytes() > MEMORY_BYTES - FETCH_BYTES);
      TestServer.await("a fetch is refused", () -> fetched(client) == ErrorCode.OVERLOADED);
      assertTrue(server.errors(ErrorCode.OVERLOADED) > 0);

      attacker.socket().close();
      // While it is open its next fetch may be read, so that free memory says nothing.
      TestServer.await("the attacker is gone", () -> server.server().connectionCount() == 1);
      TestServer.await("the memory is free", () -> server.server().responseMemoryUsedBytes() == 0);
      assertEquals(ErrorCode.NONE, fetched(client));
    }
  }

  // ---- how ----

  private static byte[] produce(RawClient client) {
    byte[] batch = ByteBufUtil.getBytes(TestBatches.batch(0, 1, LARGE_BYTES));
    ProduceRequest body =
        ProduceRequest.newBuilder()
            .setAcks(-1)
            .setTimeoutMs(60_000)
            .addPartitions(
                PartitionProduce.newBuilder().setTopic(TOPIC).setRecordsLength(batch.length))
            .build();
    return client.request(ApiKey.PRODUCE, body, batch);
  }

  private static ErrorCode refusal(ResponseFrame response) {
    ErrorCode code = response.error();
    response.release();
    return code;
  }

  /** The offset that the answer tells. */
  private static long produced(ResponseFrame response) throws IOException {
    assertEquals(ErrorCode.NONE, response.error());
    ProduceResponse body = response.body(ProduceResponse.parser());
    assertEquals(0, body.getResults(0).getErrorCode());
    response.release();
    return body.getResults(0).getBaseOffsets(0);
  }

  private static byte[] fetch(RawClient client) {
    FetchRequest body =
        FetchRequest.newBuilder()
            .setMinBytes(1)
            .setMaxBytes(FETCH_BYTES)
            .addPartitions(PartitionFetch.newBuilder().setTopic(TOPIC).setMaxBytes(FETCH_BYTES))
            .build();
    return client.request(ApiKey.FETCH, body, new byte[0]);
  }

  private static ErrorCode fetched(RawClient client) {
    try {
      client.send(fetch(client));
      ResponseFrame response = client.receive();
      ErrorCode code = response.error();
      if (code == ErrorCode.NONE) {
        assertEquals(0, response.body(FetchResponse.parser()).getResults(0).getErrorCode());
        assertTrue(response.records().readableBytes() > LARGE_BYTES);
      }
      response.release();
      return code;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
