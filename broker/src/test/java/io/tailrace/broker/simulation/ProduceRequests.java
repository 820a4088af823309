package io.tailrace.broker.simulation;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceListener;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.ProducedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Reads produce requests, hands their batches to partitions, and writes the response. Stateless.
 */
final class ProduceRequests {
  private ProduceRequests() {}

  /**
   * Serves one request.
   *
   * @param partitions by number; null for one that is not here
   * @param answer gets the response when all parts are done
   */
  static void produce(
      RequestFrame frame,
      IntFunction<Partition> partitions,
      ProducePath path,
      Consumer<ProduceResponse> answer)
      throws InvalidProtocolBufferException {
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
            answer.accept(response.build());
          }
        };
    int index = records.readerIndex();
    for (int i = 0; i < count; i++) {
      PartitionProduce part = body.getPartitions(i);
      int number = i;
      hand(
          partitions.apply(part.getPartition()),
          path,
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

  private static void hand(
      Partition partition, ProducePath path, ProducePath.Part part, ProduceListener listener) {
    if (partition == null) {
      listener.onProduced(
          ProduceResult.failed(new PartitionError(ErrorCode.NOT_LEADER, "it is not here")));
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
