package io.tailrace.broker.kafka;

import io.netty.buffer.ByteBuf;
import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.service.FetchBounds;
import io.tailrace.broker.service.FetchQuery;
import io.tailrace.broker.service.FetchResult;
import io.tailrace.broker.service.FetchService;
import io.tailrace.coordinator.cluster.TopicImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.RecordBatch;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Reads Kafka's fetch requests for the {@link FetchService}, and writes its results. There are no
 * fetch sessions: every answer says so, and clients then name all their partitions each time.
 */
final class KafkaFetchHandler implements KafkaHandler {
  /** The first version in which topics are named by their ids. */
  private static final short TOPIC_IDS = 13;

  /** The first version whose clients can read batches that are compressed by Zstandard. */
  private static final short ZSTD = 10;

  private static final byte READ_COMMITTED = 1;

  private final FetchService service;
  private final TopicNames names;

  KafkaFetchHandler(FetchService service, TopicNames names) {
    this.service = service;
    this.names = names;
  }

  @Override
  public void handle(KafkaRequest request) {
    FetchRequestData body = request.body(FetchRequestData.class);
    request.releaseFrame(); // it may wait long
    if (body.sessionId() != 0) {
      request.respond(
          new FetchResponseData().setErrorCode(Errors.FETCH_SESSION_ID_NOT_FOUND.code()));
      return;
    }
    if (body.replicaId() >= 0 || body.replicaState().replicaId() >= 0) {
      request.fail(ErrorCode.INVALID_REQUEST, "brokers of Kafka cannot follow this one");
      return;
    }
    service.fetch(
        request,
        toQueries(body, request.version()),
        new FetchBounds(
            Math.max(0, body.maxWaitMs()),
            Math.max(0, body.minBytes()),
            Math.max(0, body.maxBytes())),
        results -> answer(request, body, results));
  }

  private List<FetchQuery> toQueries(FetchRequestData body, short version) {
    List<FetchQuery> queries = new ArrayList<>();
    for (FetchTopic topic : body.topics()) {
      UUID id = version >= TOPIC_IDS ? TopicNames.toId(topic.topicId()) : null;
      String name = id == null ? topic.topic() : nameOf(id);
      for (FetchPartition partition : topic.partitions()) {
        queries.add(
            new FetchQuery(
                name,
                id,
                partition.partition(),
                partition.currentLeaderEpoch(),
                partition.fetchOffset(),
                Math.max(0, partition.partitionMaxBytes())));
      }
    }
    return queries;
  }

  private String nameOf(UUID id) {
    TopicImage topic = names.find(id);
    return topic == null ? "" : topic.name();
  }

  private static void answer(
      KafkaRequest request, FetchRequestData body, List<FetchResult> results) {
    Iterator<FetchResult> each = results.iterator();
    FetchResponseData response = new FetchResponseData();
    for (FetchTopic topic : body.topics()) {
      FetchableTopicResponse answer =
          new FetchableTopicResponse().setTopic(topic.topic()).setTopicId(topic.topicId());
      for (FetchPartition partition : topic.partitions()) {
        FetchResult result = each.next();
        request.notePartFailed(result.error());
        answer
            .partitions()
            .add(toMessage(request.version(), result).setPartitionIndex(partition.partition()));
        if (body.isolationLevel() == READ_COMMITTED) {
          answer.partitions().get(answer.partitions().size() - 1).setAbortedTransactions(List.of());
        }
      }
      response.responses().add(answer);
    }
    request.respond(response);
  }

  private static PartitionData toMessage(short version, FetchResult result) {
    PartitionData message = new PartitionData().setRecords(MemoryRecords.EMPTY);
    Errors error = error(version, result);
    message.setErrorCode(error.code());
    if (error == Errors.NONE) {
      return message
          .setHighWatermark(result.highWatermark())
          .setLastStableOffset(result.highWatermark())
          .setLogStartOffset(result.logStartOffset())
          .setRecords(new StoredRecords(result.records()));
    }
    result.records().release();
    return message.setHighWatermark(-1);
  }

  private static Errors error(short version, FetchResult result) {
    PartitionError error = result.error();
    if (error == null) {
      return version < ZSTD && hasZstd(result.records())
          ? Errors.UNSUPPORTED_COMPRESSION_TYPE
          : Errors.NONE;
    }
    return version >= TOPIC_IDS && error.code() == ErrorCode.UNKNOWN_TOPIC
        ? Errors.UNKNOWN_TOPIC_ID
        : KafkaErrors.of(error);
  }

  private static boolean hasZstd(ByteBuf records) {
    int at = records.readerIndex();
    while (records.writerIndex() - at >= RecordBatch.HEADER_BYTES) {
      if (RecordBatch.compression(records, at) == CompressionType.ZSTD) {
        return true;
      }
      at += RecordBatch.sizeInBytes(records, at);
    }
    return false;
  }
}
