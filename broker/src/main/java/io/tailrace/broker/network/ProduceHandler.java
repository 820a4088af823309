package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.partition.ProduceResult;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PartitionProduceResult;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import io.tailrace.protocol.port.Scheduler;
import io.tailrace.protocol.record.CorruptBatchException;
import io.tailrace.protocol.record.ProducedBatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Answers produce requests: checks the batches on the loop that read them, then hands each
 * partition its part.
 */
public final class ProduceHandler implements RequestHandler {
  private final PartitionLookup lookup;
  private final RequestMemory memory;

  ProduceHandler(PartitionLookup lookup, RequestMemory memory) {
    this.lookup = lookup;
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
    if (body.getPartitionsCount() == 0) {
      request.respond(ProduceResponse.getDefaultInstance());
      return;
    }
    new Operation(request, body, records).start();
  }

  /** One request's parts and their results; the part that is done last answers. */
  private final class Operation {
    private final Request request;
    private final ProduceRequest body;
    private final ByteBuf records;
    private final AtomicReferenceArray<ProduceResult> results;
    private final AtomicInteger pending;

    Operation(Request request, ProduceRequest body, ByteBuf records) {
      this.request = request;
      this.body = body;
      this.records = records;
      this.results = new AtomicReferenceArray<>(body.getPartitionsCount());
      this.pending = new AtomicInteger(body.getPartitionsCount());
    }

    void start() {
      int index = records.readerIndex();
      int count = body.getPartitionsCount();
      for (int i = 0; i < count; i++) {
        int each = i;
        int from = index;
        // The frame must outlive the parts that were handed over, so each fails by itself.
        guard(each, () -> start(each, from)).run();
        index += body.getPartitions(i).getRecordsLength();
      }
    }

    private void start(int i, int index) {
      PartitionProduce part = body.getPartitions(i);
      int length = part.getRecordsLength();
      PartitionLookup.Found found =
          lookup.find(part.getTopic(), part.getTopicId(), part.getPartition());
      PartitionError error = found.error() != null ? found.error() : check(index, length);
      if (error != null) {
        done(i, ProduceResult.failed(error));
      } else {
        hand(i, part, found.partition(), index, length);
      }
    }

    /** What an unexpected error leaves open is whether the records were appended. */
    private Runnable guard(int i, Runnable task) {
      return request.guard(
          task,
          e ->
              done(
                  i,
                  ProduceResult.failed(
                      new PartitionError(ErrorCode.OUTCOME_UNKNOWN, Request.unexpected(e)))));
    }

    private PartitionError check(int index, int length) {
      if (length == 0) {
        return new PartitionError(
            ErrorCode.INVALID_REQUEST, "no records were sent for the partition");
      }
      try {
        int end = index + length;
        for (int at = index; at < end; ) {
          at += ProducedBatch.check(records, at, end - at);
        }
        return null;
      } catch (CorruptBatchException e) {
        return new PartitionError(e.code(), e.getMessage());
      }
    }

    private void hand(int i, PartitionProduce part, Partition partition, int index, int length) {
      int epoch = part.getLeaderEpochPlusOne() - 1;
      Scheduler owner = partition.scheduler();
      Runnable produce =
          guard(
              i,
              () ->
                  partition.produce(
                      records,
                      index,
                      length,
                      body.getAcks(),
                      epoch,
                      body.getTimeoutMs(),
                      result -> done(i, result)));
      owner.runOrExecute(guard(i, () -> partition.whenReady(produce)));
    }

    /** The first result of a part counts; an error behind it changes nothing. */
    private void done(int i, ProduceResult result) {
      if (!results.compareAndSet(i, null, result)) {
        return;
      }
      if (result.error() != null) {
        request.notePartFailed(result.error().code(), result.error().message());
      }
      if (pending.decrementAndGet() > 0) {
        return;
      }
      if (body.getAcks() == 0) {
        request.finishWithoutResponse();
        return;
      }
      ProduceResponse.Builder response = ProduceResponse.newBuilder();
      for (int each = 0; each < results.length(); each++) {
        response.addResults(toMessage(results.get(each)));
      }
      request.respond(response.build());
    }
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
