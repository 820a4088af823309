package io.tailrace.broker.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.tailrace.broker.log.InMemoryDisk;
import io.tailrace.broker.log.InMemoryLogStore;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogId;
import io.tailrace.broker.log.ManualClock;
import io.tailrace.broker.log.TestBatches;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.testkit.ManualScheduler;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.client.network.ClientCounters;
import io.tailrace.client.network.Link;
import io.tailrace.client.network.LinkListener;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.NetworkConfig;
import io.tailrace.client.network.Transport;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.Endpoint;
import io.tailrace.coordinator.cluster.InSyncReplica;
import io.tailrace.coordinator.replica.PartitionMetadata;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.FetchResponse;
import io.tailrace.protocol.message.HandshakeResponse;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionFetchResult;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a follower does with answers, against a leader that says what the test wants. */
class LeaderFetcherTest {
  private static final int ME = 1;
  private static final int LEADER = 2;
  private static final int EPOCH = 4;
  private static final InSyncReplica SELF = new InSyncReplica(ME, 1, new UUID(0, ME));

  private final ManualScheduler scheduler = new ManualScheduler();
  private final ManualClock clock = new ManualClock(1_000_000);
  private final InMemoryDisk broken = new InMemoryDisk(clock);
  private final Partition first = partition(0, broken);
  private final Partition second = partition(1, new InMemoryDisk(clock));
  private final LeaderLink leader = new LeaderLink();

  private Partition partition(int index, InMemoryDisk disk) {
    Partition made =
        new Partition(
            "orders",
            new LogId(new UUID(1, 2), index),
            LogConfig.defaults(),
            scheduler,
            SingleBroker.services(
                ME, new InMemoryLogStore(disk), clock, new Upkeep(10_000, 60_000)));
    made.onMetadata(
        new PartitionMetadata(
            LEADER,
            EPOCH,
            0,
            List.of(ME, LEADER),
            List.of(new InSyncReplica(LEADER, 1, new UUID(0, LEADER))),
            1));
    return made;
  }

  @BeforeEach
  void follow() {
    ThreadFetchers fetchers =
        new ThreadFetchers(
            new Network(
                leader,
                clock,
                new SplittableRandom(1),
                new NetworkConfig("test", 1_000, 30_000, 20, 1_000),
                new ClientCounters()),
            () -> SELF,
            FetchSettings.defaults());
    Endpoint endpoint = new Endpoint("leader", 1);
    fetchers.onBrokers(
        List.of(
            new BrokerImage(
                LEADER, 1, Map.of(Endpoint.NATIVE, endpoint), "", new UUID(0, LEADER), true)));
    fetchers.onRole(first);
    fetchers.onRole(second);
    scheduler.run();
  }

  @Test
  void aLogThatFailsDoesNotHoldUpOthersOfTheSameAnswer() throws Exception {
    RequestFrame asked = leader.fetches.remove();
    FetchRequest request = asked.body(FetchRequest.parser());
    assertEquals(2, request.getPartitionsCount());
    broken.failSyncs(Integer.MAX_VALUE);
    ByteBuf batch = TestBatches.batch(0, 1_000, 100);
    RecordBatch.place(batch, 0, 0, EPOCH);
    FetchResponse.Builder response = FetchResponse.newBuilder().setSessionId(7);
    for (PartitionFetch each : request.getPartitionsList()) {
      PartitionFetchResult.Builder result =
          PartitionFetchResult.newBuilder().setSlot(each.getSlot());
      response.addResults(
          each.getPartition() == 0
              ? result.setErrorCode(ErrorCode.OFFSET_OUT_OF_RANGE.number()).setLogStartOffset(5)
              : result.setRecordsLength(batch.readableBytes()).setHighWatermark(1));
    }

    leader.answer(asked, response.build(), batch);
    scheduler.run();

    assertNotNull(first.checkOpen());
    assertEquals(1, second.replicated().position().logEndOffset());
    FetchRequest next = leader.fetches.remove().body(FetchRequest.parser());
    assertEquals(
        List.of(1), next.getPartitionsList().stream().map(PartitionFetch::getPartition).toList());
  }

  /** The way to the leader, and its end of the link. */
  private final class LeaderLink implements Transport, Link {
    private static final int LENGTH_BYTES = 4;

    private final ArrayDeque<RequestFrame> fetches = new ArrayDeque<>();
    private LinkListener listener;

    @Override
    public Scheduler scheduler() {
      return scheduler;
    }

    @Override
    public void open(String host, int port, int timeoutMs, LinkListener opened) {
      listener = opened;
      scheduler.execute(() -> opened.onOpen(this));
    }

    @Override
    public void write(ByteBuf head, List<ByteBuf> records) {
      RequestFrame frame = RequestFrame.parse(head.skipBytes(LENGTH_BYTES));
      if (ApiKey.of(frame.header().getApiKey()) == ApiKey.FETCH) {
        fetches.add(frame);
      } else {
        HandshakeResponse.Builder handshake =
            HandshakeResponse.newBuilder().setBrokerId(LEADER).setMaxFrameBytes(1 << 20);
        for (ApiKey api : ApiKey.values()) {
          handshake.addApis(ApiVersionRange.newBuilder().setApiKey(api.id()));
        }
        answer(frame, handshake.build(), Unpooled.EMPTY_BUFFER);
      }
    }

    void answer(RequestFrame asked, MessageLite body, ByteBuf records) {
      ByteBuf frame =
          FrameCodec.encodeResponse(
              ByteBufAllocator.DEFAULT,
              asked.header().getCorrelationId(),
              body,
              records.readableBytes());
      frame.skipBytes(LENGTH_BYTES);
      ByteBuf content = Unpooled.copiedBuffer(frame, records);
      scheduler.execute(() -> listener.onFrame(content));
    }

    @Override
    public void flush() {}

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void close() {}
  }
}
