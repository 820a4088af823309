package io.tailrace.broker.kafka;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.broker.service.OffsetQuery;
import io.tailrace.broker.service.OffsetsService;
import io.tailrace.broker.service.RecordDeletion;
import io.tailrace.broker.service.RecordDeletionService;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.coordinator.cluster.ClusterStore;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.protocol.ApiKeys;

/** Describes the cluster to clients of Kafka, and deletes records for them. Thread-safe. */
final class KafkaClusterHandlers {
  private static final long UP_TO_THE_END = -1;
  private static final long NO_OFFSET = -1;

  private final ClusterStore cluster;
  private final RecordDeletionService deletion;
  private final OffsetsService offsets;

  KafkaClusterHandlers(
      ClusterStore cluster, RecordDeletionService deletion, OffsetsService offsets) {
    this.cluster = cluster;
    this.deletion = deletion;
    this.offsets = offsets;
  }

  void addTo(ServedApis apis) {
    apis.add(ApiKeys.DESCRIBE_CLUSTER, 0, 2, this::describe);
    apis.add(ApiKeys.DELETE_RECORDS, 0, 2, this::deleteRecords);
  }

  private void describe(KafkaRequest request) {
    ClusterImage image = cluster.image();
    DescribeClusterResponseData response =
        new DescribeClusterResponseData()
            .setClusterId(image.clusterId())
            .setControllerId(image.controllerId());
    KafkaMetadataHandler.brokers(image)
        .forEach(
            broker ->
                response
                    .brokers()
                    .add(
                        new DescribeClusterBroker()
                            .setBrokerId(broker.nodeId())
                            .setHost(broker.host())
                            .setPort(broker.port())
                            .setRack(broker.rack())));
    request.respond(response);
  }

  private record Deletion(String topic, int partition, long beforeOffset) {}

  private void deleteRecords(KafkaRequest request) {
    DeleteRecordsRequestData body = request.body(DeleteRecordsRequestData.class);
    List<Deletion> asked = new ArrayList<>();
    for (DeleteRecordsTopic topic : body.topics()) {
      for (DeleteRecordsPartition partition : topic.partitions()) {
        asked.add(new Deletion(topic.name(), partition.partitionIndex(), partition.offset()));
      }
    }
    Gather.<Deletion, DeleteRecordsPartitionResult>all(
        asked,
        (each, done) -> delete(request, each, done),
        results -> request.respond(toMessage(body, results)));
  }

  private void delete(
      KafkaRequest request, Deletion asked, Consumer<DeleteRecordsPartitionResult> done) {
    if (asked.beforeOffset() != UP_TO_THE_END) {
      deleteBefore(request, asked, asked.beforeOffset(), done);
      return;
    }
    offsets.list(
        List.of(new OffsetQuery(asked.topic(), null, asked.partition(), -1, OffsetQuery.LATEST)),
        results -> {
          PartitionError error = results.get(0).error();
          if (error == null) {
            deleteBefore(request, asked, results.get(0).offset(), done);
          } else {
            done.accept(toMessage(request, asked, error, NO_OFFSET));
          }
        });
  }

  private void deleteBefore(
      KafkaRequest request,
      Deletion asked,
      long offset,
      Consumer<DeleteRecordsPartitionResult> done) {
    deletion.delete(
        new RecordDeletion(asked.topic(), null, asked.partition(), -1, offset),
        (error, logStartOffset) -> done.accept(toMessage(request, asked, error, logStartOffset)));
  }

  private static DeleteRecordsPartitionResult toMessage(
      KafkaRequest request, Deletion asked, PartitionError error, long logStartOffset) {
    request.notePartFailed(error);
    return new DeleteRecordsPartitionResult()
        .setPartitionIndex(asked.partition())
        .setLowWatermark(error == null ? logStartOffset : NO_OFFSET)
        .setErrorCode(KafkaErrors.of(error).code());
  }

  private static DeleteRecordsResponseData toMessage(
      DeleteRecordsRequestData body, List<DeleteRecordsPartitionResult> results) {
    Iterator<DeleteRecordsPartitionResult> each = results.iterator();
    DeleteRecordsResponseData response = new DeleteRecordsResponseData();
    for (DeleteRecordsTopic topic : body.topics()) {
      DeleteRecordsTopicResult answered = new DeleteRecordsTopicResult().setName(topic.name());
      topic.partitions().forEach(partition -> answered.partitions().add(each.next()));
      response.topics().add(answered);
    }
    return response;
  }
}
