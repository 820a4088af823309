package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import io.tailrace.broker.log.LogException;
import io.tailrace.broker.log.PartitionLog.TimestampedOffset;
import io.tailrace.broker.partition.Partition;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.message.ListOffsetsRequest;
import io.tailrace.protocol.message.ListOffsetsResponse;
import io.tailrace.protocol.message.PartitionOffsetQuery;
import io.tailrace.protocol.message.PartitionOffsetResult;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** Answers where a partition begins and ends, and where a time is in it. */
final class ListOffsetsHandler implements RequestHandler {
  private static final long LATEST = -1;
  private static final long EARLIEST = -2;

  private final PartitionLookup lookup;

  ListOffsetsHandler(PartitionLookup lookup) {
    this.lookup = lookup;
  }

  @Override
  public void handle(Request request) throws InvalidProtocolBufferException {
    ListOffsetsRequest body = request.frame().body(ListOffsetsRequest.parser());
    int count = body.getPartitionsCount();
    if (count == 0) {
      request.respond(ListOffsetsResponse.getDefaultInstance());
      return;
    }
    AtomicReferenceArray<PartitionOffsetResult> results = new AtomicReferenceArray<>(count);
    AtomicInteger pending = new AtomicInteger(count);
    for (int i = 0; i < count; i++) {
      int each = i;
      PartitionOffsetQuery query = body.getPartitions(i);
      PartitionLookup.Found found =
          lookup.find(query.getTopic(), query.getTopicId(), query.getPartition());
      if (found.error() != null) {
        done(request, results, pending, each, failed(found.error()));
        continue;
      }
      Partition partition = found.partition();
      Runnable answer =
          request.guard(() -> done(request, results, pending, each, answer(partition, query)));
      partition.scheduler().runOrExecute(request.guard(() -> partition.whenReady(answer)));
    }
  }

  private static void done(
      Request request,
      AtomicReferenceArray<PartitionOffsetResult> results,
      AtomicInteger pending,
      int index,
      PartitionOffsetResult result) {
    results.set(index, result);
    if (result.getErrorCode() != ErrorCode.NONE.number()) {
      request.notePartFailed(ErrorCode.of(result.getErrorCode()), result.getErrorMessage());
    }
    if (pending.decrementAndGet() == 0) {
      ListOffsetsResponse.Builder response = ListOffsetsResponse.newBuilder();
      for (int i = 0; i < results.length(); i++) {
        response.addResults(results.get(i));
      }
      request.respond(response.build());
    }
  }

  private static PartitionOffsetResult answer(Partition partition, PartitionOffsetQuery query) {
    PartitionError denied = partition.checkAccess(query.getLeaderEpochPlusOne() - 1);
    if (denied != null) {
      return failed(denied);
    }
    PartitionOffsetResult.Builder result =
        PartitionOffsetResult.newBuilder()
            .setTimestampMs(-1)
            .setLeaderEpoch(partition.leaderEpoch());
    long timestampMs = query.getTimestampMs();
    if (timestampMs == EARLIEST) {
      return result.setOffset(partition.log().logStartOffset()).build();
    }
    if (timestampMs == LATEST) {
      return result.setOffset(partition.highWatermark()).build();
    }
    try {
      TimestampedOffset found =
          partition.log().findByTimestamp(timestampMs, partition.highWatermark());
      if (found == null) {
        return result.setOffset(partition.highWatermark()).build();
      }
      return result.setOffset(found.offset()).setTimestampMs(found.timestampMs()).build();
    } catch (LogException e) {
      return failed(new PartitionError(e.code(), partition + ": " + e.getMessage()));
    }
  }

  private static PartitionOffsetResult failed(PartitionError error) {
    return PartitionOffsetResult.newBuilder()
        .setErrorCode(error.code().number())
        .setErrorMessage(error.message())
        .setTimestampMs(-1)
        .build();
  }
}
