package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBufUtil;
import io.tailrace.broker.config.RecordLimits;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.PartitionRegistry;
import io.tailrace.broker.partition.PartitionThreads;
import io.tailrace.broker.partition.TopicSettings;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.service.PartitionLookup;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatchBuilder;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a topic does not take, though each batch by itself is sound. */
@Timeout(60)
class ProduceLimitsTest {
  private static final String TOPIC = "orders";
  private static final long NOW_MS = 1_000_000_000_000L;
  private static final int MAX_AHEAD_MS = 60_000;

  private final ManualClock clock = new ManualClock(NOW_MS);
  private TestServer server;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    EventLoops eventLoops = EventLoops.create(1);
    PartitionRegistry registry =
        new PartitionRegistry(
            PartitionThreads.of(eventLoops.loops()),
            SingleBroker.services(0, new InMemoryLogStore(), clock, new Upkeep(10_000, 60_000)),
            topic -> new TopicSettings(LogConfig.defaults(), 1),
            topicId -> CompletableFuture.completedFuture(null));
    registry.onImage(TestServer.image(TOPIC, 1, 0, 1));
    RecordLimits limits = new RecordLimits(1 << 20, MAX_AHEAD_MS, 1_000_000, -1, false);
    ProduceService service =
        new ProduceService(new PartitionLookup(registry), topic -> limits, clock);
    server =
        new TestServer(
            eventLoops,
            TestServer.wideLimits(),
            clock,
            memory -> Map.of(ApiKey.PRODUCE, new ProduceHandler(service, memory.requests())));
    client = server.client().greet();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    server.close();
  }

  @Test
  void aTimestampTooFarAheadOfTheBrokersClockIsRefused() throws Exception {
    assertEquals(ErrorCode.INVALID_TIMESTAMP, produceAt(NOW_MS + MAX_AHEAD_MS + 1));
    assertEquals(ErrorCode.INVALID_TIMESTAMP, produceAt(Long.MAX_VALUE));
    assertEquals(ErrorCode.NONE, produceAt(NOW_MS + MAX_AHEAD_MS));
    assertEquals(ErrorCode.NONE, produceAt(0));
  }

  @Test
  void aBatchThatIsTooLargeWithoutCompressionIsRefused() throws Exception {
    assertEquals(ErrorCode.BATCH_TOO_LARGE, client.produce(TOPIC, 0, compressed(2_000_000)));
    assertEquals(ErrorCode.NONE, client.produce(TOPIC, 0, compressed(900_000)));
  }

  private ErrorCode produceAt(long timestampMs) throws IOException {
    return client.produce(TOPIC, 0, ByteBufUtil.getBytes(TestBatches.batch(0, timestampMs, 10)));
  }

  private static byte[] compressed(int valueBytes) {
    RecordBatchBuilder builder = new RecordBatchBuilder(1024);
    builder.append(NOW_MS, null, new byte[valueBytes], List.of());
    int size = builder.finish(CompressionType.LZ4, -1, (short) -1, -1);
    return Arrays.copyOf(builder.array(), size);
  }
}
