package io.tailrace.broker.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.tailrace.broker.log.LogConfig;
import io.tailrace.broker.log.LogStore;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceListener;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.partition.Upkeep;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.broker.testkit.SingleBroker;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.AllocateProducerIdResponse;
import io.tailrace.protocol.message.ApiVersionRange;
import io.tailrace.protocol.message.HandshakeResponse;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.ProducedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

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
        case HANDSHAKE -> respond(from, correlationId, handshake());
        case METADATA -> respond(from, correlationId, topic.metadata());
        case ALLOCATE_PRODUCER_ID ->
            respond(
                from,
                correlationId,
                AllocateProducerIdResponse.newBuilder()
                    .setProducerId(topic.nextProducerId())
                    .build());
        case PRODUCE -> produce(frame, response -> respond(from, correlationId, response));
        default -> throw new SimulationFailure("no producer asks for " + api);
      }
    } catch (InvalidProtocolBufferException e) {
      throw new SimulationFailure("a request cannot be read", e);
    }
  }

  private static void respond(SimulatedConnection to, int correlationId, MessageLite body) {
    to.send(FrameCodec.encodeResponse(PooledByteBufAllocator.DEFAULT, correlationId, body, 0));
  }

  private HandshakeResponse handshake() {
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

  private interface Answer {
    void with(ProduceResponse response);
  }

  private void produce(RequestFrame frame, Answer answer) throws InvalidProtocolBufferException {
    ProduceRequest body = frame.body(ProduceRequest.parser());
    ByteBuf records = frame.records();
    int count = body.getPartitionsCount();
    List<ProduceResult> results = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      results.add(null);
    }
    int[] pending = {count};
    BiConsumer<Integer, ProduceResult> done =
        (i, result) -> {
          results.set(i, result);
          if (--pending[0] == 0) {
            ProduceResponse.Builder response = ProduceResponse.newBuilder();
            results.forEach(each -> response.addResults(toMessage(each)));
            answer.with(response.build());
          }
        };
    int index = records.readerIndex();
    for (int i = 0; i < count; i++) {
      PartitionProduce part = body.getPartitions(i);
      int number = i;
      hand(
          part,
          new ProducePath.Part(
              records,
              index,
              part.getRecordsLength(),
              part.getLeaderEpochPlusOne() - 1,
              body.getTimeoutMs()),
          result -> done.accept(number, result));
      index += part.getRecordsLength();
    }
  }

  private void hand(PartitionProduce description, ProducePath.Part part, ProduceListener listener) {
    Partition partition = partitions.get(description.getPartition());
    if (partition == null) {
      listener.onProduced(
          ProduceResult.failed(
              new PartitionError(ErrorCode.NOT_LEADER, "node " + id + " does not lead it")));
      return;
    }
    try {
      int end = part.index() + part.length();
      for (int at = part.index(); at < end; ) {
        at += ProducedBatch.check(part.records(), at, end - at);
      }
    } catch (CorruptBatchException e) {
      throw new SimulationFailure("a producer sends damaged batches", e);
    }
    partition.whenReady(() -> path.produce(partition, part, listener));
  }

  private static PartitionProduceResult toMessage(ProduceResult result) {
    PartitionProduceResult.Builder message =
        PartitionProduceResult.newBuilder().setLogStartOffset(result.logStartOffset());
    for (long baseOffset : result.baseOffsets()) {
      message.addBaseOffsets(baseOffset);
    }
    if (result.error() != null) {
      message
          .setErrorCode(result.error().code().number())
          .setErrorMessage(result.error().message());
    }
    return message.build();
  }
}
