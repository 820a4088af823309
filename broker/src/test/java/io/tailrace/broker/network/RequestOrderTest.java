package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
import io.tailrace.protocol.message.ProduceResponse;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The requests that one connection sends for one partition keep their order. */
@Timeout(60)
class RequestOrderTest {
  private static final String TOPIC = "orders";
  private static final int REQUESTS = 6;
  private static final int IN_FLIGHT = 2;

  @Test
  void requestsBehindTheLimitDoNotOvertakeThoseThatWaitForTheLog() throws Exception {
    HeldLogStore logs = new HeldLogStore();
    ManualClock clock = new ManualClock(1_000_000);
    EventLoops eventLoops = EventLoops.create(1); // connection and partition have one thread
    PartitionRegistry registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 1, 0, 1));
    PartitionLookup lookup = new PartitionLookup(registry);
    try (TestServer server =
            new TestServer(
                eventLoops,
                TestServer.limits(IN_FLIGHT, 10),
                clock,
                memory -> Map.of(ApiKey.PRODUCE, TestServer.produce(lookup, memory)));
        RawClient client = server.client().greet()) {
      byte[] batch = ByteBufUtil.getBytes(TestBatches.batch(0, 1, 100));
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (int i = 0; i < REQUESTS; i++) {
        all.write(
            client.request(
                ApiKey.PRODUCE, RawClient.produceRequest(TOPIC, 0, batch.length), batch));
      }
      client.send(all.toByteArray());
      // All came in one read, so that the others wait behind the limit of two by now.
      TestServer.await(
          "two wait for the log",
          () -> server.server().requestMemoryUsedBytes() > 2L * batch.length);
      logs.letOpen();

      TreeMap<Integer, Long> offsetByRequest = new TreeMap<>();
      for (int i = 0; i < REQUESTS; i++) {
        ResponseFrame response = client.receive();
        assertEquals(ErrorCode.NONE, response.error());
        offsetByRequest.put(
            response.header().getCorrelationId(),
            response.body(ProduceResponse.parser()).getResults(0).getBaseOffsets(0));
        response.release();
      }
      assertEquals(List.of(0L, 1L, 2L, 3L, 4L, 5L), List.copyOf(offsetByRequest.values()));
    }
  }
}
