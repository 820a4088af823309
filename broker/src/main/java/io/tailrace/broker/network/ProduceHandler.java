package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.broker.service.ProducePart;
import io.tailrace.broker.service.ProduceService;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.topic.Ids;
import java.util.ArrayList;
import java.util.List;

/** Reads produce requests for the {@link ProduceService}, and writes its results. */
final class ProduceHandler implements RequestHandler {
  private final ProduceService service;
  private final RequestMemory memory;

  ProduceHandler(ProduceService service, RequestMemory memory) {
    this.service = service;
    this.memory = memory;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    ProduceRequest body = request.frame().body(ProduceRequest.parser());
    if (memory.isExhausted()) {
      request.fail(
          ErrorCode.OVERLOADED,
          "the broker has more requests in work than request.memory.bytes allows");
      return;
    }
    if (body.getAcks() < -1 || body.getAcks() > 1) {
      request.fail(
          ErrorCode.INVALID_REQUEST, "acks=" + body.getAcks() + " is not 0, 1 or -1 (all)");
      return;
    }
    ByteBuf records = request.frame().records();
    long announced = 0;
    for (int i = 0; i < body.getPartitionsCount(); i++) {
      announced += Integer.toUnsignedLong(body.getPartitions(i).getRecordsLength());
    }
    if (announced != records.readableBytes()) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "the body announces "
              + announced
              + " bytes of records, the frame holds "
              + records.readableBytes());
      return;
    }
    service.produce(
        body.getAcks(),
        Integer.toUnsignedLong(body.getTimeoutMs()),
        toParts(body.getPartitionsList()),
        records,
        results -> answer(request, body, results));
  }

  private static List<ProducePart> toParts(List<PartitionProduce> partitions) {
    List<ProducePart> parts = new ArrayList<>(partitions.size());
    int position = 0;
    for (PartitionProduce part : partitions) {
      parts.add(
          new ProducePart(
              part.getTopic(),
              Ids.ofMessage(part.getTopicId()),
              part.getPartition(),
              part.getLeaderEpochPlusOne() - 1,
              position,
              part.getRecordsLength()));
      position += part.getRecordsLength();
    }
    return parts;
  }

  private static void answer(Request request, ProduceRequest body, List<ProduceResult> results) {
    for (ProduceResult result : results) {
      request.notePartFailed(result.error());
    }
    if (body.getAcks() == 0 && !results.isEmpty()) {
      request.finishWithoutResponse();
      return;
    }
    ProduceResponse.Builder response = ProduceResponse.newBuilder();
    results.forEach(result -> response.addResults(toMessage(result)));
    request.respond(response.build());
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
