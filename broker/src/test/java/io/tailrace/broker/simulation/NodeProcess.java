package io.tailrace.broker.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.HandshakeResponse;
import java.util.Map;
import java.util.TreeMap;

/**
 * The process of a {@link SimulatedNode} from its start to its death: real partitions on one
 * thread, and the answers to what producers ask. Confined to its simulated thread.
 */
final class NodeProcess implements SimulatedNetwork.Acceptor {
  private static final int TICK_MS = 1_000;
  private static final int MAX_FRAME_BYTES = 1 << 20;
  private static final Upkeep UPKEEP = new Upkeep(10_000, 3_600_000);

  private final int id;
  private final SimulatedTopic topic;
  private final SimulatedThread thread;
  private final ProducePath path;
  private final Map<Integer, Partition> partitions = new TreeMap<>();

  NodeProcess(
      int id,
      SimulatedTopic topic,
      SimulatedTime time,
      SimulatedThread thread,
      LogStore store,
      LogConfig config,
      ProducePath path) {
    this.id = id;
    this.topic = topic;
    this.thread = thread;
    this.path = path;
    for (int partition = 0; partition < topic.partitions(); partition++) {
      if (topic.leader(partition) == id) {
        partitions.put(
            partition,
            new Partition(
                SimulatedTopic.NAME,
                SimulatedTopic.logId(partition),
                config,
                thread,
                SingleBroker.services(id, store, time, UPKEEP)));
      }
    }
    thread.execute(this::learnLeaders);
    thread.schedule(this::tick, TICK_MS);
  }

  /** The partitions that the node leads, by number. */
  Map<Integer, Partition> partitions() {
    return partitions;
  }

  SimulatedThread thread() {
    return thread;
  }

  /** Takes over what the metadata says of the partitions. */
  void learnLeaders() {
    partitions.forEach((number, partition) -> partition.onMetadata(topic.replicaMetadata(number)));
  }

  /** Closes all logs, and says so on its thread. */
  void stop(Runnable whenStopped) {
    thread.execute(
        () -> {
          int[] open = {partitions.size()};
          if (open[0] == 0) {
            whenStopped.run();
          }
          for (Partition partition : partitions.values()) {
            partition.stop(
                () -> {
                  if (--open[0] == 0) {
                    whenStopped.run();
                  }
                });
          }
        });
  }

  private void tick() {
    partitions.values().forEach(Partition::onTick);
    thread.schedule(this::tick, TICK_MS);
  }

  @Override
  public void onFrame(SimulatedConnection from, ByteBuf content) {
    RequestFrame frame = RequestFrame.parse(content);
    int correlationId = frame.header().getCorrelationId();
    ApiKey api = ApiKey.of(frame.header().getApiKey());
    try {
      switch (api) {
        case HANDSHAKE -> respond(from, correlationId, handshake(id));
        case METADATA -> respond(from, correlationId, topic.metadata());
        case ALLOCATE_PRODUCER_ID ->
            respond(
                from,
                correlationId,
                AllocateProducerIdResponse.newBuilder()
                    .setProducerId(topic.nextProducerId())
                    .build());
        case PRODUCE ->
            ProduceRequests.produce(
                frame, partitions::get, path, response -> respond(from, correlationId, response));
        default -> throw new SimulationFailure("no producer asks for " + api);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new SimulationFailure("a request cannot be read", e);
    }
  }

  static void respond(SimulatedConnection to, int correlationId, MessageLite body) {
    to.send(FrameCodec.encodeResponse(PooledByteBufAllocator.DEFAULT, correlationId, body, 0));
  }

  static HandshakeResponse handshake(int id) {
    HandshakeResponse.Builder response =
        HandshakeResponse.newBuilder()
            .setBrokerId(id)
            .setClusterId("simulation")
            .setBrokerSoftware("simulated")
            .setMaxFrameBytes(MAX_FRAME_BYTES);
    for (ApiKey api : ApiKey.values()) {
      response.addApis(
          ApiVersionRange.newBuilder()
              .setApiKey(api.id())
              .setMinVersion(api.minVersion())
              .setMaxVersion(api.maxVersion()));
    }
    return response.build();
  }
}
