package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.BatchSummary;
import io.tailrace.broker.service.BatchesService;
import io.tailrace.broker.service.DescribedBatches;
import io.tailrace.broker.service.FetchResources;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ResponseMemory;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.RecordBatch;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a broker tells of the batches of a replica, for comparison with others. */
@Timeout(60)
class DescribeBatchesTest {
  private static final String TOPIC = "orders";

  private final ManualClock clock = new ManualClock(1_000_000);
  private final EventLoops eventLoops = EventLoops.create(2);
  private final HeldLogStore logs = new HeldLogStore();
  private final PartitionRegistry registry =
      new PartitionRegistry(
          PartitionThreads.of(eventLoops.loops()),
          SingleBroker.services(0, logs, clock, new Upkeep(10_000, 60_000)),
          topic -> new TopicSettings(LogConfig.defaults(), 1),
          topicId -> CompletableFuture.completedFuture(null));
  private final PartitionLookup lookup = new PartitionLookup(registry);
  private final ResponseMemory memory = new ResponseMemory(1 << 20);
  private final BatchesService service =
      new BatchesService(lookup, new FetchResources(memory, TestServer.READERS));

  private DescribedBatches describe(int partition, long fromOffset) throws Exception {
    CompletableFuture<DescribedBatches> described = new CompletableFuture<>();
    service.describe(TOPIC, null, partition, fromOffset, described::complete);
    return described.get(TestServer.AWAIT_S, TimeUnit.SECONDS);
  }

  @Test
  void tellsTheBatchesOfAReplicaThatDoesNotLead() throws Exception {
    logs.letOpen();
    registry.onImage(TestServer.image(TOPIC, 1, 0, 1));
    try (TestServer server =
            new TestServer(
                eventLoops,
                TestServer.wideLimits(),
                clock,
                of -> Map.of(ApiKey.PRODUCE, TestServer.produce(lookup, of)));
        RawClient client = server.client().greet()) {
      ByteBuf batch = TestBatches.batch(0, 3, 100);
      int crc = batch.getInt(RecordBatch.CRC_OFFSET);
      int size = batch.readableBytes();
      byte[] bytes = ByteBufUtil.getBytes(batch);
      assertEquals(ErrorCode.NONE, client.produce(TOPIC, 0, bytes));
      assertEquals(ErrorCode.NONE, client.produce(TOPIC, 0, bytes));
      registry.onImage(TestServer.image(TOPIC, 1, 1, 2)); // broker 1 leads now

      DescribedBatches all = describe(0, 0);

      assertNull(all.error());
      assertEquals(2, all.logEndOffset());
      assertEquals(
          List.of(new BatchSummary(0, 0, 1, crc, size), new BatchSummary(1, 1, 1, crc, size)),
          all.batches());
      assertEquals(1, describe(0, 1).batches().get(0).baseOffset());
      assertEquals(List.of(), describe(0, 2).batches());
      assertEquals(0, memory.usedBytes());

      memory.add(1 << 20);
      assertEquals(ErrorCode.OVERLOADED, describe(0, 0).error().code());
      assertEquals(ErrorCode.UNKNOWN_PARTITION, describe(7, 0).error().code());
    }
  }
}
