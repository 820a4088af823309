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
import io.tailrace.broker.service.DescribedLog;
import io.tailrace.broker.service.LogService;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Logs that nobody has asked for are described and stay closed. */
@Timeout(60)
class DescribeLogsTest {
  private static final String TOPIC = "orders";
  private static final int PARTITIONS = 50;

  @Test
  void describingEveryLogOpensNone() throws Exception {
    HeldLogStore logs = new HeldLogStore();
    logs.letOpen();
    ManualClock clock = new ManualClock(1_000_000);
    EventLoops eventLoops = EventLoops.create(2);
    PartitionRegistry registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, PARTITIONS, 0, 1));
    PartitionLookup lookup = new PartitionLookup(registry);
    try (TestServer server =
            new TestServer(
                eventLoops,
                TestServer.wideLimits(),
                clock,
                memory -> Map.of(ApiKey.PRODUCE, TestServer.produce(lookup, memory)));
        RawClient client = server.client().greet()) {
      byte[] batch = ByteBufUtil.getBytes(TestBatches.batch(0, 1, 100));
      assertEquals(ErrorCode.NONE, client.produce(TOPIC, 7, batch));
      assertEquals(1, logs.asked());

      CompletableFuture<List<DescribedLog>> described = new CompletableFuture<>();
      new LogService(registry).describe(List.of(), described::complete);

      List<DescribedLog> all = described.get(TestServer.AWAIT_S, TimeUnit.SECONDS);
      assertEquals(PARTITIONS, all.size());
      for (DescribedLog log : all) {
        assertEquals(log.partition() == 7 ? 1 : 0, log.logEndOffset());
        assertEquals(log.partition() == 7 ? batch.length : 0, log.sizeInBytes());
      }
      assertEquals(1, logs.asked());
    }
  }
}
