package io.tailrace.broker.kafka;

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

/** Reads Kafka's list offsets requests for the {@link OffsetsService}, and writes its results. */
final class KafkaOffsetsHandler implements KafkaHandler {
  /** The first version that tells of leader epochs. */
  private static final short LEADER_EPOCHS = 4;

  private static final long NO_OFFSET = -1;
  private static final long NO_TIMESTAMP = -1;

  private final OffsetsService service;

  KafkaOffsetsHandler(OffsetsService service) {
    this.service = service;
  }

  @Override
  public void handle(KafkaRequest request) {
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
                partition.timestamp()));
      }
    }
    service.list(queries, results -> answer(request, body, results));
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
        ListOffsetsPartitionResponse message = toMessage(partition, result);
        if (request.version() >= LEADER_EPOCHS && result.error() == null) {
          message.setLeaderEpoch(result.leaderEpoch());
        }
        answer.partitions().add(message);
      }
      response.topics().add(answer);
    }
    request.respond(response);
  }

  private static ListOffsetsPartitionResponse toMessage(
      ListOffsetsPartition asked, OffsetResult result) {
    ListOffsetsPartitionResponse message =
        new ListOffsetsPartitionResponse()
            .setPartitionIndex(asked.partitionIndex())
            .setErrorCode(KafkaErrors.of(result.error()).code())
            .setOffset(NO_OFFSET);
    boolean youngerThanAll = asked.timestamp() >= 0 && result.timestampMs() == NO_TIMESTAMP;
    if (result.error() == null && !youngerThanAll) {
      message.setOffset(result.offset()).setTimestamp(result.timestampMs());
    }
    return message;
  }
}
