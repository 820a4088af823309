package io.tailrace.broker.kafka;

import io.tailrace.broker.service.EpochEndQuery;
import io.tailrace.broker.service.EpochEndResult;
import io.tailrace.broker.service.OffsetQuery;
import io.tailrace.broker.service.OffsetResult;
import io.tailrace.broker.service.OffsetsService;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Reads Kafka's requests for offsets and for the ends of leader epochs for the {@link
 * OffsetsService}, and writes its results. Thread-safe.
 */
final class KafkaOffsetsHandlers {
  /** The first version that tells of leader epochs. */
  private static final short LEADER_EPOCHS = 4;

  /** All records are in the log's own files: the first of those is the first of all. */
  private static final long EARLIEST_LOCAL = -4;

  /** Of a second store for older segments, which there is none of. */
  private static final long LATEST_TIERED = -5;

  private static final long NO_OFFSET = -1;
  private static final long NO_TIMESTAMP = -1;

  private final OffsetsService service;

  KafkaOffsetsHandlers(OffsetsService service) {
    this.service = service;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.LIST_OFFSETS, 1, 10, this::list);
    apis.add(ApiKeys.OFFSET_FOR_LEADER_EPOCH, 2, 4, this::endsOfEpochs);
  }

  // ---- offsets ----

  private void list(KafkaRequest request) {
    ListOffsetsRequestData body = request.body(ListOffsetsRequestData.class);
    List<OffsetQuery> queries = new ArrayList<>();
    for (ListOffsetsTopic topic : body.topics()) {
      for (ListOffsetsPartition partition : topic.partitions()) {
        queries.add(
            new OffsetQuery(
                topic.name(),
                null,
                partition.partitionIndex(),
                partition.currentLeaderEpoch(),
                timestamp(partition)));
      }
    }
    service.list(queries, results -> answer(request, body, results));
  }

  private static long timestamp(ListOffsetsPartition asked) {
    long timestamp = asked.timestamp();
    return timestamp == EARLIEST_LOCAL
        ? OffsetQuery.EARLIEST
        : timestamp == LATEST_TIERED ? OffsetQuery.LATEST : timestamp;
  }

  private static void answer(
      KafkaRequest request, ListOffsetsRequestData body, List<OffsetResult> results) {
    Iterator<OffsetResult> each = results.iterator();
    ListOffsetsResponseData response = new ListOffsetsResponseData();
    for (ListOffsetsTopic topic : body.topics()) {
      ListOffsetsTopicResponse answer = new ListOffsetsTopicResponse().setName(topic.name());
      for (ListOffsetsPartition partition : topic.partitions()) {
        OffsetResult result = each.next();
        request.notePartFailed(result.error());
        answer.partitions().add(toMessage(request.version(), partition, result));
      }
      response.topics().add(answer);
    }
    request.respond(response);
  }

  private static ListOffsetsPartitionResponse toMessage(
      short version, ListOffsetsPartition asked, OffsetResult result) {
    ListOffsetsPartitionResponse message =
        new ListOffsetsPartitionResponse()
            .setPartitionIndex(asked.partitionIndex())
            .setErrorCode(KafkaErrors.of(result.error()).code())
            .setOffset(NO_OFFSET);
    if (result.error() != null || asked.timestamp() == LATEST_TIERED) {
      return message;
    }
    if (version >= LEADER_EPOCHS) {
      message.setLeaderEpoch(result.leaderEpoch());
    }
    boolean isRecord = asked.timestamp() >= 0 || asked.timestamp() == OffsetQuery.LARGEST_TIMESTAMP;
    return isRecord && result.timestampMs() == NO_TIMESTAMP
        ? message
        : message.setOffset(result.offset()).setTimestamp(result.timestampMs());
  }

  // ---- ends of leader epochs ----

  private void endsOfEpochs(KafkaRequest request) {
    OffsetForLeaderEpochRequestData body = request.body(OffsetForLeaderEpochRequestData.class);
    List<EpochEndQuery> queries = new ArrayList<>();
    for (OffsetForLeaderTopic topic : body.topics()) {
      for (OffsetForLeaderPartition partition : topic.partitions()) {
        queries.add(
            new EpochEndQuery(
                topic.topic(),
                partition.partition(),
                partition.currentLeaderEpoch(),
                partition.leaderEpoch()));
      }
    }
    Gather.<EpochEndQuery, EpochEndResult>all(
        queries,
        service::endOfEpoch,
        results -> request.respond(toMessage(request, body, results)));
  }

  private static OffsetForLeaderEpochResponseData toMessage(
      KafkaRequest request, OffsetForLeaderEpochRequestData body, List<EpochEndResult> results) {
    Iterator<EpochEndResult> each = results.iterator();
    OffsetForLeaderEpochResponseData response = new OffsetForLeaderEpochResponseData();
    for (OffsetForLeaderTopic topic : body.topics()) {
      OffsetForLeaderTopicResult answer = new OffsetForLeaderTopicResult().setTopic(topic.topic());
      for (OffsetForLeaderPartition partition : topic.partitions()) {
        EpochEndResult result = each.next();
        request.notePartFailed(result.error());
        answer
            .partitions()
            .add(
                new EpochEndOffset()
                    .setPartition(partition.partition())
                    .setErrorCode(KafkaErrors.of(result.error()).code())
                    .setLeaderEpoch(result.epoch())
                    .setEndOffset(result.endOffset()));
      }
      response.topics().add(answer);
    }
    return response;
  }
}
